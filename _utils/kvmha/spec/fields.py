"""How a field of the vocabulary says its kind, default and meaning."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

# Classes that a field names by text, because they hold themselves: Meta(of="Rule").
RECURSIVE: dict[str, type] = {}


@dataclass(frozen=True)
class Meta:
    """What the loader, the schema and the reference page know of one field.

    ``kind`` is one of text, name, word (any text, number or boolean, kept as text), integer,
    boolean, duration (pillar text, kept as integer milliseconds), size (pillar text, kept as
    bytes), address, path, device, scalars (a free mapping of scalars), nvsets (such a mapping,
    or a list of sets of name-value pairs) or object; ``many`` makes it a list of them; ``of``
    is the dataclass of an object, or its name where it holds itself. ``xml`` is where the CIB
    keeps it (see ``kvmha.build.xml_fields``); ``only`` names the kinds of the object that
    may have it; with ``blank`` an empty text is a value. ``key`` is where corosync.conf keeps it,
    if not under the field's own name (see ``kvmha.spec.corosync_words``).
    """

    kind: str
    doc: str
    example: Any
    many: bool = False
    of: type | str | None = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    required: bool = False
    xml: str = ""
    only: tuple[str, ...] = ()
    blank: bool = False
    key: str = ""


def said(
    kind: str,
    doc: str,
    *,
    example: Any = None,
    default: Any = MISSING,
    many: bool = False,
    of: type | str | None = None,
    choices: Sequence[str] = (),
    minimum: int | None = None,
    maximum: int | None = None,
    xml: str = "",
    only: Sequence[str] = (),
    blank: bool = False,
    key: str = "",
) -> Any:
    """Return a dataclass field with its Meta; without ``default`` it is required.

    A callable ``default`` is called for each object. A required ``many`` field needs at least
    one item.
    """
    required = default is MISSING
    meta = Meta(
        kind, doc, example, many, of, tuple(choices), minimum, maximum,
        required=required, xml=xml, only=tuple(only), blank=blank, key=key,
    )  # fmt: skip
    if required:
        return field(kw_only=True, metadata={"said": meta})
    if callable(default):
        return field(kw_only=True, default_factory=default, metadata={"said": meta})
    return field(kw_only=True, default=default, metadata={"said": meta})


def class_of(meta: Meta) -> type | None:
    """Return the dataclass of an object's field, or None where the field holds no objects."""
    return RECURSIVE[meta.of] if isinstance(meta.of, str) else meta.of


@functools.cache
def fields_of(cls: type) -> tuple[tuple[str, Meta], ...]:
    """Return the keys of a class of the vocabulary, each with what is known of it."""
    return tuple((each.name, each.metadata["said"]) for each in fields(cls))


def default_of(cls: type, name: str) -> Any:
    """Return the default of the key ``name``, as the class keeps it; None where it has none."""
    (found,) = (each for each in fields(cls) if each.name == name)
    if found.default_factory is not MISSING:
        return found.default_factory()
    return None if found.default is MISSING else found.default


def classes_of(cls: type) -> tuple[type, ...]:
    """Return ``cls`` and all classes below it, each once, in the order of the keys."""
    found: dict[type, None] = {}

    def walk(each: type) -> None:
        if each not in found:
            found[each] = None
            for _, meta in fields_of(each):
                below = class_of(meta)
                if below is not None:
                    walk(below)

    walk(cls)
    return tuple(found)


def optional(kind: str, doc: str, example: Any = None, **rest: Any) -> Any:
    """Return a field that may stay unsaid: None then; an empty list, mapping or object.

    What is unsaid is neither enforced nor given a default of ours.
    """
    empty: Any = () if rest.get("many") else dict if kind == "scalars" else rest.get("of")
    return said(kind, doc, example=example, default=empty, **rest)
