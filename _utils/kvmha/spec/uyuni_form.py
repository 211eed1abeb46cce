"""The form of Uyuni and SUSE Multi-Linux Manager for the part of the pillar that fits one.

``uyuni_language`` knows the language of such forms and its traps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kvmha.spec.fields import Meta, class_of, default_of, fields_of
from kvmha.spec.model import ClusterSpec
from kvmha.spec.written import limits, summary, written, yaml_line

Element = dict[str, Any]

_ALL: tuple[str, ...] = ()
# Keys that say what only a pillar file can: whole documents of others.
NOT_ASKED = ("domain",)
# What a form asks, with the keys of each part; all else is said in a pillar file.
PARTS = {
    "cluster": _ALL,
    "nodes": _ALL,
    "fencing": ("sbd",),
    "corosync": ("transport", "token", "consensus", "crypto_cipher", "crypto_hash"),
    "storage": _ALL,
    "libvirt": _ALL,
    "vms": _ALL,
    "time": _ALL,
    "monitoring": _ALL,
    "consent": _ALL,
    "validate": _ALL,
    "unmanaged": _ALL,
    "deadlines": _ALL,
}
# Fields that are of no use until another one is set. They arrive all the same, so none
# whose default could then be a mistake.
VISIBLE = {"validate.vm": "this.parent.value.failover"}

# Words of keys that are not written as sentences begin.
_SPELT = {"Id": "ID", "Mac": "MAC", "Sbd": "SBD", "Vcpus": "vCPUs", "Vm": "VM", "Vms": "VMs"}

_NAME = r"[A-Za-z0-9_][\w.\-]*"
_PATH = r"/\S*"
_DURATION = r"\d+(\.\d+)? *(ms|s|min|h)"
_SIZE = r"\d+(\.\d+)? *[KMGTP](iB|B)?"


def form() -> Element:
    """Return the form as ``form.yml`` says it: the keys of ``PARTS`` below ``kvmha``."""
    parts: Element = {"$type": "namespace"}
    for name, meta in fields_of(ClusterSpec):
        if name in PARTS:
            maker = _Maker(name, PARTS[name])
            parts[name] = maker.element(ClusterSpec, name, meta, name, asked=True)
    return {"kvmha": parts}


class _Maker:
    """Makes the elements of one part; ``keys`` are those of its top, empty: all."""

    def __init__(self, part: str, keys: tuple[str, ...]) -> None:
        self.part = part
        self.keys = keys
        self.above: list[type] = []

    def element(self, cls: type, name: str, meta: Meta, place: str, *, asked: bool) -> Element:
        """Return the element of a key; ``asked``: the form cannot be saved without it.

        Below a list that may be empty nothing is: the form shows one blank item of it.
        """
        below = class_of(meta)
        asked = asked and meta.required
        label = name.replace("_", " ").capitalize()
        found: Element = {"$name": _SPELT.get(label, label)}
        if below is not None and meta.many:
            prototype = self._children(below, place, asked=asked)
            found |= {"$type": "edit-group", "$help": meta.doc, "$default": []}
            found |= {"$itemName": "${i}: ${name}"} if "name" in prototype else {}
            found |= {"$minItems": 1} if asked else {}
            return found | {"$prototype": {"$type": "group", **prototype}}
        if below is not None:
            children = self._children(below, place, asked=asked)
            return found | {"$type": "group", "$help": summary(below), **children}
        found |= {"$visible": VISIBLE[place]} if place in VISIBLE else {}
        return found | _leaf(meta, default_of(cls, name), asked=asked)

    def _children(self, cls: type, place: str, *, asked: bool) -> Element:
        self.above.append(cls)
        wanted = {
            name: self.element(cls, name, meta, f"{place}.{name}", asked=asked)
            for name, meta in fields_of(cls)
            if self._is_asked(cls, name, meta, place)
        }
        self.above.pop()
        return wanted

    def _is_asked(self, cls: type, name: str, meta: Meta, place: str) -> bool:
        """Tell whether a key is in the form: no class within itself, no kind without an element.

        Nor an object that may be absent, unless ``PARTS`` names it: a form sends all it shows, so
        it would always be there.
        """
        if place == self.part and self.keys:
            return name in self.keys
        if class_of(meta) and not (meta.many or meta.required or default_of(cls, name)):
            return False
        if name in NOT_ASKED:
            return False
        return class_of(meta) not in self.above and ELEMENTS[meta.kind] is not None


def _leaf(meta: Meta, default: Any, *, asked: bool) -> Element:
    make = ELEMENTS[meta.kind]
    assert make is not None, "left out by _is_asked"
    one = make(meta, written(None if meta.many else default, meta)) | {"$help": _help(meta)}
    if asked:
        one["$required"] = True
    if not meta.many:
        return one
    found: Element = {"$type": "edit-group", "$help": one.pop("$help")}
    found["$default"] = written(default or (), meta)
    return found | ({"$minItems": 1} if asked else {}) | {"$prototype": one}


def _help(meta: Meta) -> str:
    """Return meaning, limits and an example: a form has no other place for them."""
    within = limits(meta)
    shown = meta.example[0] if meta.many and meta.example else meta.example
    said = f" {within.capitalize()}." if within else ""
    if meta.choices or meta.kind == "boolean" or shown is None:
        return f"{meta.doc}{said}"
    return f"{meta.doc}{said} For example {yaml_line(shown)}."


def _text(pattern: str = "") -> Callable[[Meta, Any], Element]:
    """Return the maker of a line of text; empty always fits, since ``$match`` looks at it too."""

    def make(meta: Meta, default: Any) -> Element:
        if meta.choices:
            return _select(meta.choices, default)
        found = {"$type": "text", "$default": "" if default is None else default}
        return found | ({"$match": f"({pattern})?"} if pattern else {})

    return make


def _select(choices: tuple[str, ...], default: Any) -> Element:
    values = [*choices] if default in choices else ["", *choices]
    return {"$type": "select", "$values": values, "$default": default or ""}


def _number(meta: Meta, default: Any) -> Element:
    bounds = {"$min": meta.minimum, "$max": meta.maximum}
    found = {"$type": "number", "$default": "" if default is None else default}
    return found | {name: bound for name, bound in bounds.items() if bound is not None}


def _boolean(_meta: Meta, default: Any) -> Element:
    if default is None:  # neither: left to whoever knows better
        return _select(("true", "false"), default)
    return {"$type": "boolean", "$default": default}


def _scalars(_meta: Meta, default: Any) -> Element:
    key = {"$type": "text", "$name": "Name", "$default": ""}
    prototype = {"$key": key, "$type": "text", "$name": "Value", "$default": ""}
    return {"$type": "edit-group", "$default": default or {}, "$prototype": prototype}


# None: has no place in a form.
ELEMENTS: dict[str, Callable[[Meta, Any], Element] | None] = {
    "text": _text(),
    "name": _text(_NAME),
    "word": _text(),
    "integer": _number,
    "boolean": _boolean,
    "duration": _text(_DURATION),
    "size": _text(_SIZE),
    "address": _text(),
    "path": _text(_PATH),
    "device": _text(_PATH),
    "scalars": _scalars,
    "nvsets": None,
    "object": lambda _meta, _default: {},
}
