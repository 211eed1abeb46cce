"""``multipath.conf``: sections in braces, ``key value`` a line.

What is not ours is kept, comments and order too. Source: multipath.conf(5): the opening brace is on
the line of the section's name, the closing one alone; values with blanks are in double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kvmha.errors import KvmhaError
from kvmha.plan import Action, Change, Disruption

_OPEN = re.compile(r"([\w-]+)\s*\{\s*(?:[#!].*)?\Z")
_SETTING = re.compile(r'([\w-]+)\s+("(?:[^"]|"")*"|[^\s"#!]+)')
_FILE = "multipath.conf"
Scalar = str | int | bool


@dataclass(frozen=True)
class Line:
    """A setting (``key`` and ``value``) or a section's begin, by the line's number.

    ``section`` holds the numbers of the lines that open the sections around it.
    """

    number: int
    key: str
    value: str
    section: tuple[int, ...]


@dataclass(frozen=True)
class Wanted:
    """What the pillar says of the file; ``aliases`` is WWID -> settings, ``alias`` among them."""

    defaults: Mapping[str, Scalar]
    blacklist: tuple[tuple[str, str], ...]
    aliases: Mapping[str, Mapping[str, Scalar]]


class Conf:
    """A parsed file. Raises KvmhaError, naming the line, where braces do not match."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.settings: list[Line] = []
        self.opened: dict[int, tuple[str, tuple[int, ...]]] = {}
        self.closed: dict[int, int] = {}
        self._parse()

    def sections(self, name: str, within: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
        """Return the sections called ``name`` that are directly within another."""
        return [
            (*outer, number)
            for number, (found, outer) in self.opened.items()
            if found == name and outer == within
        ]

    def of(self, section: tuple[int, ...]) -> Iterator[Line]:
        """Yield the settings that are directly in ``section``."""
        return (line for line in self.settings if line.section == section)

    def values(self, section: tuple[int, ...]) -> dict[str, str]:
        """Return the settings of ``section``; the last of equal keys counts."""
        return {line.key: line.value for line in self.of(section)}

    def disk(self, wwid: str) -> tuple[int, ...] | None:
        """Return the section ``multipath`` of the disk ``wwid``, or None."""
        for outer in self.sections("multipaths"):
            for section in self.sections("multipath", outer):
                if self.values(section).get("wwid") == wwid:
                    return section
        return None

    def aliases(self) -> dict[str, str]:
        """Return WWID -> alias of all disks that have one."""
        sections = (s for o in self.sections("multipaths") for s in self.sections("multipath", o))
        found = (self.values(section) for section in sections)
        return {each["wwid"]: each["alias"] for each in found if {"wwid", "alias"} <= each.keys()}

    def _parse(self) -> None:
        around: tuple[int, ...] = ()
        for number, raw in enumerate(self.lines):
            text = raw.strip()
            if not text or text[0] in "#!":
                continue
            if match := _OPEN.match(text):
                self.opened[number] = (match[1], around)
                around = (*around, number)
            elif text[0] == "}":
                if not around:
                    raise KvmhaError(f"{_FILE}:{number + 1}: a brace closes nothing", hint=text)
                self.closed[around[-1]] = number
                around = around[:-1]
            elif match := _SETTING.match(text):
                self.settings.append(Line(number, match[1], _unquoted(match[2]), around))
        if around:
            raise KvmhaError(
                f"{_FILE}:{around[-1] + 1}: this section is never closed", hint="close it by hand"
            )


def diff(text: str, wanted: Wanted) -> tuple[Change, ...]:
    """Return what differs; addresses are ``multipath.conf:SECTION.KEY``. Needs a reload."""
    conf = Conf(text)
    changes = []
    for address, old, new in _differences(conf, wanted):
        action = Action.CREATE if old is None else Action.UPDATE
        changes.append(Change(action, f"{_FILE}:{address}", old, new, Disruption.RELOAD))
    return tuple(changes)


def edit(text: str, wanted: Wanted) -> str:
    """Return ``text`` with everything of ``wanted`` in it. An alias leaves its former disk."""
    for wwid, alias in Conf(text).aliases().items():
        if wwid not in wanted.aliases and alias in _names(wanted):
            text = without(text, alias)
    for key, value in wanted.defaults.items():
        text = _put(text, ("defaults",), key, _text(value))
    for key, value in wanted.blacklist:
        if (key, value) not in _blacklist(Conf(text)):
            text = _insert(text, ("blacklist",), [f'{key} "{value}"'])
    for wwid, settings in wanted.aliases.items():
        if Conf(text).disk(wwid) is None:
            lines = ["multipath {", f'\twwid "{wwid}"', "}"]
            text = _insert(text, ("multipaths",), lines)
        for key, value in settings.items():
            text = _put_at(text, Conf(text).disk(wwid) or (), key, _text(value))
    return text


def without(text: str, alias: str) -> str:
    """Return ``text`` without the sections of disks that are called ``alias``."""
    conf = Conf(text)
    gone: set[int] = set()
    for outer in conf.sections("multipaths"):
        for section in conf.sections("multipath", outer):
            if conf.values(section).get("alias") == alias:
                gone.update(range(section[-1], conf.closed[section[-1]] + 1))
    return "".join(f"{line}\n" for n, line in enumerate(conf.lines) if n not in gone)


def _differences(conf: Conf, wanted: Wanted) -> Iterator[tuple[str, str | None, str]]:
    defaults: dict[str, str] = {}
    for section in conf.sections("defaults"):
        defaults |= conf.values(section)
    yield from _unequal("defaults", defaults, wanted.defaults)
    there = _blacklist(conf)
    for key, value in wanted.blacklist:
        if (key, value) not in there:
            yield f"blacklist.{key}[{value}]", None, value
    for wwid, settings in wanted.aliases.items():
        disk = conf.disk(wwid)
        yield from _unequal(f"multipaths[{wwid}]", conf.values(disk) if disk else {}, settings)
    for wwid, alias in conf.aliases().items():
        if wwid not in wanted.aliases and alias in _names(wanted):
            yield f"multipaths[{wwid}].alias", alias, "gone, for another disk has the name"


def _unequal(
    place: str, found: Mapping[str, str], wanted: Mapping[str, Scalar]
) -> Iterator[tuple[str, str | None, str]]:
    for key, value in wanted.items():
        if found.get(key) != _text(value):
            yield f"{place}.{key}", found.get(key), _text(value)


def _names(wanted: Wanted) -> set[str]:
    return {str(settings.get("alias")) for settings in wanted.aliases.values()}


def _blacklist(conf: Conf) -> set[tuple[str, str]]:
    sections = conf.sections("blacklist")
    return {(line.key, line.value) for section in sections for line in conf.of(section)}


def _put(text: str, names: tuple[str], key: str, value: str) -> str:
    conf = Conf(text)
    for section in reversed(conf.sections(*names)):
        if key in conf.values(section):
            return _put_at(text, section, key, value)
    return _insert(text, names, [f'{key} "{value}"'])


def _put_at(text: str, section: tuple[int, ...], key: str, value: str) -> str:
    conf = Conf(text)
    found = [line for line in conf.of(section) if line.key == key]
    lines = list(conf.lines)
    indent = "\t" * len(section)
    if not found:
        lines.insert(conf.closed[section[-1]], f'{indent}{key} "{value}"')
    elif found[-1].value != value:
        old = lines[found[-1].number]
        lines[found[-1].number] = f'{old[: len(old) - len(old.lstrip())]}{key} "{value}"'
    return "".join(f"{line}\n" for line in lines)


def _insert(text: str, names: tuple[str], new: list[str]) -> str:
    """Put lines at the end of the last section of a name; make it where there is none."""
    conf = Conf(text)
    indented = [f"\t{line}" for line in new]
    lines = list(conf.lines)
    sections = conf.sections(*names)
    if sections:
        at = conf.closed[sections[-1][-1]]
        lines[at:at] = indented
    else:
        lines += [f"{names[0]} {{", *indented, "}"]
    return "".join(f"{line}\n" for line in lines)


def _text(value: Scalar) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _unquoted(value: str) -> str:
    return value[1:-1].replace('""', '"') if value.startswith('"') else value
