"""A pillar file's mistakes with their lines.

Works on the tree that ``yaml.compose`` returns: its nodes have an ``id`` (mapping, sequence,
scalar), a ``value`` and a ``start_mark``. PyYAML itself is the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kvmha.errors import Problem

KEY = "kvmha"
_MERGE = "tag:yaml.org,2002:merge"
_JINJA = re.compile(r"\{[{%#]")
_SHEBANG = re.compile(r"\A#!\s*(\S+)")
_INDEX = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Finding:
    """A mistake in a file; lines and columns count from 1."""

    line: int
    column: int
    problem: Problem

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.problem}"


def unrendered(text: str) -> Finding | None:
    """Return why ``text`` is no plain YAML, or None: what a template says is known to Salt alone.

    A first line ``#!yaml`` means that Salt does not render Jinja; without one it does.
    """
    shebang = _SHEBANG.match(text)
    renderers = shebang.group(1).split("|") if shebang else ["jinja", "yaml"]
    hint = "check what it renders to: salt-run pillar.show_pillar MINION --out=yaml > FILE"
    if renderers[-1] not in ("yaml", "json") or set(renderers) - {"jinja", "yaml", "json"}:
        message = f"is written for the renderer {'|'.join(renderers)}, only YAML can be checked"
        return Finding(1, 1, Problem("file", message, hint, "NOT_YAML"))
    jinja = _JINJA.search(text) if "jinja" in renderers else None
    if jinja is None:
        return None
    message = "has Jinja in it: its lines are not those that Salt reads"
    where = _line_and_column(text, jinja.start())
    return Finding(*where, Problem("file", message, hint, "JINJA"))


def not_yaml(error: Any, text: str) -> Finding:
    """Return the finding for an error of PyYAML over ``text``."""
    mark = getattr(error, "problem_mark", None)
    words = (getattr(error, "context", ""), getattr(error, "problem", ""))
    message = "; ".join(filter(None, words)) or str(error).partition("\n")[0]
    problem = Problem("file", f"is no YAML: {message}", _advice(message), "NOT_YAML")
    if mark is None:  # an error of its reader: a character that YAML does not allow
        return Finding(*_line_and_column(text, getattr(error, "position", 0)), problem)
    return Finding(mark.line + 1, mark.column + 1, problem)


def without_key(root: Any) -> Finding | None:
    """Return the finding for a file that does not hold the key ``kvmha``, or None."""
    if root is not None and root.id == "mapping" and any(key.value == KEY for key, _ in root.value):
        return None
    hint = f"put the document below a line '{KEY}:'"
    problem = Problem("file", f"has no key {KEY} at its top", hint, "MISSING")
    return Finding(*_position(root), problem) if root is not None else Finding(1, 1, problem)


def located(root: Any, problems: Iterable[Problem]) -> list[Finding]:
    """Return ``problems`` of the document below ``kvmha``, each with the line of its place.

    A place that is not in the file, such as that of a missing key, has the line of the
    nearest one above it.
    """
    return [Finding(*_position(_deepest(root, problem.place)), problem) for problem in problems]


def repeated_keys(root: Any) -> Iterator[Finding]:
    """Yield keys that stand twice in one mapping: YAML keeps the last, Salt refuses the file."""
    seen: set[int] = set()
    waiting = [(root, "")] if root is not None else []
    while waiting:
        node, place = waiting.pop(0)
        if id(node) in seen or node.id == "scalar":
            continue
        seen.add(id(node))  # an alias is its anchor once more
        yield from _repeated(node, place)
        waiting += [(below, _join(place, step)) for step, below in _children(node)]


def _repeated(node: Any, place: str) -> Iterator[Finding]:
    first: dict[tuple[str, str], Any] = {}
    for key, _ in node.value if node.id == "mapping" else ():
        if key.id != "scalar":
            continue
        earlier = first.setdefault((key.tag, key.value), key)
        if earlier is not key:
            line, column = _position(key)
            message = f"is there already, on line {_position(earlier)[0]}"
            hint = "keep one of them: Salt refuses the file, other readers take the last"
            where = _join(place, key.value).removeprefix(f"{KEY}.")
            yield Finding(line, column, Problem(where, message, hint, "KEY_REPEATED"))


def _deepest(root: Any, place: str) -> Any:
    """Return the node that marks ``place``: the key of a mapping, the item of a list."""
    marker, node = root, root
    rest = place if place == KEY else f"{KEY}.{place}"
    while rest and node is not None:
        marker, node, rest = _step(node, rest, marker)
    return marker


def _step(node: Any, rest: str, marker: Any) -> tuple[Any, Any, str]:
    """Go one key or index down; return its marker, its node (None: no further) and the rest."""
    index = _INDEX.match(rest)
    if index and node.id == "sequence" and int(index.group(1)) < len(node.value):
        item = node.value[int(index.group(1))]
        return item, item, rest[index.end() :].lstrip(".")
    fitting = [
        (key, value)
        for key, value in _pairs(node)
        if rest == key.value or rest.startswith((f"{key.value}.", f"{key.value}["))
    ]
    if not fitting:
        return marker, None, rest
    # Keys may hold dots; of equal ones YAML takes the last.
    key, value = max(reversed(fitting), key=lambda pair: len(pair[0].value))
    return key, value, rest[len(key.value) :].lstrip(".")


def _pairs(node: Any) -> list[tuple[Any, Any]]:
    """Return the keys of a mapping with their values, after those merged into it (``<<``)."""
    own: list[tuple[Any, Any]] = []
    merged: list[Any] = []
    for key, value in node.value if node.id == "mapping" else ():
        if key.tag == _MERGE:
            merged += value.value if value.id == "sequence" else [value]
        elif key.id == "scalar":
            own.append((key, value))
    return [pair for other in merged for pair in _pairs(other)] + own


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    if node.id == "sequence":
        yield from ((f"[{index}]", item) for index, item in enumerate(node.value))
    else:
        yield from ((str(key.value), value) for key, value in node.value)


def _join(place: str, step: str) -> str:
    return f"{place}.{step}" if place and not step.startswith("[") else f"{place}{step}"


def _position(node: Any) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _advice(message: str) -> str:
    if "'\\t'" in message:
        return "indent with blanks, not with tabs"
    if "character #x" in message:
        return "take the character out"
    return "look at the indentation, colons, quotes and brackets there and above"
