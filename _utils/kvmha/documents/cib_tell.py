"""Naming what is in a CIB: an address for every value, and a line for what is created."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kvmha.documents import secrets
from kvmha.documents.cib import SECRET
from kvmha.documents.cib_ids import derived_id

_SECTION_SETS = {"crm_config": "property", "rsc_defaults": "rsc_defaults",
                 "op_defaults": "op_defaults"}  # fmt: skip
_SETS = {
    "instance_attributes": "param",
    "meta_attributes": "meta",
    "utilization": "utilization",
    "cluster_property_set": "property",
}
_SILENT = {"operations", "select", "storage", "configuration", "lifetime"}
_SECTIONS = {
    *("resources", "constraints", "nodes", "tags", "alerts", "acls", "fencing-topology"),
}
_RESOURCES = {"primitive", "group", "clone", "master", "bundle", "template"}


def address(element: Any) -> str:
    """Return where ``element`` is, such as ``cib:primitive/vm-web1/op/monitor``."""
    return "cib:" + "/".join(_steps(element))


def _steps(element: Any) -> list[str]:
    parent, tag = element.getparent(), element.tag
    if parent is None or parent.tag in ("configuration", "cib"):
        return [tag]
    if tag in _RESOURCES or parent.tag in _SECTIONS:
        kind = "constraint" if parent.tag == "constraints" else tag
        return [kind, element.get("uname") or element.get("id") or "?"]
    if tag in _SILENT:
        return _steps(parent)
    if tag in _SETS:
        return [*_set_owner(parent), _set_name(element, parent)]
    return [*_steps(parent), *_part(element, parent)]


def _part(element: Any, parent: Any) -> list[str]:
    if element.tag == "nvpair":
        return [element.get("name") or element.get("id-ref") or element.get("id") or "?"]
    if element.tag == "op":
        return ["op", _op_name(element, parent)]
    return [_numbered(element, parent)]


def _set_owner(parent: Any) -> list[str]:
    return [] if parent.tag in _SECTION_SETS else _steps(parent)


def _set_name(nvset: Any, parent: Any) -> str:
    name = _SECTION_SETS.get(parent.tag) or _SETS[nvset.tag]
    if parent.tag == "node" and nvset.tag == "instance_attributes":
        name = "attribute"
    usual = nvset.get("id") in (None, derived_id(nvset)) or len(parent.findall(nvset.tag)) < 2
    return name if usual else f"{name}[{nvset.get('id')}]"


def _op_name(op: Any, parent: Any) -> str:
    name = op.get("name") or op.get("id") or "?"
    alone = sum(one.get("name") == name for one in parent.iterfind("op")) < 2
    return name if alone else f"{name}[{op.get('role') or op.get('interval') or op.get('id')}]"


def _numbered(element: Any, parent: Any) -> str:
    like = parent.findall(element.tag)
    if len(like) < 2:
        return str(element.tag)
    return f"{element.tag}[{element.get('id') or like.index(element) + 1}]"


def shown_pair(pair: Any, name: str, value: str | None) -> str | None:
    """Return a pair's value for a person: a secret's fingerprint in its place."""
    if pair.get(SECRET) and value is not None:
        return secrets.fingerprint(value)
    return secrets.shown(name, value) if pair.getparent().tag == "instance_attributes" else value


def summary(element: Any, about: str) -> str:
    """Return what ``element`` holds in one line; members of it that are told alone left out."""
    return " ".join([*filter(None, [about]), *_words(element)])


def _words(element: Any) -> Iterator[str]:
    tag = element.tag
    if tag == "nvpair":
        value = shown_pair(element, element.get("name") or "", element.get("value"))
        yield value if value is not None else f"from {element.get('id-ref')}"
        return
    silent = ("id", "name") if tag == "op" else ("id", "uname")
    attributes = {name: value for name, value in element.items() if name not in silent}
    parent = element.getparent()
    if parent is not None and parent.tag == "constraints":
        yield tag.removeprefix("rsc_")
    agent = [attributes.pop(name, "") for name in ("class", "provider", "type")]
    if tag in ("primitive", "template"):
        yield ":".join(filter(None, agent))
    elif any(agent):
        attributes |= {n: v for n, v in zip(("class", "provider", "type"), agent, strict=True) if v}
    yield from (f"{name}={value}" for name, value in attributes.items())
    for child in element:
        if isinstance(child.tag, str):
            yield from _inner(child, element)


def _pair(pair: Any) -> str:
    name = pair.get("name") or pair.get("id-ref") or ""
    return f"{name}={shown_pair(pair, name, pair.get('value'))}"


def _inner(child: Any, parent: Any) -> Iterator[str]:
    if child.tag in ("primitive", "group", "clone", "master"):
        yield f"of {child.get('id')}" if parent.tag != "group" else str(child.get("id"))
    elif child.tag in _SETS:
        pairs = [_pair(pair) for pair in child.iterfind("nvpair")]
        told = child.tag in ("meta_attributes", "utilization") and pairs
        first = [_SETS[child.tag]] if told and parent.tag in ("primitive", "template") else []
        rule = ["if", *_words(child.find("rule"))] if child.find("rule") is not None else []
        yield from [*first, *pairs, *rule]
    elif child.tag == "nvpair":
        yield _pair(child)
    elif child.tag == "op":
        yield " ".join(["op", child.get("name") or "", *_words(child)])
    elif child.tag in ("resource_ref", "obj_ref", "role", "role_ref"):
        yield str(child.get("id"))
    elif child.tag in _SILENT:
        for one in child:
            yield from _inner(one, child)
    else:
        yield " ".join([f"{child.tag}(", *_words(child), ")"])
