"""Which element of a CIB is the one that is wanted: by its id, else by what makes it that one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kvmha.documents.cib import KEPT, SECRET
from kvmha.documents.cib_ids import derived_id
from kvmha.documents.cib_spelling import same_attribute, same_name, same_option
from kvmha.documents.cib_types import Types

RESOURCES = frozenset({"primitive", "group", "clone", "master", "bundle", "template"})
HOLDERS = frozenset({"group", "clone", "master", "bundle"})
SETS = frozenset({"instance_attributes", "meta_attributes", "utilization", "cluster_property_set"})
_ALIKE = {"master": "clone"}


def mates(have: Any, wanted: list[Any], ids: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Return each of ``wanted`` with the element that it describes, or with None.

    Looked for below ``have``; resources anywhere, since they move. A node is known by its name:
    its id is the cluster's.
    """
    here = {one.get("id"): one for one in have if one.get("id")}
    nodes = {one.get("uname"): one for one in have if one.tag == "node"}
    claimed: set[int] = set()
    found: dict[int, Any] = {}
    for want in wanted:  # those that say which they are come first
        named = want.tag == "node" and want.get("uname")
        mate = nodes.get(named) if named else _by_id(want, here, ids)
        if mate is not None and id(mate) not in claimed:
            claimed.add(id(mate))
            found[id(want)] = mate
    if len(found) < len(wanted):
        left: dict[str, list[Any]] = {}
        for one in have:
            if id(one) not in claimed and isinstance(one.tag, str):
                left.setdefault(one.tag, []).append(one)
        for want in wanted:
            if id(want) not in found and not want.get("id"):
                mate = _alike(want, left.get(want.tag, []))
                if mate is not None:
                    left[want.tag].remove(mate)
                    found[id(want)] = mate
    return [(want, found.get(id(want))) for want in wanted]


def _by_id(want: Any, here: Mapping[str, Any], ids: Mapping[str, Any]) -> Any:
    derived = derived_id(want) if want.tag not in SETS else None  # they are told by what they say
    identity = want.get("id") or derived or ""
    mate = ids.get(identity) if want.tag in RESOURCES else here.get(identity)
    if mate is not None and _ALIKE.get(mate.tag, mate.tag) == _ALIKE.get(want.tag, want.tag):
        return mate
    return None


def _alike(want: Any, candidates: list[Any]) -> Any:
    """Return the candidate that ``want`` describes without naming its id."""
    if want.tag == "op":
        return _operation(want, candidates)
    keys = {"nvpair": "name", "recipient": "value", "attribute": "name"}
    key = keys.get(want.tag)
    if key:
        return next((one for one in candidates if one.get(key) == want.get(key)), None)
    if want.tag == "fencing-level":
        return next((one for one in candidates if level_key(one) == level_key(want)), None)
    return _most_alike(want, candidates)


def level_key(level: Any) -> tuple[str | None, ...]:
    """Return what tells a level of fencing from others: whose it is, and which."""
    names = ("target", "target-pattern", "target-attribute", "target-value", "index")
    return tuple(level.get(name) for name in names)


def _most_alike(want: Any, candidates: list[Any]) -> Any:
    """Return a candidate that applies when ``want`` does: if one can, of the same attributes."""
    ruled = want.find("rule") is not None
    fit = [
        one
        for one in candidates
        if one.get("id-ref") == want.get("id-ref")
        and (want.tag not in SETS or (one.find("rule") is not None) == ruled)
    ]
    said, derived = _attributes(want), derived_id(want)
    ranked = sorted(fit, key=lambda one: (_attributes(one) != said, one.get("id") != derived))
    return ranked[0] if ranked else None


def _attributes(element: Any) -> dict[str, str]:
    return {name: value for name, value in element.items() if name != "id"}


def _operation(want: Any, candidates: list[Any]) -> Any:
    """Return the operation of this name and role: of the same interval, else the only one."""
    same = [
        one
        for one in candidates
        if one.get("name") == want.get("name")
        and same_attribute("role", one.get("role", "Started"), want.get("role", "Started"))
    ]
    interval = want.get("interval", "0")
    exact = [one for one in same if same_attribute("interval", one.get("interval", "0"), interval)]
    return next(iter([*exact, *(same if len(same) == 1 else [])]), None)


def is_plain(nvset: Any) -> bool:
    """Tell whether a set always applies and has nothing that tells it apart."""
    names = {pair.get("name") for pair in nvset}
    usual = all(pair.keys() in _USUAL for pair in nvset)
    return not nvset.attrib and usual and len(names) == len(nvset)


_USUAL = (["name"], ["name", "value"], ["name", KEPT], ["name", "value", SECRET])


def plain_sets(have: Any, tag: str, taken: set[Any]) -> list[Any]:
    """Return the sets of ``have`` that always apply, the one that wins first."""
    sets = [
        one
        for one in have.iterfind(tag)
        if one.find("rule") is None and one.get("id-ref") is None and one not in taken
    ]
    return sorted(sets, key=lambda one: one.get("id") != "cib-bootstrap-options")


def pairs_called(sets: Iterable[Any], name: str) -> list[Any]:
    """Return every pair in ``sets`` that is called ``name``, in whichever spelling."""
    return [
        pair
        for nvset in sets
        for pair in nvset.iterfind("nvpair")
        if same_name(nvset.tag, pair.get("name", ""), name)
    ]


def printed(value: str) -> str:
    """Return a value as Pacemaker 2 prints it: its tools escape what XML would escape otherwise.

    Source: crm_xml_escape() in lib/common/xml.c.
    """
    return value.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "    ")


def same_pair(pair: Any, old: str, new: str, types: Types) -> bool:
    """Tell whether two values of a pair mean the same where it stands."""
    if old == printed(new):
        return True
    nvset, name = pair.getparent(), pair.get("name") or ""
    owner = nvset.getparent()
    if nvset.tag == "instance_attributes" and owner.tag in ("primitive", "template"):
        return old == new or types.same(owner, name, old, new)
    return same_option(nvset.tag, name, old, new)
