"""What operators did to a cluster on purpose, told apart from drift by what it looks like.

Such a mark is made by ``crm_resource``, ``crm_standby``, crmsh or pcs while somebody works on
the cluster, and is forgotten there more often than it is wanted. It is never undone unless
the pillar says another value for the same thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from kvmha.documents import typed_values
from kvmha.documents.cib_match import RESOURCES
from kvmha.documents.cib_spelling import same_attribute
from kvmha.documents.cib_tell import address
from kvmha.documents.pacemaker_options import canonical_name
from kvmha.values import age, boolean

# What a role, or the truth of a value, means of the resource that has it.
_ROLES = {
    "stopped": "stopped on purpose",
    "started": "started on purpose",
    **dict.fromkeys(("unpromoted", "slave"), "demoted on purpose"),
    **dict.fromkeys(("promoted", "master"), "promoted on purpose"),
}
_MANAGED = (False, "set unmanaged")
_MAINTENANCE = (True, "put into maintenance")
_META = {"is-managed": _MANAGED, "maintenance": _MAINTENANCE}
_NODE = {
    "standby": (True, "put into standby"),
    "maintenance": _MAINTENANCE,
    "terminate": (True, "asked to be fenced"),
}
_PROPERTIES = {
    "maintenance-mode": (True, "the cluster was put into maintenance"),
    "stop-all-resources": (True, "all resources were stopped on purpose"),
    "is-managed-default": (False, "all resources were set unmanaged"),  # until Pacemaker 2.1
}
_NAMES = {"target-role", *_META, *_NODE, *_PROPERTIES}
# How crm_resource (--ban, --move) and crmsh (migrate) call the constraints that they make.
_CONSTRAINTS = {
    "cli-ban-": "banned from",
    "cli-prefer-": "moved to",
    "cli-standby-": "moved away from",
}
_LIMITS = ("lt", "gt", "in_range")  # of a date, other than a schedule that recurs


@dataclass(frozen=True)
class Mark:
    """One thing that an operator did.

    ``what`` is a sentence's beginning, ``said`` the words of the CIB; ``about`` is the
    resource or node, empty for the whole cluster. ``tag``, ``id``, ``name`` and ``value`` find
    it in another version of the CIB; ``lasting`` is False for what is only in the status.
    """

    address: str = field(compare=False)  # it names sets apart where there are several
    what: str
    about: str
    said: str
    tag: str
    id: str
    name: str = ""
    value: str = ""
    lasting: bool = True

    def is_in(self, attributes: dict[str, str]) -> bool:
        """Tell whether the element of its id, with these attributes, means the same."""
        value = attributes.get("value", "")
        if self.name == "target-role":
            return same_attribute(self.name, value, self.value)
        return not self.name or typed_values.same("boolean", value, self.value)


@dataclass(frozen=True)
class Since:
    """When a mark was made, as far as it is known; ``time`` is in seconds since 1970.

    ``how``: ``set`` (then), ``there`` (it was there already), ``stopped`` (what it is about
    stopped then) or ``unknown``. ``origin`` and ``client`` are the node and the program.
    """

    how: str = "unknown"
    time: float = 0.0
    origin: str = ""
    client: str = ""


def is_operators(element: Any) -> bool:
    """Tell whether an operator put this here on purpose, whatever its value is now."""
    if element.tag == "nvpair":
        return element.get("name") in _NAMES
    if element.tag != "rsc_location":
        return False
    named = (element.get("id") or "").startswith(tuple(_CONSTRAINTS))
    return named or next(_dates(element), None) is not None


def marks(root: Any, wanted: Any = None, now: float = 0.0) -> tuple[Mark, ...]:
    """Return the marks in a CIB but those that ``wanted``, a configuration, says itself.

    ``now`` tells whether a date has passed.
    """
    configuration = root.find("configuration")
    said = {} if wanted is None else {_key(pair): pair for pair in _pairs(wanted)}
    found = []
    for pair in _pairs(configuration):
        mark = _of_pair(pair)
        ours = said.get(_key(pair))
        if mark and not (ours is not None and mark.is_in(ours.attrib)):
            found.append(mark)
    locations = [] if wanted is None else wanted.iterfind("constraints/rsc_location")
    named = {one.get("id") for one in locations}
    for one in configuration.iterfind("constraints/rsc_location"):
        if one.get("id") not in named and is_operators(one):
            found.append(_of_location(one, now))
    return (*found, *_passing(root))


def stopped(root: Any, mark: Mark) -> float | None:
    """Return when what ``mark`` stopped has stopped last, by the status in the CIB, or None."""
    if mark.name != "target-role" or mark.value.lower() != "stopped":
        return None
    held = root.xpath("configuration/resources//*[@id=$i]/descendant-or-self::primitive/@id",
                      i=mark.about)  # fmt: skip
    times = [
        float(op.get("last-rc-change", "0"))
        for resource in root.iterfind("status//lrm_resource")
        if resource.get("id", "").partition(":")[0] in held
        for op in resource.iterfind("lrm_rsc_op[@operation='stop']")
    ]
    return max(times, default=None)


def text(mark: Mark, since: Since | None, now: float, fate: str = "") -> str:
    """Return one line about ``mark`` and its fate; ``since`` is None where nobody can know."""
    known = since or Since()
    before = age(now - known.time)
    when = {"set": f" {before} ago", "there": f" at least {before} ago"}.get(known.how, "")
    who = [f"set on {known.origin} by {known.client}"] if known.client else []
    stop = [f"its last stop was {before} ago"] if known.how == "stopped" else []
    unknown = ["age unknown"] if since and known.how in ("unknown", "stopped") else []
    details = ", ".join([mark.said, *who, *unknown, *stop])
    return f"{mark.what}{when} ({details})" + (f": {fate}" if fate else "")


# --- name-value pairs --------------------------------------------------------------------------


def _pairs(configuration: Any) -> Iterator[Any]:
    """Yield the pairs that always count, of options, nodes and resources."""
    owners = [
        *configuration.iterfind("nodes/node"),
        *(one for one in configuration.iterfind("resources//*") if one.tag in RESOURCES),
    ]
    sets = [
        *configuration.iterfind("crm_config/cluster_property_set"),
        *configuration.iterfind("rsc_defaults/meta_attributes"),
    ]
    for owner in owners:
        kind = "instance_attributes" if owner.tag == "node" else "meta_attributes"
        sets += owner.iterfind(kind)
    for nvset in sets:
        if nvset.find("rule") is None:
            yield from nvset.iterfind("nvpair[@name]")


def _key(pair: Any) -> tuple[str, str, str]:
    nvset = pair.getparent()
    owner = nvset.getparent()
    kind = "resource" if owner.tag in RESOURCES else owner.tag
    return kind, owner.get("uname") or owner.get("id") or "", canonical_name(pair.get("name"))


def _of_pair(pair: Any) -> Mark | None:
    """Return the mark that a pair is, or None."""
    owner = pair.getparent().getparent()
    about = owner.get("uname") or owner.get("id") or ""
    table = _NODE if owner.tag == "node" else _META
    subject = f"{about} was "
    if owner.tag == "crm_config":
        table, subject = _PROPERTIES, ""
    elif owner.tag == "rsc_defaults":
        subject = "every resource was, by default, "
    verb = _verb(pair, table, roles=owner.tag in (*RESOURCES, "rsc_defaults"))
    return _mark(pair, address(pair), f"{subject}{verb}", about) if verb else None


def _verb(pair: Any, table: dict[str, tuple[bool, str]], *, roles: bool) -> str:
    name, value = pair.get("name"), pair.get("value") or ""
    if roles and name == "target-role":
        return _ROLES.get(value.lower(), "")
    truth, verb = table.get(name, (True, ""))
    try:
        return verb if verb and boolean(value) is truth else ""
    except ValueError:
        return ""


def _mark(pair: Any, where: str, what: str, about: str, *, lasting: bool = True) -> Mark:
    name, value = pair.get("name"), pair.get("value")
    said = f"{name}={value}" + ("" if lasting else " until the node restarts")
    return Mark(where, what, about, said, "nvpair", pair.get("id") or "", name, value, lasting)


def _passing(root: Any) -> Iterator[Mark]:
    """Yield the marks on nodes that end with the node: attributes in the status."""
    for state in root.iterfind("status/node_state"):
        node = state.get("uname") or state.get("id")
        for pair in state.iterfind("transient_attributes/instance_attributes/nvpair"):
            verb = _verb(pair, _NODE, roles=False)
            if verb:
                where = f"cib:status/{node}/attribute/{pair.get('name')}"
                yield _mark(pair, where, f"{node} was {verb}", node, lasting=False)


# --- constraints -------------------------------------------------------------------------------


def _of_location(element: Any, now: float) -> Mark:
    identity = element.get("id")
    rsc = element.get("rsc") or element.get("rsc-pattern") or identity
    node = element.get("node") or next(
        (one.get("value") for one in element.iterfind(".//expression[@attribute='#uname']")), ""
    )
    made = next((verb for start, verb in _CONSTRAINTS.items() if identity.startswith(start)), "")
    verb = f"{made} {node}" if made else "given a place for a time"
    said = ", ".join([identity, *_when(_dates(element), now)])
    return Mark(address(element), f"{rsc} was {verb}".rstrip(), rsc, said, "rsc_location", identity)


def _dates(element: Any) -> Iterator[Any]:
    for one in element.iter("date_expression"):
        if one.get("operation", "") in _LIMITS:
            yield one


def _when(dates: Iterable[Any], now: float) -> Iterator[str]:
    """Yield words about a rule's dates: what has passed has no effect any more."""
    for one in dates:
        start, end = _date(one.get("start")), _date(one.get("end"))
        if end and end.timestamp() <= now:
            yield f"expired {age(now - end.timestamp())} ago"
        elif end:
            yield f"until {end:%Y-%m-%d %H:%M:%S} UTC"
        if start and start.timestamp() > now:
            yield f"not before {start:%Y-%m-%d %H:%M:%S} UTC"


def _date(written: str | None) -> datetime | None:
    """Return a date as ISO 8601 writes it, in UTC; a zone may stand apart; else None.

    Without a zone it is Pacemaker's own local time (``crm_time_new``).
    """
    day, _, rest = (written or "").strip().replace("T", " ").partition(" ")
    clock = rest.replace(" ", "").replace("Z", "+00:00")
    try:
        return datetime.fromisoformat(f"{day} {clock}".strip()).astimezone(timezone.utc)
    except ValueError:
        return None
