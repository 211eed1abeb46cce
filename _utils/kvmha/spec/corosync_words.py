"""The table between the pillar's words and corosync.conf: used to build, to export, to check.

A *scope* is the whole file or one of its repeated sections. Within a scope every value has a
path, which is also its name in corosync's cmap: ``totem.token``, ``quorum.device.net.host``.
A field stands at its ``key``, or its own name, below that of the object that holds it. A
free mapping stands at ``prefix*``: its keys go where the star is.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kvmha import values
from kvmha.errors import Problem
from kvmha.spec import kinds
from kvmha.spec.corosync import Corosync, CorosyncPart
from kvmha.spec.fields import Meta, class_of

# corosync counts these in seconds, all other durations in milliseconds.
_SECONDS = frozenset({"totem.knet_pmtud_interval", "resources.watchdog_timeout"})
# Which words corosync and corosync-qdevice compare a value with.
_ONE_ZERO = frozenset(
    f"quorum.{key}"
    for key in (
        *("two_node", "wait_for_all", "last_man_standing", "auto_tie_breaker"),
        *("allow_downscale", "expected_votes_tracking", "cancel_wait_for_all"),
        "device.master_wins",
    )
)
_ON_OFF = frozenset(
    {
        "totem.secauth",
        "logging.fileline",
        "logging.function_name",
        "logging.blackbox",
        "quorum.device.net.keep_active_partition_tie_breaker",
    }
)


@dataclass(frozen=True)
class Word:
    """A field of a scope: its place in the pillar, its path in the file, its Meta."""

    place: tuple[str, ...]
    path: str
    meta: Meta

    def of(self, scope: Any) -> Any:
        """Return what ``scope`` says here."""
        return functools.reduce(getattr, self.place, scope)

    @property
    def free(self) -> bool:
        """Whether this is a free mapping."""
        return self.meta.kind == "scalars"

    @property
    def prefix(self) -> str:
        """What stands before the keys of a free mapping."""
        return self.path.removesuffix("*")


@functools.cache
def words(scope: type) -> tuple[Word, ...]:
    """Return every word of ``scope``, a dataclass, without those of its repeated sections."""
    return tuple(_words(scope, (), ""))


@functools.cache
def lists(scope: type) -> frozenset[str]:
    """Return the paths of the repeated sections of ``scope``."""
    return frozenset(word.path for word in words(scope) if word.meta.many)


def _words(scope: type, place: tuple[str, ...], prefix: str) -> Iterator[Word]:
    for field in dataclasses.fields(scope):
        meta: Meta = field.metadata["said"]
        path = f"{prefix}{meta.key or field.name}"
        inner = class_of(meta)
        if inner and not meta.many:
            yield from _words(inner, (*place, field.name), f"{path}.")
        else:
            yield Word((*place, field.name), path, meta)


def written(word: Word, value: Any) -> str:
    """Return ``value``, as the spec keeps it, in the words of corosync.conf."""
    if word.meta.kind == "duration":
        return str(value // 1000 if word.path in _SECONDS else value)
    if word.meta.kind == "boolean":
        return _styles(word.path)[0 if value else 1]
    return scalar(value)


def scalar(value: str | int | bool) -> str:
    """Return a value of a free mapping as corosync.conf has it."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def said_as(word: Word, text: str) -> Any:
    """Return what the pillar says for ``text``; None when only a free mapping can say it.

    That is so for what is not of the word's kind, and for what would come back in another
    spelling.
    """
    value: Any = text
    if word.meta.kind == "duration" and text.isdecimal():
        value = values.duration(int(text) * (1000 if word.path in _SECONDS else 1))
    elif word.meta.kind == "boolean":
        value = dict(zip(_styles(word.path), (True, False), strict=True)).get(text)
    elif word.meta.kind == "integer" and text.isdecimal():
        value = int(text)
    try:
        return value if text and written(word, kinds.read(value, word.meta)) == text else None
    except kinds.Unreadable:
        return None


def unwritable(corosync: CorosyncPart) -> Iterator[Problem]:
    """Yield what ``corosync`` says and corosync.conf has no way to hold."""
    yield from _unwritable(corosync, "corosync")


def repeats(corosync: Corosync) -> Iterator[Problem]:
    """Yield the keys of free mappings that have a word of their own."""
    yield from _repeats(corosync, "corosync")


def _unwritable(scope: Any, place: str) -> Iterator[Problem]:
    cls: type = type(scope)
    for word in words(cls):
        value, where = word.of(scope), ".".join((place, *word.place))
        if word.free:
            for key, item in value.items():
                path = f"{word.prefix}{key}"
                if reason := _bad_key(cls, str(key), path) or _bad_value(scalar(item)):
                    yield Problem(f"{where}.{key}", *reason)
        elif word.meta.of:
            for index, item in enumerate(value):
                yield from _unwritable(item, f"{where}[{index}]")
        elif value is not None and (reason := _bad_value(written(word, value))):
            yield Problem(where, *reason)
        elif word.path in _SECONDS and value and value > 0 and value % 1000:
            hint = "write it in whole seconds"
            yield Problem(where, "corosync counts it in seconds", hint, "NOT_WRITABLE")


def _bad_key(scope: type, key: str, path: str) -> tuple[str, str, str] | None:
    if path == "totem.key":
        message = "a key is a secret and does not belong into the spec"
        return message, "put it into a file and say totem.keyfile", "SECRET_IN_SPEC"
    if any(f"{path}.".startswith(f"{section}.") for section in lists(scope)):
        hint = "say it in the list that is meant for that section"
        return "stands in a section that can be repeated", hint, "NOT_WRITABLE"
    if set("\n{:") & set(key) or key.startswith("#") or key != key.strip(" \t\r"):
        hint = "without line breaks, braces, colons and blanks around it"
        return f"{key!r} can be no key in corosync.conf", hint, "NOT_WRITABLE"
    return None


def _bad_value(text: str) -> tuple[str, str, str] | None:
    if set("\n{") & set(text) or text != text.strip(" \t\r"):
        message = f"{text!r} can be no value in corosync.conf"
        return message, "one line, without '{' and without blanks around it", "NOT_WRITABLE"
    return None


def _repeats(scope: Any, place: str) -> Iterator[Problem]:
    cls: type = type(scope)
    known = {word.path: word for word in words(cls) if not word.free}
    for word in words(cls):
        where = ".".join((place, *word.place))
        if word.meta.many:
            for index, item in enumerate(word.of(scope)):
                yield from _repeats(item, f"{where}[{index}]")
        for key in word.of(scope) if word.free else ():
            if other := known.get(f"{word.prefix}{key}"):
                hint = f"say it at {'.'.join((place, *other.place))}"
                yield Problem(f"{where}.{key}", "has a word of its own", hint, "WORD_EXISTS")


def _styles(path: str) -> tuple[str, str]:
    if path in _ONE_ZERO:
        return "1", "0"
    return ("on", "off") if path in _ON_OFF else ("yes", "no")
