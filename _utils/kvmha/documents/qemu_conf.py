"""libvirt's ``qemu.conf`` and its other files: one ``key = value`` a statement, where a value is
a quoted string, a number or a list of strings in brackets, which may span lines.

Source: the comments in the file that libvirt ships, and src/util/virconf.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kvmha.errors import KvmhaError
from kvmha.plan import Action, Change, Disruption

Scalar = str | int
Value = Scalar | tuple[str, ...]

_KEY = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)$", re.DOTALL)
_STRING = re.compile(r"\"\"\"(.*?)\"\"\"|\"([^\"\n]*)\"|'([^'\n]*)'", re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d+")
_LONGEST_LIST = 1000  # lines


@dataclass(frozen=True)
class Statement:
    """One setting, and the lines (from ``first`` up to, not with, ``last``) it stands on."""

    key: str
    value: Value
    first: int
    last: int


def parse(text: str) -> dict[str, Value]:
    """Return the settings of a qemu.conf; the last of equal keys wins, as in libvirt.

    Raises KvmhaError with the line that cannot be read.
    """
    return {item.key: item.value for item in _statements(text.splitlines())}


def edit(text: str, wanted: Mapping[str, str | int | bool]) -> str:
    """Return ``text`` with the settings of ``wanted``; everything else stays as it is.

    A setting that is missing comes below its commented-out default, or else last.
    """
    lines = text.splitlines()
    for key, raw in wanted.items():
        value = scalar(raw)
        found = [item for item in _statements(lines) if item.key == key]
        line = f"{key} = {_render(value)}"
        if found:
            if found[-1].value != value:
                lines[found[-1].first : found[-1].last] = [line]
        else:
            lines.insert(_place(lines, key), line)
    return "\n".join(lines) + "\n" if lines else ""


def diff(
    text: str, wanted: Mapping[str, str | int | bool], name: str = "qemu.conf"
) -> list[Change]:
    """Return the changes that ``edit`` makes, in the file called ``name``.

    The daemon reads the file when it starts; running domains survive its restart, hence RELOAD.
    """
    have = parse(text)
    changes = []
    for key, raw in wanted.items():
        new, old = scalar(raw), have.get(key)
        if old is None:
            changes.append(Change(Action.CREATE, f"{name}:{key}", None, new, Disruption.RELOAD))
        elif old != new or isinstance(old, int) != isinstance(new, int):
            shown = ", ".join(old) if isinstance(old, tuple) else old
            changes.append(Change(Action.UPDATE, f"{name}:{key}", shown, new, Disruption.RELOAD))
    return changes


def scalar(value: str | int | bool) -> Scalar:
    """Return a pillar value as qemu.conf has it: yes and no are 1 and 0."""
    return int(value) if isinstance(value, bool | int) else value


def _statements(lines: Sequence[str]) -> Iterator[Statement]:
    at = 0
    while at < len(lines):
        first = at
        text = lines[at]
        at += 1
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        match = _KEY.match(text)
        if not match:
            raise KvmhaError(f"qemu.conf line {first + 1}: no setting: {text.strip()!r}")
        value = _value(match.group(2))
        while value is None and at < min(len(lines), first + _LONGEST_LIST):
            text += "\n" + lines[at]
            at += 1
            value = _value(text.split("=", 1)[1].strip())
        if value is None:
            raise KvmhaError(
                f"qemu.conf line {first + 1}: libvirt cannot read the value of {match.group(1)}",
                hint='write text as "text", a number as 1, a list as [ "a", "b" ]',
            )
        yield Statement(match.group(1), value, first, at)


def _value(text: str) -> Value | None:
    """Return the value that ``text`` holds, or None when it is incomplete or none at all."""
    text = text.strip()
    string = _STRING.match(text)
    if string and _is_rest(text[string.end() :]):
        return _unquoted(string)
    number = _NUMBER.match(text)
    if number and _is_rest(text[number.end() :]):
        return int(number.group(0))
    if not text.startswith("["):
        return None
    body = re.sub(r"^\s*#.*$", "", text[1:], flags=re.MULTILINE)
    items: list[str] = []
    at = 0
    while True:
        at += len(body[at:]) - len(body[at:].lstrip(" \t\r\n,"))
        if body[at : at + 1] == "]":
            return tuple(items) if _is_rest(body[at + 1 :]) else None
        string = _STRING.match(body, at)
        if not string:
            return None
        items.append(_unquoted(string))
        at = string.end()


def _is_rest(text: str) -> bool:
    """Tell whether ``text`` is nothing, or a comment behind a value."""
    return not text.strip() or text.strip().startswith("#")


def _unquoted(match: re.Match[str]) -> str:
    return next(text for text in match.groups() if text is not None)


def _render(value: Scalar) -> str:
    if isinstance(value, int):
        return str(value)
    return f"'{value}'" if '"' in value else f'"{value}"'  # virconf.c knows no escapes


def _place(lines: Sequence[str], key: str) -> int:
    """Return the line below the last commented-out ``key`` (its whole list), or the end."""
    commented = re.compile(rf"#\s?{re.escape(key)}\s*=\s*(.*)$")
    places = [number for number, line in enumerate(lines) if commented.match(line)]
    if not places:
        return len(lines)
    at = places[-1]
    opened = commented.match(lines[at])
    if opened and opened.group(1).startswith("[") and "]" not in opened.group(1):
        while at + 1 < len(lines) and lines[at].startswith("#") and "]" not in lines[at]:
            at += 1
    return at + 1
