"""``corosync.conf``: parse, render, and an address for every value.

Source: corosync.conf(5) and coroparse.c of corosync 3.1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from kvmha.errors import InvalidInput, Problem
from kvmha.values import canonical

FILE = "corosync.conf"

# Sections that can be repeated, and the keys of which the first that is said tells them apart.
REPEATED = {
    "nodelist.node": ("name", "nodeid", "ring0_addr"),
    "totem.interface": ("linknumber", "ringnumber"),
    "totem.interface.member": ("memberaddr",),
    "logging.logger_subsys": ("subsys",),
    "logging.logging_daemon": ("name", "subsys"),
    "logging.logger": ("ident",),
    "uidgid": ("uid", "gid"),
    "service": ("name",),
}
# Of these, sections with one identity are one section to corosync.
_MERGED = frozenset({"totem.interface", "logging.logger_subsys"})


@dataclass
class Entry:
    """``key: value``; a comment has the key ``#``. ``line`` is where it was read, or 0."""

    key: str
    value: str
    line: int = field(default=0, compare=False)


@dataclass
class Section:
    """``name { ... }``; the document itself is the section without a name."""

    name: str = ""
    items: list[Entry | Section] = field(default_factory=list)

    def sections(self, name: str) -> list[Section]:
        """Return the sections directly below that are called ``name``."""
        return [item for item in self.items if isinstance(item, Section) and item.name == name]

    def section(self, name: str) -> Section:
        """Return the last section called ``name``; append one when there is none."""
        found = self.sections(name)
        if not found:
            found = [Section(name)]
            self.items.append(found[0])
        return found[-1]

    def get(self, key: str) -> str | None:
        """Return the value of ``key``, the last one as corosync does, or None."""
        values = [item.value for item in self.items if isinstance(item, Entry) and item.key == key]
        return values[-1] if values else None

    def set(self, key: str, value: str | None) -> None:
        """Make ``key`` say ``value`` in its present place; None removes it.

        A value that means the same already is left as it is written.
        """
        entries = [item for item in self.items if isinstance(item, Entry) and item.key == key]
        for extra in entries if value is None else entries[:-1]:
            self.drop(extra)
        if value is None:
            return
        if not entries:
            self.items.append(Entry(key, value))
        elif canonical(entries[-1].value) != canonical(value):
            entries[-1].value = value

    def drop(self, item: Entry | Section) -> None:
        """Take out ``item`` itself, not one that equals it."""
        self.items = [other for other in self.items if other is not item]


def parse(text: str) -> Section:
    """Return the document in ``text``; unknown sections and keys are kept as they are.

    Raises InvalidInput with every line that corosync 3 would refuse, and those that are
    not UTF-8 (``surrogateescape``d in ``text``) outside of comments.
    """
    root = Section()
    open_sections = [root]
    problems = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(" \t\r")
        if not line:
            continue
        if line.startswith("#"):
            open_sections[-1].items.append(Entry("#", line[1:].strip(), number))
        elif reason := _refused(line, len(open_sections)):
            problems.append(Problem(f"{FILE}:{number}", reason))
        elif "{" in line:
            section = Section(line[:-1].strip(" \t\r"))
            open_sections[-1].items.append(section)
            open_sections.append(section)
        elif ":" in line:
            key, value = line.split(":", 1)
            entry = Entry(key.strip(" \t\r"), value.strip(" \t\r"), number)
            open_sections[-1].items.append(entry)
        else:
            open_sections.pop()
    problems += [Problem(FILE, f"section {left.name} is not closed") for left in open_sections[1:]]
    if problems:
        raise InvalidInput(FILE, problems)
    return root


def _refused(line: str, depth: int) -> str:
    """Return why corosync cannot read ``line``, or nothing. Order as in coroparse.c."""
    if any("\ud800" <= char <= "\udfff" for char in line):
        return "is no UTF-8 text"
    if "{" in line:
        name, _, rest = line.partition("{")
        if rest:
            return "extra characters after an opening brace"
        return "" if name.strip() else "opening brace without the name of a section"
    if ":" in line:
        return ""
    if line != "}":
        return f"{line!r} is neither a section nor `key: value`"
    return "closing brace without an open section" if depth == 1 else ""


def render(document: Section) -> str:
    """Return the text of ``document``, which ``parse`` reads back to the same."""
    return "\n".join(_lines(document, 0)) + "\n"


def _lines(section: Section, depth: int) -> Iterator[str]:
    indent = "    " * depth
    for item in section.items:
        if isinstance(item, Section):
            yield f"{indent}{item.name} {{"
            yield from _lines(item, depth + 1)
            yield f"{indent}}}"
        elif item.key == "#":
            yield f"{indent}# {item.value}".rstrip()
        else:
            yield f"{indent}{item.key}: {item.value}"


def flatten(document: Section, labels: Mapping[int, str] | None = None) -> dict[str, str]:
    """Return every value under its address, such as ``nodelist.node[ha-host1].ring0_addr``.

    ``labels`` gives sections, by their ``id()``, another label than their own.
    """
    return {address: entry.value for address, entry in walk(document, labels or {})}


def walk(document: Section, labels: Mapping[int, str]) -> Iterator[tuple[str, Entry]]:
    """Yield every value, comments apart, with its address; see ``flatten``."""
    yield from _walk(document, labels, "", "", {})


def _walk(
    section: Section, labels: Mapping[int, str], path: str, prefix: str, used: dict[str, int]
) -> Iterator[tuple[str, Entry]]:
    for item in section.items:
        if isinstance(item, Entry):
            if item.key != "#":
                yield f"{prefix}{item.key}", item
            continue
        below = f"{path}{item.name}"
        address = f"{prefix}{item.name}"
        if below in REPEATED:
            index = used[address] = used.get(address, -1) + 1
            label = labels.get(id(item)) or identity(below, item) or str(index)
            if f"{address}[{label}]" in used and below not in _MERGED:
                label = f"{label}#{index}"
            address = f"{address}[{label}]"
            used[address] = 0
        yield from _walk(item, labels, f"{below}.", f"{address}.", used)


def identity(path: str, section: Section) -> str:
    """Return what tells this section at ``path`` from others of its name, or nothing.

    An interface without a number is that of link 0.
    """
    said = next((value for key in REPEATED[path] if (value := section.get(key))), "")
    return said or ("0" if path == "totem.interface" else "")


def entries(
    scope: Section, repeated: Collection[str], prefix: str = ""
) -> Iterator[tuple[str, Section, Entry]]:
    """Yield path, section and entry of every value of ``scope``, comments apart.

    The sections at the paths ``repeated`` are scopes of their own and left out.
    """
    for item in scope.items:
        if isinstance(item, Section):
            if f"{prefix}{item.name}" not in repeated:
                yield from entries(item, repeated, f"{prefix}{item.name}.")
        elif item.key != "#":
            yield f"{prefix}{item.key}", scope, item


def put(scope: Section, path: str, value: str | None, repeated: Collection[str]) -> Entry | None:
    """Make the value at ``path`` say ``value`` where it stands; None removes it.

    Of several the last counts, as in corosync; the others go.
    """
    found = [(home, entry) for at, home, entry in entries(scope, repeated) if at == path]
    for home, entry in found if value is None else found[:-1]:
        home.drop(entry)
    if value is None:
        return None
    *way, key = path.split(".")
    if not found:
        home = scope
        for name in way:
            home = home.section(name)
        added = Entry(key, value)
        home.items.append(added)
        return added
    entry = found[-1][1]
    if canonical(entry.value) != canonical(value):
        entry.value = value
    return entry


def at(scope: Section, path: str) -> list[Section]:
    """Return the sections at ``path``, in the order of the file."""
    found = [scope]
    for name in path.split("."):
        found = [below for section in found for below in section.sections(name)]
    return found


def nodes(document: Section) -> list[Section]:
    """Return the ``node`` sections of every nodelist."""
    return at(document, "nodelist.node")


def same_node(candidates: list[Section], wanted: Section) -> Section | None:
    """Return the section among ``candidates`` that describes the node ``wanted``, or None.

    A node keeps its identity under a new name, id or address, as long as one of them stays.
    """
    for key in REPEATED["nodelist.node"]:
        value = wanted.get(key)
        found = [node for node in candidates if value and node.get(key) == value]
        if found:
            return found[0]
    return None


def is_placeholder(document: Section) -> bool:
    """Tell whether this is what a package ships: a cluster of one node at the loopback."""
    addresses = [node.get("ring0_addr") or "" for node in nodes(document)]
    return bool(addresses) and all(
        address.startswith("127.") or address in ("::1", "localhost") for address in addresses
    )
