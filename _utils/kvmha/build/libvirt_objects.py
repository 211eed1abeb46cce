"""Networks, pools and volumes of libvirt: what the pillar wants, and what is missing of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_interface
from typing import TypeVar

from kvmha import consent, values
from kvmha.build import domain
from kvmha.documents import libvirt_xml
from kvmha.errors import InvalidInput, Problem, Refused
from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.spec.iscsi import portal
from kvmha.spec.libvirt_net import OWN_BRIDGE, Network
from kvmha.spec.libvirt_pools import DIR, ISCSI, LOGICAL, Pool, PoolVolume
from kvmha.spec.model import ClusterSpec

_Named = TypeVar("_Named", Network, Pool, PoolVolume)
UNKNOWN = "libvirt does not answer yet: what it has is not known"


@dataclass(frozen=True)
class Wanted:
    """A ``network`` or ``pool`` as it should be: its words, and the folder that it stands on."""

    kind: str
    name: str
    words: Mapping[str, str | None]
    folder: str = ""

    @property
    def address(self) -> str:
        """What the addresses of its changes begin with."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True)
class Observed:
    """What there is of a network or pool.

    ``defined`` is the XML with which it starts next, ``live`` that of the one that is active.
    ``users`` are those who would lose it, if it were stopped. Without ``answers`` libvirt could
    not be asked.
    """

    answers: bool = True
    defined: str | None = None
    live: str | None = None
    autostart: bool = False
    folder: bool = False
    users: Sequence[str] = ()


@dataclass(frozen=True)
class Volume:
    """What there is of a volume: its XML and path, who uses it, and whether its pool is active."""

    pool: str = "absent"  # or inactive, active
    xml: str | None = None
    path: str = ""
    users: Sequence[str] = ()


def network(spec: ClusterSpec, name: str) -> Wanted:
    """Return the network called ``name``; raise InvalidInput when the spec wants none."""
    said = _named("network", name, [each for each in spec.libvirt.networks if each.present])
    return Wanted("network", name, _network_words(said))


def pool(spec: ClusterSpec, name: str) -> Wanted:
    """Return the pool called ``name``; raise InvalidInput when the spec wants none."""
    said = _named("pool", name, [each for each in spec.libvirt.pools if each.present])
    words: dict[str, str | None] = {"type": said.type, "path": said.target}
    if said.type == LOGICAL:
        words["group"] = said.group
    if said.type == ISCSI:
        words["portal"] = "{}:{}".format(*portal(said.portal))
        words["iqn"] = said.iqn
    return Wanted("pool", name, words, said.target if said.type == DIR else "")


def volume(spec: ClusterSpec, name: str) -> tuple[Pool, PoolVolume]:
    """Return the volume ``pool/volume`` of a pool that is wanted; raise InvalidInput if none."""
    where, _, what = name.partition("/")
    found = _named("pool", where, [each for each in spec.libvirt.pools if each.present])
    return found, _named("volume", what, found.volumes)


def plan(wanted: Wanted, seen: Observed) -> Plan:
    """Return what makes a network or pool as wanted, active, and started with libvirt.

    A definition that changes touches nobody. What is active takes it by a stop and a start, and
    that costs ``resource_restart`` where somebody uses it.
    """
    changes, notes = [], [] if seen.answers else [UNKNOWN]
    if seen.defined is None:
        changes.append(Change(Action.CREATE, wanted.address, None, described(wanted.words)))
    else:
        changes += _differing(wanted, seen.defined)
    restart = seen.live is not None and restarts(wanted, seen.live)
    if wanted.folder and not seen.folder and (seen.live is None or restart):
        changes.append(
            Change(Action.RUN, f"{wanted.address}:build", None, f"mkdir {wanted.folder}")
        )
    if not seen.autostart:
        changes.append(Change(Action.UPDATE, f"{wanted.address}:autostart", "no", "yes"))
    if seen.live is None:
        changes.append(Change(Action.RUN, f"{wanted.address}:start", "inactive", "start"))
    elif restart:
        cost = Disruption.RESOURCE_RESTART if seen.users else Disruption.NONE
        said = "stop and start, to take the definition"
        changes.append(Change(Action.RUN, f"{wanted.address}:restart", "active", said, cost))
        if seen.users:
            who = ", ".join(seen.users)
            notes.append(f"{wanted.name} is in use: {who}; move them away first")
    return Plan(tuple(changes), _base(seen), tuple(notes))


def restarts(wanted: Wanted, live: str) -> bool:
    """Tell whether an active network or pool is another than the one that is wanted."""
    return bool(_differing(wanted, live))


def wanted_xml(wanted: Wanted, seen: Observed) -> str:
    """Return the XML to define."""
    if seen.defined is None:
        return libvirt_xml.build(wanted.kind, wanted.name, wanted.words)
    return libvirt_xml.edited(seen.defined, wanted.words)


def plan_absent(kind: str, name: str, seen: Observed) -> Plan:
    """Return what makes libvirt forget a network or pool; raise Refused while it is used.

    What is in a pool stays where it is.
    """
    if not seen.answers:
        ask = Change(Action.RUN, f"{kind}:{name}:look", None, "start libvirt and look for it")
        return Plan((ask,), _base(seen), (UNKNOWN,))
    text = seen.live or seen.defined
    if text is None:
        return Plan((), _base(seen))
    _refuse_used(f"{kind} {name}", seen.users)
    changes = []
    if seen.live is not None:
        changes.append(Change(Action.RUN, f"{kind}:{name}:stop", "active", "stop"))
    if seen.defined is not None:
        changes.append(
            Change(Action.DELETE, f"{kind}:{name}", described(libvirt_xml.read(text)), None)
        )
    return Plan(tuple(changes), _base(seen))


def plan_volume(pool: Pool, wanted: PoolVolume, seen: Volume) -> Plan:
    """Return what is missing of a volume; one that exists is kept as it is, with a note."""
    address = f"volume:{pool.name}/{wanted.name}"
    if seen.xml is None:
        notes = () if seen.pool == "active" else (f"pool {pool.name} is {seen.pool} here yet",)
        said = f"{wanted.format} {values.size(wanted.size)}, empty"
        return Plan((Change(Action.CREATE, address, None, said),), _base(seen), notes)
    words, noted = libvirt_xml.read(seen.xml), []
    size = int(words["size"])
    if size < wanted.size or (pool.type == DIR and size != wanted.size):  # LVM rounds up
        have, want = values.size(size), values.size(wanted.size)
        noted.append(f"{seen.path} has {have}, not {want}: an existing volume is kept as it is")
    if pool.type == DIR and words["format"] != wanted.format:
        noted.append(f"{seen.path} is {words['format']}, not {wanted.format}: kept as it is")
    return Plan((), _base(seen), tuple(noted))


def plan_volume_absent(spec: ClusterSpec, pool: Pool, wanted: PoolVolume, seen: Volume) -> Plan:
    """Return what it takes for a volume to be gone; raise Refused without consent or while used.

    Consent is its path in ``consent.overwrite``. A VM of the cluster that names it uses it,
    whether it runs or not: it may run on another node.
    """
    name = f"{pool.name}/{wanted.name}"
    if wanted.present:
        raise Refused(f"refused: the pillar wants volume {name}", hint="say state: absent there")
    if seen.pool == "inactive":
        hint = f"virsh pool-start {pool.name}"
        raise Refused(f"pool {pool.name} is inactive: volume {name} cannot be seen", hint=hint)
    if seen.xml is None:
        notes = () if seen.pool == "active" else (f"pool {pool.name} is {seen.pool} here",)
        return Plan((), _base(seen), notes)
    _refuse_used(f"volume {name}", [*seen.users, *_named_by(spec, pool.name, seen.path)])
    size = values.size(int(libvirt_xml.read(seen.xml)["size"]))
    found = (consent.Signature(f"a volume of {size}"),)
    consent.refuse([consent.foreign(seen.path, found, spec.consent.overwrite)])
    change = Change(Action.DELETE, f"volume:{name}", size, None, Disruption.DATA_LOSS)
    return Plan((change,), _base(seen))


def volume_xml(pool: Pool, wanted: PoolVolume) -> str:
    """Return the XML to create a volume by."""
    words = {"size": str(wanted.size), "format": wanted.format, "type": pool.type}
    return libvirt_xml.build_volume(wanted.name, words)


def described(words: Mapping[str, str | None]) -> str:
    """Return the words of a network or pool for a person."""
    kind, *rest = (f"{word} {said}" for word, said in words.items() if said)
    return ", ".join([kind.removeprefix("type "), *rest])


def _network_words(said: Network) -> dict[str, str | None]:
    words: dict[str, str | None] = {"type": said.type}
    if said.bridge:
        words["bridge"] = said.bridge
    if said.type in OWN_BRIDGE:
        words["dev"] = said.dev or None
        words["address"] = str(ip_interface(said.address)) if said.address else None
        leases = f"{said.dhcp_start} - {said.dhcp_end}"
        words["dhcp"] = leases if said.dhcp_start else None
    elif said.type == "direct":
        words |= {"mode": said.mode or "bridge", "dev": said.dev}
    return words


def _differing(wanted: Wanted, text: str) -> list[Change]:
    found, changes = libvirt_xml.read(text), []
    for word, new in wanted.words.items():
        old = found.get(word)
        if old != new:
            action = Action.CREATE if old is None else Action.UPDATE
            action = Action.DELETE if new is None else action
            changes.append(Change(action, f"{wanted.address}:{word}", old, new))
    return changes


def _refuse_used(what: str, users: Iterable[str]) -> None:
    listed = sorted(set(users))
    if listed:
        raise Refused(
            f"refused: {what} is in use: {', '.join(listed)}",
            hint="stop it, move it away or take it out of the pillar first",
        )


def _named_by(spec: ClusterSpec, pool: str, path: str) -> list[str]:
    name = path.rpartition("/")[2]
    found = []
    for vm in spec.vms:
        root = domain.build(spec, vm)
        if path in libvirt_xml.mentions(root) or (pool, name) in libvirt_xml.volumes_of(root):
            found.append(f"VM {vm.name} of the pillar")
    return found


def _named(kind: str, name: str, listed: Iterable[_Named]) -> _Named:
    listed = list(listed)
    for each in listed:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in listed) or "none"
    message = f"the pillar wants no {kind} {name!r}"
    raise InvalidInput(kind, [Problem(kind, message, f"it wants: {known}")])


def _base(seen: Observed | Volume) -> str:
    """Identify what was seen, by our words: the XML of a pool or volume tells free room too."""
    rest: tuple[object, ...]
    if isinstance(seen, Volume):
        texts, rest = [seen.xml], (seen.pool, seen.path, seen.users)
    else:
        texts = [seen.defined, seen.live]
        rest = (seen.answers, seen.autostart, seen.folder, seen.users)
    words = [text and libvirt_xml.read(text) for text in texts]
    return hashlib.sha256(repr((words, rest)).encode()).hexdigest()[:16]
