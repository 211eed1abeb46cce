"""Frozen dataclasses as plain data and back: for files, returns and the event bus."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def plain(value: Any) -> Any:
    """Return ``value`` as dicts, lists and scalars: what JSON can hold."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def of(cls: type[T], data: Any) -> T:
    """Return ``data``, from ``plain``, as a ``cls``; keys it does not know are left out.

    Raises TypeError when a key without a default is missing.
    """
    hints = typing.get_type_hints(cls)
    known = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    return cls(**{key: _of(hints[key], value) for key, value in data.items() if key in known})


def _of(hint: Any, value: Any) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _of(args[0], value)
    if origin is tuple and args[-1] is Ellipsis:
        return tuple(_of(args[0], one) for one in value)
    if origin is tuple:
        return tuple(_of(one_hint, one) for one_hint, one in zip(args, value, strict=True))
    if origin is Mapping or origin is dict or hint is Mapping:
        return {key: _of(args[1], one) for key, one in value.items()} if args else dict(value)
    return of(hint, value) if isinstance(hint, type) and dataclasses.is_dataclass(hint) else value
