"""How a field of the vocabulary says its kind, default and meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Meta:
    """What the loader, the schema and the reference page know of one field.

    ``kind`` is one of text, name, word (any text, number or boolean, kept as text), integer,
    boolean, duration (pillar text, kept as integer milliseconds), size (pillar text, kept as
    bytes), address, path, device, scalars (a free mapping of scalars), nvsets (such a mapping,
    or a list of sets of name-value pairs) or object; ``many`` makes it a list of them; ``of``
    is the dataclass of an object, or its name where it holds itself. ``xml`` is where the CIB
    keeps it (see ``kvmha.build.cib_fields``); ``only`` names the kinds of the object that
    may have it; with ``blank`` an empty text is a value.
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


# Classes whose objects hold objects of the same class, by their names.
RECURSIVE: dict[str, type] = {}


def class_of(meta: Meta) -> type | None:
    """Return the dataclass of an object field, None for any other kind."""
    return RECURSIVE[meta.of] if isinstance(meta.of, str) else meta.of


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
) -> Any:
    """Return a dataclass field with its Meta; without ``default`` it is required.

    A callable ``default`` is called for each object. A required ``many`` field needs at least
    one item.
    """
    required = default is MISSING
    meta = Meta(
        kind, doc, example, many, of, tuple(choices), minimum, maximum,
        required=required, xml=xml, only=tuple(only), blank=blank,
    )  # fmt: skip
    if required:
        return field(kw_only=True, metadata={"said": meta})
    if callable(default):
        return field(kw_only=True, default_factory=default, metadata={"said": meta})
    return field(kw_only=True, default=default, metadata={"said": meta})
