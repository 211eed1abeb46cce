"""Where the fields of a vocabulary are in its XML, and how their values are written there.

What ``xml`` of a field can say:

==================  ==========================================================================
``@score``          the attribute ``score`` of the element
``@a:b:c``          three attributes, joined by colons (an agent's class, provider and type)
``@*``              all attributes that no other field names
``tag@id``          that attribute of a child; of every such child where the field is a list
``tag@*``           all attributes of a child that no other field names, as a mapping
``#``, ``tag#``     the text of the element, of a child
``tag/*#``          the texts of all that is in a child, as a mapping
``tag``, ``a/tag``  child elements, ``a`` being the element around them
``<kind>``          child elements whose tags are the values of the class's ``TAGS``
``a/tag!``          whether this (empty) element is there
``*``, ``a/*``      child elements that no other field takes, as XML
==================  ==========================================================================
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from kvmha.spec.fields import Meta, class_of

TEXT = "#"  # in the place of an attribute's name
ANY = "*"


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of a vocabulary class with its place in the XML."""

    name: str
    meta: Meta
    wrappers: tuple[str, ...]
    tags: Mapping[str, str]  # tag -> kind, with the kind empty where there is but one tag
    attribute: str
    flag: bool

    @property
    def paths(self) -> tuple[tuple[str, ...], ...]:
        """The ways from the element down to what this field takes."""
        return tuple((*self.wrappers, tag) for tag in self.tags)


@functools.cache
def fields_of(cls: Any, kind: str = "") -> tuple[Field, ...]:
    """Return the fields of ``cls`` that have a place in the XML, of an object of ``kind``."""
    found = []
    for field in dataclasses.fields(cls):
        meta: Meta = field.metadata["said"]
        if not meta.xml or (kind and meta.only and kind not in meta.only):
            continue
        path, _, attribute = meta.xml.partition("@")
        if path.endswith(TEXT):
            path, attribute = path[:-1], TEXT
        *wrappers, tag = path.rstrip("!").split("/")
        inner = class_of(meta)
        if tag == "<kind>":
            tags = {one: kind for kind, one in inner.TAGS.items()}  # type: ignore[union-attr]
        else:
            tags = {tag: ""} if tag else {}
        found.append(Field(field.name, meta, tuple(wrappers), tags, attribute, path.endswith("!")))
    return tuple(found)


@functools.cache
def named_beside(cls: Any, path: tuple[str, ...]) -> frozenset[str]:
    """Return the attributes of the child at ``path`` that fields of ``cls`` name."""
    return frozenset(field.attribute for field in fields_of(cls) if path in field.paths) - {ANY}


def kind_key(cls: type) -> str:
    """Return the name of the field that says which kind of ``cls`` an object is."""
    return "style" if "style" in cls.__dataclass_fields__ else "kind"  # type: ignore[attr-defined]


def scalar_text(value: str | int | bool) -> str:
    """Return a scalar of the pillar as XML of Pacemaker writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def scalar(text: str) -> str | int | bool:
    """Return the shortest pillar value that is written back as ``text``."""
    if text in ("true", "false"):
        return text == "true"
    number = text.isascii() and text.isdigit() and len(text) < 16
    return int(text) if number and str(int(text)) == text else text
