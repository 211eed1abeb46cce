"""Conditions in forms of Uyuni: their syntax, and whether the fields they name are there.

They are expressions of Jexl over ``formValues``, all values, and ``this``: its ``value``, and
its ``parent``, which has the same two. A mistake hides the field for ever, without a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<value>'[^']*'|"[^"]*"|\d+(?:\.\d+)?|true\b|false\b)
      | (?P<path>(?:this|formValues)(?:\.[A-Za-z_][A-Za-z0-9_]*)*)(?![A-Za-z0-9_])
      | (?P<between>==|!=|<=|>=|<|>|&&|\|\||in\b|[-+*/%])
      | (?P<not>!)
      | (?P<open>\()
      | (?P<close>\))
    )""",
    re.VERBOSE,
)


def mistake(text: str, place: str, form: Mapping[str, Any]) -> str:
    """Return what is wrong with the condition ``text`` of the element at ``place``, or nothing."""
    found, depth, at = _Wanted(), 0, 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            return f"{text[at:].strip()!r} is no part of an expression"
        kind, said = str(token.lastgroup), str(token.group(token.lastgroup or 0))
        at = token.end()
        depth += {"open": 1, "close": -1}.get(kind, 0)
        if depth < 0 or not found.takes(kind):
            return f"{said!r} stands in the wrong place"
        if kind == "path" and not _leads_somewhere(said.split("."), place, form):
            return f"{said} names no field of this form"
    if depth:
        return "a bracket is not closed"
    return "" if found.is_complete else "the expression has no end"


class _Wanted:
    """Whether a value or an operator is next: each comes after the other."""

    def __init__(self) -> None:
        self.is_complete = False  # a value was last

    def takes(self, kind: str) -> bool:
        fits = self.is_complete == (kind in ("between", "close"))
        if kind not in ("not", "open"):
            self.is_complete = kind != "between"
        return fits


def _leads_somewhere(steps: Sequence[str], place: str, form: Mapping[str, Any]) -> bool:
    """Tell whether a path ends at a value of the form; what is within a list is not followed."""
    way = re.sub(r"\[\]", ".[]", place).split(".")
    if steps[0] == "formValues":
        return len(steps) > 1 and _has(form, steps[1:])
    rest = list(steps[1:])
    while way and rest and rest[0] == "parent":
        rest.pop(0)
        way.pop()
    return bool(way and rest and rest[0] == "value") and _has(form, [*way, *rest[1:]])


def _has(form: Any, way: Sequence[str]) -> bool:
    inner: Any = form
    for step in way:
        if not isinstance(inner, Mapping):
            return False
        name = "$prototype" if step == "[]" else step
        if name not in inner:
            return False
        inner = inner[name]
    return True
