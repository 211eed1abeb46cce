"""Hypothesis strategies for the words of the CIB, derived from the vocabulary itself."""

from __future__ import annotations

import dataclasses
import string
from typing import Any

from hypothesis import strategies as st

from kvmha.build.xml_fields import kind_key, scalar, scalar_text
from kvmha.spec.cib import Cib, CibNode
from kvmha.spec.cib_parts import DateParts, NvSet, Pair
from kvmha.spec.cib_resources import Resource
from kvmha.spec.fields import Meta, class_of

MOST = 2  # objects of a list, levels of objects in each other below the first
FIRST, REST = string.ascii_letters, string.ascii_letters + string.digits + "_.-"
_CHARACTERS = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
texts = st.text(_CHARACTERS, max_size=8) | st.sampled_from(
    ("", "  a ", "a\nb", "\"'<&>", "true", "007", "٣")
)
names = st.builds(str.__add__, st.sampled_from(FIRST), st.text(REST, max_size=6))
# As an export says them: ``"7"`` is 7.
scalars = (texts | st.integers(0, 10**6) | st.booleans()).map(scalar_text).map(scalar)
pairs = st.dictionaries(names, scalars, max_size=MOST)
agents = st.builds("ocf:heartbeat:{}".format, names) | st.builds("systemd:{}".format, names)


@st.composite
def cib_words(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what a pillar may say below ``cib``, as an export would say it; ids are unique."""
    return _Maker(draw).object(Cib)


class _Maker:
    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.ids: dict[str, int] = {}

    def object(self, cls: Any, index: int = 0, depth: int = 0) -> dict[str, Any]:
        """Draw an object; the second of a list and those after it say their ids."""
        said: dict[str, Any] = {}
        kind = ""
        if hasattr(cls, "TAGS"):
            kind = said[kind_key(cls)] = self.draw(st.sampled_from(list(cls.TAGS)))
        for field in dataclasses.fields(cls):
            meta: Meta = field.metadata["said"]
            if not meta.xml or (meta.only and kind not in meta.only) or field.name == "id_ref":
                continue
            if field.name == "id":
                if meta.required or index or cls in (CibNode, Pair) or self.draw(st.booleans()):
                    said["id"] = self.identity(cls)
            elif field.name == "ops_id":
                said |= {"ops_id": self.identity(field)} if self.draw(st.booleans()) else {}
            elif self.is_said(cls, field.name, depth):
                value = self.value(meta, depth)
                if value not in ([], {}):
                    said[field.name] = value
        if cls is NvSet and self.draw(st.booleans()):
            said["values"] = self.draw(pairs)
            said.pop("pairs", None)
        if "select_attributes" in said:
            said.pop("select_all_attributes", None)
        return said

    def identity(self, cls: Any) -> str:
        name = getattr(cls, "__name__", "") or cls.name
        number = self.ids[name] = self.ids.get(name, 0) + 1
        return f"{name}{number}"

    def is_said(self, cls: Any, name: str, depth: int) -> bool:
        if (cls, name) in ((CibNode, "name"), (Resource, "ops_ref")):
            return False  # a node goes by its id here; operations have an id of their own
        if cls is DateParts or name == "more":
            return self.draw(st.integers(0, 9)) == 0
        if cls is Cib or name in ("agent", "container"):
            return self.draw(st.booleans())
        return depth <= MOST and self.draw(st.integers(0, 2)) == 0

    def value(self, meta: Meta, depth: int) -> Any:
        inner = class_of(meta)
        if meta.kind == "nvsets" and self.draw(st.booleans()):
            return self.draw(pairs)
        if inner is not None and meta.many:
            count = self.draw(st.integers(0, MOST))
            sets = meta.kind == "nvsets" and count > 1  # none of several is the plain one
            return [self.object(inner, index + sets, depth + 1) for index in range(count)]
        if inner is not None:
            return self.object(inner, 0, depth + 1)
        return self.draw(_plain(meta))


def _plain(meta: Meta) -> st.SearchStrategy[Any]:
    """Return a strategy for a field that is no object."""
    if meta.kind == "boolean":
        return st.just(True)
    if meta.kind == "scalars":
        return st.dictionaries(names.map("x-{}".format), scalars, max_size=MOST)
    if meta.many:
        return st.lists(names, min_size=1, max_size=MOST, unique=True)
    if ":" in meta.xml:
        return agents
    return scalars if meta.blank else names
