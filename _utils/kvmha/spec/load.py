"""From pillar to ClusterSpec: every mistake at once, each with its place and the next step."""

from __future__ import annotations

import dataclasses
import difflib
import itertools
import re
from collections.abc import Mapping
from typing import Any

from kvmha import rules
from kvmha.errors import InvalidInput, Problem
from kvmha.spec import kinds
from kvmha.spec.corosync_words import unwritable
from kvmha.spec.fields import Meta, class_of, default_of, fields_of
from kvmha.spec.model import ClusterSpec
from kvmha.spec.part import ClusterPart
from kvmha.spec.storage_part import HasStorage, StoragePart, is_storage_part

_UNSET = ("", None)
_DEEPEST = 60  # keys in each other


def load(data: Mapping[str, Any]) -> ClusterSpec:
    """Return the cluster that ``data``, the pillar below the key ``kvmha``, describes.

    Takes what YAML and Uyuni's forms produce: ``''`` leaves a field with a default at it,
    ``30.0`` is a whole number, ``"true"`` a boolean, a list of nothing but blank items is empty.
    Raises InvalidInput with all problems: those of single values, and those of ``kvmha.rules``
    between values that could be read.
    """
    if not isinstance(data, Mapping) or not data:
        raise InvalidInput("pillar kvmha", [_absent(data)])
    if set(data) == {"kvmha"}:
        raise InvalidInput("pillar kvmha", [_wrapped()])
    reader = _Reader()
    spec: ClusterSpec = reader.object(ClusterSpec, data, "")
    problems = [*reader.found(), *rules.check(spec, unread=reader.unread)]
    if problems:
        raise InvalidInput("pillar kvmha", problems)
    return spec


def load_part(data: Mapping[str, Any]) -> ClusterPart:
    """Return what ``data``, a document without a cluster, says of corosync and Pacemaker.

    Raises InvalidInput with all problems of its values. No rule between values is asked, since
    what stands may break any.
    """
    if isinstance(data, Mapping) and set(data) == {"kvmha"}:
        raise InvalidInput("pillar kvmha", [_wrapped()])
    reader = _Reader()
    part: ClusterPart = reader.object(ClusterPart, data, "")
    if problems := [*reader.found(), *unwritable(part.corosync)]:
        raise InvalidInput("pillar kvmha", problems)
    return part


def load_storage(data: Mapping[str, Any]) -> HasStorage:
    """Return the cluster that ``data`` describes, or what it says of one without Pacemaker.

    The latter is a document that names no more than cluster, nodes, storage and consent.
    Raises InvalidInput with all problems.
    """
    if not is_storage_part(data):
        return load(data)
    reader = _Reader()
    part: StoragePart = reader.object(StoragePart, data, "")
    problems = [*reader.found(), *rules.check_storage(part, unread=reader.unread)]
    if problems:
        raise InvalidInput("the document of the storage", problems)
    return part


def read_part(cls: type, data: Mapping[str, Any]) -> tuple[Any, list[Problem]]:
    """Return ``data`` as a ``cls`` of the vocabulary, and the problems of its values."""
    reader = _Reader()
    return reader.object(cls, data, ""), reader.found()


class _Reader:
    """Walks the data along the dataclasses; keeps the problems and what it could not read.

    In the place of an unreadable value stands one that equals no other, so that rules which
    compare values can look at the rest. ``unread`` names it as rules do: ``nodes[].id``.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.masked: list[str] = []
        self.unread: set[str] = set()
        self._numbers = itertools.count(1)

    def found(self) -> list[Problem]:
        """Return the problems; all the values that Salt masked are one."""
        return [_masked(self.masked), *self.problems] if self.masked else self.problems

    def object(self, cls: type, data: Any, place: str) -> Any:
        """Return ``data`` as a ``cls``."""
        if not isinstance(data, Mapping):
            message = f"wanted a mapping, found {kinds.described(data)}"
            keys = ", ".join(name for name, _ in fields_of(cls))
            self._fail(place, data, message, f"its keys are {keys}", "WRONG_KIND")
            return self._blank(cls, place)
        if place.count(".") > _DEEPEST:
            self._fail(place, None, "is nested too deep", "no cluster needs that", "TOO_DEEP")
            return self._blank(cls, place)
        said: dict[str, Any] = {}
        misspelt = self._unknown_keys(cls, data, place)
        for name, meta in fields_of(cls):
            if name not in data and not meta.required and name not in misspelt:
                continue
            where = f"{place}.{name}" if place else name
            if not _unset(data.get(name), meta):
                said[name] = self._field(data[name], meta, where)
                self._check_fits(cls, data, meta, where)
                continue
            if name in misspelt:
                self.unread.add(_pattern(where))
            elif meta.required:
                self._fail(where, None, "is missing", _wanted(meta), "MISSING")
            if meta.required:
                said[name] = self._stand_in(meta, where)
        return cls(**said)

    def _check_fits(self, cls: type, data: Mapping[str, Any], meta: Meta, place: str) -> None:
        """Report a key that objects of this kind do not have: it or the kind is a mistake."""
        if not meta.only:
            return
        key, of_kind = next((name, one) for name, one in fields_of(cls) if one.choices)
        kind = data.get(key) or cls.__dataclass_fields__[key].default  # type: ignore[attr-defined]
        if kind not in meta.only and kind in of_kind.choices:
            hint = f"it belongs to the {key} {' or '.join(meta.only)}"
            self._fail(place, None, f"does not go with the {key} {kind}", hint, "WRONG_FOR_KIND")
            self.unread.add(_pattern(f"{place.rpartition('.')[0]}.{key}"))

    def _field(self, value: Any, meta: Meta, place: str) -> Any:
        if meta.kind == "nvsets" and isinstance(value, Mapping):
            return self._plain_set(value, meta, place)
        if not meta.many:
            return self._one(value, meta, place)
        if not kinds.is_list(value):
            message = f"wanted a list, found {kinds.described(value)}"
            hint = f"write [{value}]" if not isinstance(value, Mapping) else "begin items with '- '"
            self._fail(place, value, message, hint, "WRONG_KIND")
            return ()
        return tuple(self._one(item, meta, f"{place}[{index}]") for index, item in enumerate(value))

    def _plain_set(self, value: Mapping[str, Any], meta: Meta, place: str) -> Any:
        """Return the one set that a plain mapping of names to values describes."""
        if kinds.is_masked(value):
            self._fail(place, kinds.MASK, "", "", "")
            return ()
        try:
            values = kinds.read(value, dataclasses.replace(meta, kind="scalars"))
        except kinds.Unreadable as bad:
            self._fail(place, value, bad.message, bad.hint, bad.code)
            return ()
        if not values:
            return ()
        return (class_of(meta)(values=values),)  # type: ignore[misc]

    def _one(self, value: Any, meta: Meta, place: str) -> Any:
        inner = class_of(meta)
        if inner is not None:
            return self.object(inner, value, place)
        if value is None or (value == "" and not meta.blank):
            self._fail(place, value, "is empty", "fill it in or take it out", "MISSING")
        elif kinds.is_masked(value):
            self._fail(place, kinds.MASK, "", "", "")
        else:
            try:
                return kinds.read(value, meta)
            except kinds.Unreadable as bad:
                self._fail(place, value, bad.message, bad.hint, bad.code)
        return self._stand_in(meta, place, of_list=False)

    def _unknown_keys(self, cls: type, data: Mapping[str, Any], place: str) -> set[str]:
        """Report unknown keys; return the fields that they seem to have been meant for."""
        names = [name for name, _ in fields_of(cls)]
        meant = set()
        for key in data:
            if key in names:
                continue
            close = difflib.get_close_matches(str(key).lower().replace("-", "_"), names, n=1)
            meant.update(close)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(names)}"
            shown = str(key) or "''"
            where = f"{place}.{shown}" if place else shown
            self.problems.append(Problem(where, "is no known key", hint, "UNKNOWN_KEY"))
        return meant

    def _stand_in(self, meta: Meta, place: str, *, of_list: bool = True) -> Any:
        """Return what stands for an unreadable value: of its type, and equal to no other."""
        if meta.many and of_list:
            return ()
        inner = class_of(meta)
        if inner is not None:
            return self._blank(inner, place)
        if meta.kind in ("integer", "duration", "size"):
            return -next(self._numbers)
        if meta.kind == "boolean":
            return False
        return {} if meta.kind == "scalars" else f"({place})"

    def _blank(self, cls: type, place: str) -> Any:
        wanted = ((name, meta) for name, meta in fields_of(cls) if meta.required)
        return cls(**{name: self._stand_in(meta, f"{place}.{name}") for name, meta in wanted})

    def _fail(self, place: str, value: Any, message: str, hint: str, code: str) -> None:
        self.unread.add(_pattern(place))
        if value == kinds.MASK:
            self.masked.append(place)
        else:
            self.problems.append(Problem(place, message, hint, code))


def _unset(value: Any, meta: Meta) -> bool:
    """Tell whether a form or YAML left the field empty, a list of nothing but blanks included."""
    if meta.many and kinds.is_list(value):
        return all(item in _UNSET or _is_blank(item, meta) for item in value)
    if value is None or (value == "" and not meta.blank):
        return True
    return not meta.required and not meta.many and _is_blank(value, meta)


def _is_blank(value: Any, meta: Meta) -> bool:
    """Tell whether an object is as a form shows it before anyone fills it in.

    Uyuni's forms show one such item of an empty list: its keys hold their defaults, and those
    that are required nothing. An object that needs no key, nor one of several (``ONE_OF``), is
    never blank: it may be meant.
    """
    cls = class_of(meta)
    if cls is None or meta.kind != "object" or not isinstance(value, Mapping):
        return False
    known = dict(fields_of(cls))
    needs = any(each.required for each in known.values()) or hasattr(cls, "ONE_OF")
    return needs and all(
        key in known and _is_untouched(item, cls, key, known[key]) for key, item in value.items()
    )


def _is_untouched(value: Any, cls: type, name: str, meta: Meta) -> bool:
    if _unset(value, meta) or _is_blank(value, meta):
        return True
    inner = class_of(meta)
    if inner is not None and not meta.many and isinstance(value, Mapping):
        known = dict(fields_of(inner))
        return all(
            key in known and _is_untouched(item, inner, key, known[key])
            for key, item in value.items()
        )
    if meta.required or meta.many or meta.kind == "object":
        return False
    try:
        return bool(kinds.read(value, meta) == default_of(cls, name))
    except kinds.Unreadable:
        return False


def _pattern(place: str) -> str:
    return re.sub(r"\[\d+\]", "[]", place)


def _wanted(meta: Meta) -> str:
    return ", ".join(filter(None, (meta.doc.rstrip("."), kinds.example(meta))))


def _absent(data: Any) -> Problem:
    hint = "give this minion pillar kvmha (pillar/examples), then run saltutil.refresh_pillar"
    if data is None or data in ("", {}):
        return Problem("kvmha", "is empty or missing", hint, "MISSING")
    if kinds.is_masked(data):
        return _masked(["kvmha"])
    return Problem("kvmha", f"wanted a mapping, found {kinds.described(data)}", hint, "WRONG_KIND")


def _wrapped() -> Problem:
    hint = "pass what stands below it: pillar['kvmha']"
    return Problem("kvmha", "the key kvmha itself is no part of the spec", hint, "UNKNOWN_KEY")


def _masked(places: list[str]) -> Problem:
    more = f", as are {len(places) - 1} more values" if len(places) > 1 else ""
    return Problem(
        places[0],
        f"is masked by Salt{more}: pillar.get of Salt 3008 returns stars",
        "read the spec from __pillar__['kvmha'], or in SLS from pillar['kvmha'] | json",
        "MASKED",
    )
