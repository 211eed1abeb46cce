"""What of the CIB in use would make a drill do harm."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from kvmha import timeouts
from kvmha.documents import cib
from kvmha.documents.pacemaker_options import canonical_name
from kvmha.errors import KvmhaError
from kvmha.spec.cib import Constraint
from kvmha.spec.cib_overlay import laid_over
from kvmha.spec.model import ClusterSpec
from kvmha.spec.shorthand import shorthand
from kvmha.values import boolean, duration, milliseconds

_HOLDERS = ("group", "clone", "master", "bundle")
_MEND = "pacemaker.configured"

Pair = tuple[str, str]  # resource, and what it needs; both by the outermost that holds them


def problems(spec: ClusterSpec, text: str) -> list[str]:
    """Return what in the CIB ``text`` speaks against a drill, as sentences.

    What ``spec`` says of the cluster decides which constraints there have to be, and its
    timeouts how long fencing takes. A constraint counts whatever its id is, also as a set, and
    so does the order within a group.
    """
    try:
        root = cib.parse(text)
    except KvmhaError as error:
        return [str(error)]
    said = _properties(root)
    return [
        *_fencing(root, said, spec),
        *_policy(said),
        *_maintenance(root, said),
        *_constraints(root, spec),
    ]


def _fencing(root: Any, said: dict[str, str], spec: ClusterSpec) -> Iterator[str]:
    if not _is_true(said.get("stonith-enabled", "true")):
        yield f"stonith-enabled is false: nobody is fenced, a VM can run twice (hint: {_MEND})"
    devices = root.xpath("configuration/resources//primitive[@class='stonith']")
    if not devices and not spec.fencing.diskless:
        yield f"there is no fencing device (hint: {_MEND}, part fencing)"
    stopped = [one.get("id") for one in devices if _meta(one, "target-role") == "stopped"]
    yield from (f"fencing device {name} has the target-role Stopped" for name in stopped)
    least = timeouts.derive(spec)
    yield from _short(said, "stonith-timeout", least.stonith_timeout, default="60s")
    if spec.fencing.diskless and said.get("stonith-watchdog-timeout") != "-1":
        yield from _short(said, "stonith-watchdog-timeout", least.watchdog_fencing, default="0")
    elif not spec.fencing.diskless and _ms(said.get("stonith-watchdog-timeout", "0")) != 0:
        yield (
            f"stonith-watchdog-timeout is {said['stonith-watchdog-timeout']} beside fencing"
            " devices: a node is taken for off without having been fenced"
        )


def _short(said: dict[str, str], name: str, least: int, *, default: str) -> Iterator[str]:
    value = said.get(name, default)
    if (_ms(value) or 0) < least:
        told = value if name in said else f"unset, so {default}"
        yield f"{name} is {told}, less than the {duration(least)} that fencing takes here"


def _policy(said: dict[str, str]) -> Iterator[str]:
    policy = said.get("no-quorum-policy", "stop").lower()
    if policy in ("ignore", "suicide"):
        yield (
            f"no-quorum-policy is {policy}: a partition without quorum goes on (hint: freeze or"
            f" stop; {_MEND})"
        )


def _maintenance(root: Any, said: dict[str, str]) -> Iterator[str]:
    if _is_true(said.get("maintenance-mode", "false")):
        yield (
            "maintenance-mode is on: nothing is recovered (hint: crm_attribute -D -n"
            " maintenance-mode)"
        )
    for node in root.iterfind("configuration/nodes/node"):
        for pair in node.iterfind("instance_attributes/nvpair"):
            word, value = pair.get("name"), pair.get("value") or ""
            if word in ("maintenance", "standby") and value.lower() not in ("false", "off", "no"):
                yield f"{node.get('uname')} is in {word}: it takes nothing over"
    for resource in root.xpath("configuration/resources//*[self::primitive or self::clone]"):
        for word, bad in (("is-managed", "false"), ("maintenance", "true")):
            if _meta(resource, word) == bad:
                yield f"{resource.get('id')} has {word}={bad}: the cluster does not recover it"


# --- constraints -------------------------------------------------------------------------------


def _constraints(root: Any, spec: ClusterSpec) -> Iterator[str]:
    tops = _tops(root)
    orders, colocations = set(_orders(root, tops)), set(_colocations(root, tops))
    inner = set(_in_groups(root))
    wanted = laid_over(shorthand(spec, "external/sbd"), spec.cib, whole=True)
    for each in wanted.constraints:
        needs = _needs(each)
        if needs is None or needs[0] not in tops or needs[1] not in tops:
            if needs is not None and needs[0] in tops:
                yield f"{needs[0]} stands on {needs[1]}, which the CIB has not (hint: {_MEND})"
            continue
        pair = (tops[needs[0]], tops[needs[1]])
        have = orders if each.kind == "order" else colocations
        if pair not in have and needs not in inner:
            what = "starts after" if each.kind == "order" else "runs where there is"
            yield (f"no {each.kind} says that {needs[0]} {what} {needs[1]} (hint: {_MEND})")


def _needs(one: Constraint) -> Pair | None:
    """Return resource and base of a constraint of ours that has to hold; None of a wish."""
    if one.kind == "order" and one.first and one.then:
        return one.then, one.first
    if one.kind == "colocation" and one.rsc and one.with_rsc and one.score == "INFINITY":
        return one.rsc, one.with_rsc
    return None


def _tops(root: Any) -> dict[str, str]:
    """Return each resource -> the outermost one that holds it."""
    found = {}
    for one in root.iterfind("configuration/resources//"):
        if one.tag not in (*_HOLDERS, "primitive"):
            continue
        outer = [up.get("id") for up in one.iterancestors() if up.tag in _HOLDERS]
        found[one.get("id")] = outer[-1] if outer else one.get("id")
    return found


def _in_groups(root: Any) -> Iterator[Pair]:
    """Yield the pairs that the order of a group's members makes."""
    for group in root.iter("group"):
        names = [one.get("id") for one in group.iterfind("primitive")]
        yield from ((late, early) for at, late in enumerate(names) for early in names[:at])


def _orders(root: Any, tops: dict[str, str]) -> Iterator[Pair]:
    for one in root.iterfind("configuration/constraints/rsc_order"):
        if one.get("kind", "Mandatory") != "Mandatory" or one.get("score", "1") == "0":
            continue
        if one.get("first"):
            yield _top(tops, one.get("then")), _top(tops, one.get("first"))
        sets = [_members(each, tops) for each in one.iterfind("resource_set")]
        for early, late in pairwise(sets):
            yield from ((then, first) for first in early for then in late)


def _colocations(root: Any, tops: dict[str, str]) -> Iterator[Pair]:
    """Of sets, the last one is what the others are placed with (Pacemaker Explained)."""
    for one in root.iterfind("configuration/constraints/rsc_colocation"):
        if one.get("score", "INFINITY") not in ("INFINITY", "+INFINITY", "1000000"):
            continue
        if one.get("with-rsc"):
            yield _top(tops, one.get("rsc")), _top(tops, one.get("with-rsc"))
        sets = [_members(each, tops) for each in one.iterfind("resource_set")]
        for after, base in pairwise(sets):
            yield from ((rsc, with_rsc) for rsc in after for with_rsc in base)


def _members(one: Any, tops: dict[str, str]) -> list[str]:
    return [_top(tops, ref.get("id")) for ref in one.iterfind("resource_ref")]


def _top(tops: dict[str, str], name: str) -> str:
    return tops.get(name, name)


# --- values ------------------------------------------------------------------------------------


def _properties(root: Any) -> dict[str, str]:
    """Return the cluster's properties by the name that all releases read; the first one counts."""
    found: dict[str, str] = {}
    for pair in root.iterfind("configuration/crm_config/cluster_property_set/nvpair"):
        found.setdefault(canonical_name(pair.get("name") or ""), pair.get("value") or "")
    return found


def _meta(resource: Any, name: str) -> str:
    pairs = resource.iterfind("meta_attributes/nvpair")
    return next((pair.get("value", "").lower() for pair in pairs if pair.get("name") == name), "")


def _ms(value: str) -> int | None:
    try:
        return milliseconds(value, unit="s")
    except ValueError:
        return None


def _is_true(value: str) -> bool:
    try:
        return boolean(value)
    except ValueError:
        return False
