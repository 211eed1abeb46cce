"""A value the way the pillar writes it, and each kind of value in words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kvmha import values
from kvmha.spec.fields import Meta

# Text that YAML reads as text without quotes: words and paths, 5s and 2GiB, IPv4 addresses.
_PLAIN = re.compile(r"([A-Za-z/][A-Za-z0-9_./-]*|\d+[A-Za-z]+|\d+(\.\d+){3})\Z")
_WORDS = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}


@dataclass(frozen=True)
class Kind:
    """What people call a kind, and how a value of it is written in the pillar."""

    words: str
    write: Callable[[Any], Any] = lambda value: value


KINDS = {
    "text": Kind("text"),
    "name": Kind("name"),
    "word": Kind("text or number"),
    "integer": Kind("whole number"),
    "boolean": Kind("true or false"),
    "duration": Kind("duration", values.duration),
    "size": Kind("size", values.size),
    "address": Kind("IP address"),
    "path": Kind("absolute path"),
    "device": Kind("path of a device"),
    "scalars": Kind("mapping of text, numbers and booleans", dict),
    "nvsets": Kind("mapping of names to values, or a list of sets with their rules"),
    "object": Kind("mapping"),
}


def written(value: Any, meta: Meta) -> Any:
    """Return what the pillar says for ``value``, which is as a class of the vocabulary keeps it.

    5000 milliseconds become ``5s``; None stays None.
    """
    if value is None:
        return None
    write = KINDS[meta.kind].write
    return [write(item) for item in value] if meta.many else write(value)


def is_list(meta: Meta) -> bool:
    """Tell whether the pillar says a list: sets of values may be one mapping in its place."""
    return meta.many and meta.kind != "nvsets"


def limits(meta: Meta) -> str:
    """Return the smallest and largest value of a key in words, or nothing."""
    low, high = (
        None if limit is None else written(limit, meta) for limit in (meta.minimum, meta.maximum)
    )
    if low is not None and high is not None:
        return f"from {low} to {high}"
    return f"at least {low}" if low is not None else f"at most {high}" if high is not None else ""


def yaml_line(value: Any) -> str:
    """Return ``value`` as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {yaml_line(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(yaml_line, value)) + "]"
    if isinstance(value, str) and _PLAIN.match(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def summary(cls: type) -> str:
    """Return the first sentence of a class of the vocabulary, without its place.

    ````nodes[]``: one KVM host.`` becomes ``One KVM host.``
    """
    said = _docstring(cls)[1]
    return said[:1].upper() + said[1:]


def place_of(cls: type) -> str:
    """Return the place of a class in the pillar, in Markdown, or nothing: ```nodes[]```."""
    return _docstring(cls)[0]


def _docstring(cls: type) -> tuple[str, str]:
    first = (cls.__doc__ or "").strip().partition("\n\n")[0]
    words = re.sub(r"\s+", " ", first).replace("``", "`")
    place = re.match(r"(`[^`]+`(?: and `[^`]+`)*): *", words)
    return (place.group(1), words[place.end() :]) if place else ("", words)
