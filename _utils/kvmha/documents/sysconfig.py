"""Files of ``KEY=value`` lines, as in /etc/sysconfig and /etc/default.

They are read by shells and by systemd's EnvironmentFile= alike, so values are written in the
form that both understand: bare words, or double quotes (systemd.exec(5), EnvironmentFile).
What is not ours (comments, order, other keys, lines of shell) is kept byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kvmha.plan import Action, Change, Disruption

_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$", re.DOTALL)
_COMMENTED = re.compile(r"^\s*[#;]\s*([A-Za-z_]\w*)=")
_BARE = re.compile(r"^[\w./:,@%+=-]+$", re.ASCII)


@dataclass(frozen=True)
class Line:
    """One line, or several where quotes span them; ``key`` is empty for anything else."""

    text: str
    key: str = ""
    value: str = ""


@dataclass(frozen=True)
class Sysconfig:
    """A parsed file."""

    lines: tuple[Line, ...] = ()

    def get(self, key: str) -> str | None:
        """Return the value in force, that of the last assignment; None when there is none."""
        found = [line.value for line in self.lines if line.key == key]
        return found[-1] if found else None

    def set(self, key: str, value: str) -> Sysconfig:
        """Return a file in which ``key`` is ``value``.

        The last assignment is rewritten where it stands; otherwise a new one follows the line
        that mentions the key in a comment, or the end of the file.
        """
        new = Line(f"{key}={quoted(value)}", key, value)
        lines = list(self.lines)
        for index in range(len(lines) - 1, -1, -1):
            if lines[index].key == key:
                lines[index] = new
                return Sysconfig(tuple(lines))
        for index in range(len(lines) - 1, -1, -1):
            mention = _COMMENTED.match(lines[index].text)
            if mention and mention.group(1) == key:
                lines.insert(index + 1, new)
                return Sysconfig(tuple(lines))
        return Sysconfig((*lines, new))

    def render(self) -> str:
        """Return the text of the file, which ends with a newline unless it is empty."""
        return "".join(f"{line.text}\n" for line in self.lines)


def parse(text: str) -> Sysconfig:
    """Return the file that ``text`` is; lines that assign nothing are kept as they are."""
    lines: list[Line] = []
    pending = text.splitlines()
    while pending:
        raw = pending.pop(0)
        match = _ASSIGNMENT.match(raw)
        if not match:
            lines.append(Line(raw))
            continue
        whole, value = _closed(match.group(2), pending)
        prefix = raw[: match.start(2)]
        lines.append(Line(prefix + whole, match.group(1), value))
    return Sysconfig(tuple(lines))


def quoted(value: str) -> str:
    """Return ``value`` as it is written after the equals sign."""
    if _BARE.match(value):
        return value
    return '"' + re.sub(r'([\\"$`])', r"\\\1", value) + '"'


def diff(
    path: str,
    current: Sysconfig | None,
    wanted: Mapping[str, str],
    *,
    disruption: Disruption = Disruption.NONE,
    same: Callable[[str, str, str], bool] = lambda _key, old, new: old == new,
) -> tuple[Change, ...]:
    """Return what differs between ``current`` (None: no such file) and ``wanted``.

    Addresses are ``sysconfig:PATH:KEY``. ``same`` gets key, old and new value, and tells
    whether they mean the same. Keys that ``wanted`` does not name are not looked at.
    """
    changes = []
    for key, new in wanted.items():
        old = current.get(key) if current else None
        if old is not None and same(key, old, new):
            continue
        action = Action.CREATE if old is None else Action.UPDATE
        changes.append(Change(action, f"sysconfig:{path}:{key}", old, new, disruption))
    return tuple(changes)


def changed(current: Sysconfig | None, path: str, changes: tuple[Change, ...]) -> Sysconfig:
    """Return ``current`` with those of ``changes`` done that ``diff`` made for ``path``."""
    document = current or Sysconfig()
    for change in changes:
        head, _, key = change.address.rpartition(":")
        if head == f"sysconfig:{path}":
            document = document.set(key, str(change.new))
    return document


def _closed(raw: str, pending: list[str]) -> tuple[str, str]:
    """Take lines from ``pending`` until the quotes of ``raw`` close; return text and value."""
    whole = raw
    for taken in range(len(pending) + 1):
        if taken:
            whole = f"{whole}\n{pending[taken - 1]}"
        value = _word(whole)
        if value is not None:
            del pending[:taken]
            return whole, value
    return raw, raw.strip()


def _word(text: str) -> str | None:
    """Return the first word of ``text`` as a shell reads it; None when a quote stays open."""
    value, quote, escaped = "", "", False
    for char in text:
        if escaped:
            kept = quote == '"' and char not in '\\"$`\n'
            value += f"\\{char}" if kept else "" if char == "\n" else char
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif quote:
            value, quote = (value, "") if char == quote else (value + char, quote)
        elif char in "\"'":
            quote = char
        elif char.isspace():
            break
        else:
            value += char
    return None if quote or escaped else value
