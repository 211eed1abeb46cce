"""Ids of the CIB's elements: the one that is derived where the pillar names none."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection
from typing import Any

from lxml import etree

# Elements that only name another: their ``id`` is no id of their own.
REFERENCES = ("resource_ref", "obj_ref", "role", "role_ref")
# Elements whose ``id`` is a name that something else may have as its id.
NAMED = frozenset({*REFERENCES, "node", "acl_target"})
_SECTIONS = {
    "crm_config": "cib-bootstrap-options",
    "rsc_defaults": "rsc-options",
    "op_defaults": "op-options",
}
# Elements that the schema wants an id of, and that have none in a pillar of few words.
_PARTS = {
    *("nvpair", "instance_attributes", "meta_attributes", "utilization", "cluster_property_set"),
    *("rule", "expression", "date_expression", "rsc_expression", "op_expression", "duration"),
    *("date_spec", "op", "resource_set", "recipient", "attribute", "acl_permission", "read"),
    *("write", "deny", "port-mapping", "storage-mapping", "fencing-level"),
}


def derived_id(element: Any) -> str | None:
    """Return the id that ``element`` gets when none is said; None for what must have its own."""
    if element.tag not in _PARTS or element.get("id-ref") is not None:
        return None
    owner = _owner(element)
    if element.tag == "nvpair":
        wish = f"{owner}-{element.get('name')}"
    elif element.tag == "op":
        wish = f"{owner}-{element.get('name')}-{element.get('interval', '0')}"
    elif element.tag == "fencing-level":
        targets = ("target", "target-pattern", "target-value")
        target = next((element.get(name) for name in targets if element.get(name)), "")
        wish = f"fl-{target}-{element.get('index')}"
    else:
        parent = element.getparent()
        section = _SECTIONS.get(parent.tag) if parent is not None else None
        if parent is not None and parent.tag == "node" and element.tag == "instance_attributes":
            section = owner  # as crm_attribute calls it
        wish = section or f"{owner}-{element.tag}"
    return re.sub(r"[^\w.-]", "-", wish)


def repeated(configuration: Any) -> list[Any]:
    """Return the elements whose id another one before them has; nodes also by their names."""
    seen: set[tuple[str, str]] = set()
    found = []
    for one in configuration.iter(etree.Element):
        if one.tag in REFERENCES:
            continue
        space = one.tag if one.tag in NAMED else ""
        keys = {(space, one.get("id") or "")}
        if one.tag == "node":
            keys.add(("uname", one.get("uname") or ""))
        keys = {key for key in keys if key[1]}
        if keys & seen:
            found.append(one)
        seen |= keys
    return found


def _set_first(element: Any, identity: str) -> None:
    """Give ``element`` its id as its first attribute: where Pacemaker's own tools have it."""
    rest = element.items()
    element.attrib.clear()
    element.set("id", identity)
    for name, value in rest:
        element.set(name, value)


def _owner(element: Any) -> str:
    for one in element.iterancestors():
        if one.tag == "node":  # its id is a number, which no id may begin with
            return f"nodes-{one.get('id') or one.get('uname')}"
        if one.get("id") and one.tag != "operations":
            return str(one.get("id"))
    return "cib"


def fill(element: Any, taken: Collection[str]) -> list[str]:
    """Give ``element`` and all below it the ids they lack; return those that were made.

    ``taken`` are the ids of the rest of the CIB; a number is added where one is taken.
    """
    said = {one.get("id") for one in element.iter() if one.get("id")}
    made: list[str] = []
    for one in element.iter():
        if one.get("id") is not None:
            if not one.get("id"):  # said to have none
                del one.attrib["id"]
            continue
        wish = derived_id(one)
        if wish is None:
            continue
        names = itertools.chain([wish], (f"{wish}.{number}" for number in itertools.count(2)))
        found = next(name for name in names if name not in taken and name not in said)
        _set_first(one, found)
        said.add(found)
        made.append(found)
    return made
