"""Reading one value: from what pillar, YAML and Uyuni's forms hand over to what we keep."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kvmha import values
from kvmha.spec.fields import Meta

MASK = "**********"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
_ATTRIBUTE = re.compile(r"(\{[^{}\s]+\})?[A-Za-z_][\w.-]*\Z")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WHOLE = re.compile(r"[+-]?\d{1,15}(\.0*)?\Z")


class Unreadable(Exception):
    """A value that is not of its kind: the parts of a Problem, still without its place."""

    def __init__(self, message: str, hint: str = "", code: str = "WRONG_KIND") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


def read(value: Any, meta: Meta) -> Any:
    """Return ``value`` as the kind of ``meta`` keeps it; raise Unreadable when it is not one."""
    found = _READERS[meta.kind](value, meta)
    if meta.choices and found not in meta.choices:
        raise Unreadable(
            f"{found!r} is none of {', '.join(meta.choices)}",
            values.nearest(str(found), meta.choices),
            "NOT_A_CHOICE",
        )
    return found


def is_list(value: Any) -> bool:
    """Tell whether ``value`` is a list in the pillar's sense: text is none."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def is_masked(value: Any) -> bool:
    """Tell whether ``value``, or one in it, is what ``pillar.get`` of Salt 3008 puts there."""
    inside = value.values() if isinstance(value, Mapping) else (value,)
    return any(isinstance(item, str) and item == MASK for item in inside)


def example(meta: Meta) -> str:
    """Return the hint ``for example ...``, or nothing; one item where the field is a list."""
    shown = meta.example[0] if meta.many and meta.example else meta.example
    return f"for example {shown}" if shown is not None else ""


def described(value: Any) -> str:
    """Return what ``value`` is, in words for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if is_list(value):
        return "a list"
    return f"{value!r}" if isinstance(value, (str, int, float)) else f"'{value}'"


def _text(value: Any, meta: Meta) -> str:
    if isinstance(value, bool):  # YAML takes a bare on, off, yes and no for booleans
        words = ("on", "yes") if value else ("off", "no")
        value = next((word for word in words if word in meta.choices), value)
    if not isinstance(value, str):
        quoted = isinstance(value, (bool, int, float))
        hint = f'put it in quotes: "{value}"' if quoted else example(meta)
        raise Unreadable(f"wanted text, found {described(value)}", hint)
    if any(ord(char) < 32 for char in value):
        raise Unreadable(f"{value!r} holds control characters", "write it on one line")
    return _fit_for_xml(value).strip()


def _word(value: Any, meta: Meta) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, (str, int, float)):
        raise Unreadable(f"wanted one value, found {described(value)}", example(meta))
    text = _fit_for_xml(str(value))
    if ":" in meta.xml and text.count(":") not in (1, 2):
        raise Unreadable(f"{text!r} is no agent", example(meta), "BAD_AGENT")
    return text


def _fit_for_xml(text: str) -> str:
    if bad := _NOT_XML.search(text):
        raise Unreadable(f"{text!r} holds {bad[0]!r}, which XML cannot say", "take it out")
    return text


def _name(value: Any, meta: Meta) -> str:
    text = _text(value, meta)
    if not _NAME.match(text):
        raise Unreadable(
            f"{text!r} cannot be part of an id in Pacemaker's configuration",
            "letters, digits, '.', '-' and '_', first a letter or digit",
            "BAD_NAME",
        )
    return text


def _integer(value: Any, meta: Meta) -> int:
    whole = not isinstance(value, bool) and isinstance(value, (int, float, str))
    if not whole or not _WHOLE.match(str(value).strip()):
        raise Unreadable(f"wanted a whole number, found {described(value)}", example(meta))
    return _within(int(str(value).strip().partition(".")[0]), meta)


def _boolean(value: Any, _meta: Meta) -> bool:
    try:
        return values.boolean(value)
    except ValueError:
        raise Unreadable(
            f"wanted true or false, found {described(value)}", "write true or false"
        ) from None


def _duration(value: Any, meta: Meta) -> int:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    try:
        found = values.milliseconds(f"{value:.15g}" if number else value)
    except ValueError as error:
        message, _, advice = str(error).partition(": ")
        if "no unit" not in message:
            message = f"wanted a duration, found {described(value)}"
        raise Unreadable(message, advice or example(meta), "BAD_DURATION") from None
    if found <= 0 and meta.minimum != 0:
        raise Unreadable(f"{value!r} is no time at all", example(meta), "OUT_OF_RANGE")
    return _within(found, meta, values.duration)


def _size(value: Any, meta: Meta) -> int:
    try:
        found = values.size_bytes(value)
    except ValueError:
        message = f"wanted a size with its unit, found {described(value)}"
        raise Unreadable(message, example(meta), "BAD_SIZE") from None
    if found <= 0:
        raise Unreadable(f"{value!r} is no room at all", example(meta), "OUT_OF_RANGE")
    return _within(found, meta)


def _address(value: Any, meta: Meta) -> str:
    try:
        return str(ipaddress.ip_address(_text(value, meta)))
    except ValueError:
        bare = str(value).partition("/")[0]
        hint = f"without the prefix length: {bare}" if "/" in str(value) else example(meta)
        raise Unreadable(f"{value!r} is no IP address", hint, "BAD_ADDRESS") from None


def _path(value: Any, meta: Meta) -> str:
    text = _text(value, meta)
    if not text.startswith("/") or ".." in text.split("/") or re.search(r"[\s;]", text):
        raise Unreadable(
            f"{text!r} is no absolute path",
            f"begin with '/', without '..', blanks and ';'; {example(meta)}".rstrip("; "),
            "BAD_PATH",
        )
    return re.sub(r"/+", "/", text).rstrip("/") or "/"


def _scalars(value: Any, meta: Meta) -> dict[str, str | int | bool]:
    if not isinstance(value, Mapping):
        raise Unreadable(f"wanted a mapping, found {described(value)}", example(meta))
    found: dict[str, str | int | bool] = {}
    for key, item in value.items():
        if isinstance(item, float):
            item = int(item) if item.is_integer() else str(item)  # noqa: PLW2901
        if not isinstance(item, (str, int)):
            raise Unreadable(f"{key} has to be text, number or boolean, not {described(item)}")
        if not isinstance(key, (str, int)) or isinstance(key, bool):
            raise Unreadable(f"the key {key} is no text", f'put it in quotes: "{key}"')
        if meta.xml.endswith(("@*", "*#")) and not _ATTRIBUTE.match(str(key)):
            what = "element" if meta.xml.endswith("#") else "attribute"
            raise Unreadable(f"{key!r} is no name of an XML {what}", example(meta))
        if not meta.key:  # what is for corosync.conf is no XML
            for text in (str(key), str(item)):
                _fit_for_xml(text)
        found[str(key)] = item
    return found


def _within(number: int, meta: Meta, shown: Callable[[int], str] = str) -> int:
    low, high = meta.minimum, meta.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        least = f"at least {shown(low)}" if low is not None else ""
        most = f"at most {shown(high)}" if high is not None else ""
        limits = " and ".join(filter(None, (least, most)))
        raise Unreadable(f"{shown(number)} is out of range", f"{limits}", "OUT_OF_RANGE")
    return number


_READERS: dict[str, Callable[[Any, Meta], Any]] = {
    "text": _text,
    "name": _name,
    "word": _word,
    "integer": _integer,
    "boolean": _boolean,
    "duration": _duration,
    "size": _size,
    "address": _address,
    "path": _path,
    "device": _path,
    "scalars": _scalars,
}
