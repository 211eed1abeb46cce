"""LVM's ``lvm.conf``: ``section { key = value }``, comments behind ``#``.

A setting is named by its path, ``global/use_lvmlockd``. Everything that is not edited stays
letter for letter. Source: lvm.conf(5), "Syntax".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kvmha.errors import KvmhaError

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<string>"(?:\\.|[^"\\])*"|'[^']*')
      | (?P<word>[^\s{}=\[\],\#"']+)
      | (?P<mark>[{}=\[\],])
      | (?P<space>\s+)""",
    re.VERBOSE | re.DOTALL,
)
_INDENT = " " * 4


@dataclass(frozen=True)
class Setting:
    """One ``key = value``: its path, its value as written, and where in the text they stand."""

    path: str
    value: str
    start: int
    value_start: int
    end: int


@dataclass(frozen=True)
class _Token:
    text: str
    start: int
    end: int


def parse(text: str) -> dict[str, str]:
    """Return the settings by their paths, values as written; of equal paths the last counts.

    Raises KvmhaError with the line that cannot be read.
    """
    found: dict[str, str] = {}
    for setting in _settings(text):
        found[setting.path] = setting.value
    return found


def edit(text: str, wanted: Mapping[str, str | None]) -> str:
    """Return ``text`` with the settings of ``wanted``; a value None takes a setting out.

    A setting that is missing comes below its commented-out default, or else first in its
    section, or else in a section of its own at the end.
    """
    for path, value in wanted.items():
        found = [setting for setting in _settings(text) if setting.path == path]
        for setting in reversed(found):
            if value is None:
                text = _without(text, setting)
            else:
                text = text[: setting.value_start] + value + text[setting.end :]
        if value is not None and not found:
            text = _with(text, path, value)
    return text


def _settings(text: str) -> Iterator[Setting]:
    tokens = list(_tokens(text))
    inside: list[str] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        following = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if token.text == "}" and inside:
            inside.pop()
            index += 1
        elif following == "{":
            inside.append(token.text)
            index += 2
        elif following == "=" and index + 2 < len(tokens):
            last = _value_ends(tokens, index + 2)
            start, end = tokens[index + 2].start, tokens[last].end
            yield Setting("/".join([*inside, token.text]), text[start:end], token.start, start, end)
            index = last + 1
        else:
            raise _unreadable(text, token.start)
    if inside:
        raise KvmhaError(f"lvm.conf: section {'/'.join(inside)} has no end")


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        if match.lastgroup not in ("comment", "space"):
            yield _Token(match[0], match.start(), match.end())
        at = match.end()


def _value_ends(tokens: list[_Token], index: int) -> int:
    """Return the index of the last token of the value that begins at ``index``."""
    if tokens[index].text != "[":
        return index
    while index < len(tokens) - 1 and tokens[index].text != "]":
        index += 1
    return index


def _unreadable(text: str, at: int) -> KvmhaError:
    line = text.count("\n", 0, at)
    return KvmhaError(f"lvm.conf cannot be read: line {line + 1}: {text.splitlines()[line]!r}")


def _without(text: str, setting: Setting) -> str:
    """Take a setting out, with its line if it stands there alone."""
    start = text.rfind("\n", 0, setting.start) + 1
    stop = text.find("\n", setting.end)
    stop = len(text) if stop < 0 else stop + 1
    around = text[start : setting.start] + text[setting.end : stop]
    return text[:start] + ("" if not around.strip() else around) + text[stop:]


def _with(text: str, path: str, value: str) -> str:
    section, _, key = path.rpartition("/")
    line = f"{_INDENT}{key} = {value}\n"
    # The file as shipped explains every setting above a line such as "# use_lvmlockd = 0".
    default = re.search(rf"^([ \t]*)#[ \t]*{re.escape(key)}[ \t]*=[^\n]*\n", text, re.MULTILINE)
    if default and _section_at(text, default.end()) == section:
        return f"{text[: default.end()]}{default[1]}{key} = {value}\n{text[default.end() :]}"
    opened = _opening(text, section)
    if opened is not None:
        return f"{text[:opened]}\n{line.rstrip()}{text[opened:]}"
    gap = "\n" if text and not text.endswith("\n") else ""
    return f"{text}{gap}{section} {{\n{line}}}\n"


def _section_at(text: str, at: int) -> str:
    inside: list[str] = []
    before = ""
    for token in _tokens(text):
        if token.start >= at:
            break
        if token.text == "{":
            inside.append(before)
        elif token.text == "}" and inside:
            inside.pop()
        before = token.text
    return "/".join(inside)


def _opening(text: str, section: str) -> int | None:
    """Return where the first ``section {`` ends, None where there is none."""
    before = ""
    inside: list[str] = []
    for token in _tokens(text):
        if token.text == "{":
            inside.append(before)
            if "/".join(inside) == section:
                return token.end
        elif token.text == "}" and inside:
            inside.pop()
        before = token.text
    return None
