"""The pillar file as a JSON Schema, for editors: completion, meaning and typos while you write.

It takes what ``load`` takes from a person's hand: not blanks around words, nor the list of
nothing but blanks that a form may leave. Rules between keys are beyond a schema.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from kvmha.spec.fields import Meta, class_of, classes_of, default_of, fields_of
from kvmha.spec.model import ClusterSpec
from kvmha.spec.written import is_list, limits, summary, written

Schema = dict[str, Any]

_EMPTY = "empty"
_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
_OCTET = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_NUMBER = r"(?=.*[1-9])\d{1,15}(\.\d{1,9})? *"  # not zero


def json_schema(cls: type = ClusterSpec) -> Schema:
    """Return the JSON Schema (draft 2020-12) of a pillar file: ``cls`` below the key ``kvmha``.

    Unknown keys are mistakes everywhere but beside ``kvmha``: a pillar file may say more.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Pillar of kvmha",
        "description": summary(cls),
        "type": "object",
        "properties": {"kvmha": _reference(cls)},
        "required": ["kvmha"],
        "$defs": {
            **{each.__name__: _object(each) for each in classes_of(cls)},
            _EMPTY: {"description": "Left empty: its default.", "enum": ["", None]},
        },
    }


def schema_text(cls: type = ClusterSpec) -> str:
    """Return the schema as the text of a file."""
    return json.dumps(json_schema(cls), indent=2, ensure_ascii=False) + "\n"


def _object(cls: type) -> Schema:
    found: Schema = {
        "description": summary(cls),
        "type": "object",
        "properties": {name: _property(cls, name, meta) for name, meta in fields_of(cls)},
        "additionalProperties": False,
    }
    required = [name for name, meta in fields_of(cls) if meta.required]
    kinds = _kinds(cls)
    found |= {"required": required} if required else {}
    return found | ({"allOf": kinds} if kinds else {})


def _kinds(cls: type) -> list[Schema]:
    """Return what holds for objects of each kind: keys of other kinds stay empty."""
    narrow = [(name, meta) for name, meta in fields_of(cls) if meta.only]
    if not narrow:
        return []
    key, of_kind = next((name, meta) for name, meta in fields_of(cls) if meta.choices)
    default = default_of(cls, key)
    found: list[Schema] = []
    for kind in of_kind.choices:
        foreign = {name: _absent(meta) for name, meta in narrow if kind not in meta.only}
        if not foreign:
            continue
        if kind == default:
            when: Schema = {"properties": {key: {"enum": [kind, "", None]}}}
        else:
            when = {"properties": {key: {"const": kind}}, "required": [key]}
        found.append({"if": when, "then": {"properties": foreign}})
    return found


def _absent(meta: Meta) -> Schema:
    values: list[Any] = [None, *([] if meta.blank else [""]), *([[]] if meta.many else [])]
    return {"enum": values}


def _property(cls: type, name: str, meta: Meta) -> Schema:
    within = limits(meta)
    found: Schema = {"description": f"{meta.doc} ({within})" if within else meta.doc}
    default = None if class_of(meta) else written(default_of(cls, name), meta)
    if default is not None:
        found["default"] = default
    if meta.example is not None:
        found["examples"] = [meta.example]
    value = _value(meta)
    if meta.required:
        return found | value
    return found | {"anyOf": [value, {"$ref": f"#/$defs/{_EMPTY}"}]}


def _value(meta: Meta) -> Schema:
    one: Schema = {"enum": list(meta.choices)} if meta.choices else _SHAPES[meta.kind](meta)
    if not is_list(meta):
        return one
    return {"type": "array", "items": one} | ({"minItems": 1} if meta.required else {})


def _reference(cls: type | None) -> Schema:
    assert cls is not None, "a key that holds objects says their class"
    return {"$ref": f"#/$defs/{cls.__name__}"}


def _pattern(pattern: str) -> Callable[[Meta], Schema]:
    return lambda _meta: {"type": "string", "pattern": f"^{pattern}$"}


def _any_case(*words: str) -> str:
    """Return a pattern for the words: JSON Schema's have no flag that ignores case."""
    return "|".join(
        "".join(f"[{char}{char.upper()}]" if char.isalpha() else char for char in word)
        for word in words
    )


def _integer(meta: Meta) -> Schema:
    found: Schema = {"type": ["integer", "string"], "pattern": r"^[+-]?\d{1,15}(\.0*)?$"}
    bounds = {"minimum": meta.minimum, "maximum": meta.maximum}
    return found | {name: bound for name, bound in bounds.items() if bound is not None}


def _boolean(_meta: Meta) -> Schema:
    # YAML 1.2, which editors speak, reads `yes` as text; so does 1.1 in quotes.
    words = _any_case("true", "yes", "on", "y", "false", "no", "off", "n")
    return {
        "type": ["boolean", "string", "integer"],
        "pattern": f"^({words}|0|1)$",
        "minimum": 0,
        "maximum": 1,
    }


_SHAPES: dict[str, Callable[[Meta], Schema]] = {
    "text": _pattern(r"[^\u0000-\u001f]*"),
    "word": lambda _meta: _SCALAR,
    "name": _pattern("[A-Za-z0-9_][A-Za-z0-9_.-]*"),
    "integer": _integer,
    "boolean": _boolean,
    "duration": _pattern(
        _NUMBER
        + f"({_any_case('us', 'usec', 'ms', 'msec', 's', 'sec', 'm', 'min', 'h', 'hr', 'd')})"
    ),
    "size": _pattern(_NUMBER + r"([kKmMgGtTpP]([iI]?[bB])?|[iI]?[bB])"),
    "address": _pattern(rf"({_OCTET}(\.{_OCTET}){{3}}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(%.+)?)"),
    "path": _pattern(r"(?!.*/\.\.(/|$))/[^\s;]*"),
    "device": _pattern(r"(?!.*/\.\.(/|$))/[^\s;]*"),
    "scalars": lambda _meta: {"type": "object", "additionalProperties": _SCALAR},
    "nvsets": lambda meta: {
        "anyOf": [
            {"type": "object", "additionalProperties": _SCALAR},
            {"type": "array", "items": _reference(class_of(meta))},
        ]
    },
    "object": lambda meta: _reference(class_of(meta)),
}
