"""How a field of the vocabulary says its kind, default and meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Meta:
    """What the loader, the schema and the reference page know of one field.

    ``kind`` is one of text, name, integer, boolean, duration (pillar text, kept as integer
    milliseconds), size (pillar text, kept as bytes), address, path, device, scalars (a free
    mapping of scalars) or object; ``many`` makes it a list of them; ``of`` is the dataclass
    of an object. ``key`` is where it stands in the file that it describes, the field's own name
    when empty (see ``corosync_words``).
    """

    kind: str
    doc: str
    example: Any
    many: bool = False
    of: type | None = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    required: bool = False
    key: str = ""


def said(
    kind: str,
    doc: str,
    *,
    example: Any = None,
    default: Any = MISSING,
    many: bool = False,
    of: type | None = None,
    choices: Sequence[str] = (),
    minimum: int | None = None,
    maximum: int | None = None,
    key: str = "",
) -> Any:
    """Return a dataclass field with its Meta; without ``default`` it is required.

    A callable ``default`` is called for each object. A required ``many`` field needs at least
    one item.
    """
    required = default is MISSING
    meta = Meta(
        kind, doc, example, many, of, tuple(choices), minimum, maximum, required=required, key=key
    )
    if required:
        return field(kw_only=True, metadata={"said": meta})
    if callable(default):
        return field(kw_only=True, default_factory=default, metadata={"said": meta})
    return field(kw_only=True, default=default, metadata={"said": meta})


def optional(kind: str, doc: str, example: Any = None, **rest: Any) -> Any:
    """Return a field that may stay unsaid: None then; an empty list, mapping or object.

    What is unsaid is neither enforced nor given a default of ours.
    """
    empty: Any = () if rest.get("many") else dict if kind == "scalars" else rest.get("of")
    return said(kind, doc, example=example, default=empty, **rest)
