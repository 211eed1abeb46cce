"""The language of forms of Uyuni and SUSE Multi-Linux Manager, checked.

The server checks nothing. What is refused here shows nothing, shows something else, or brings
values into the pillar that nobody wrote. Source: Uyuni, FormulaComponentGenerator.tsx,
EditGroup.tsx (what the browser does) and suma_minion.py (what the pillar gets).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kvmha.errors import Problem
from kvmha.spec import uyuni_expression
from kvmha.spec.kinds import described
from kvmha.values import nearest

_GROUPS = ("group", "namespace", "hidden-group")
_TEXTS = ("text", "email", "url", "date", "time", "password", "color", "datetime", "textarea")
TYPES = (*_GROUPS, *_TEXTS, "number", "boolean", "select", "edit-group")

# Which types an attribute is for; empty: all.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "$type": (),
    "$name": (),
    "$help": (),
    "$scope": (),
    "$visible": (),
    "$disabled": (),
    "$required": (*_TEXTS, "number", "boolean", "select"),
    "$default": (*_TEXTS, "number", "boolean", "select", "edit-group"),
    "$optional": _TEXTS,
    "$ifEmpty": _TEXTS,
    "$match": _TEXTS,
    "$cols": ("textarea",),
    "$rows": ("textarea",),
    "$values": ("select",),
    "$min": ("number",),
    "$max": ("number",),
    "$minItems": ("edit-group",),
    "$maxItems": ("edit-group",),
    "$itemName": ("edit-group",),
    "$prototype": ("edit-group",),
}
_FORBIDDEN = {
    "$placeholder": "an empty field can arrive as its placeholder: say it in $help",
    "$visibleIf": "it is deprecated: write $visible",
}
_LOST = "the value False or 0 would not arrive"
_SCOPES = ("system", "group", "readonly")
_CONDITIONS = ("$visible", "$disabled", "$required")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True)
class Element:
    """One element of a form: its place (``kvmha.nodes[].id``) and what it says."""

    place: str
    says: Mapping[str, Any]
    form: Mapping[str, Any]

    @property
    def type(self) -> str:
        """The type, which is text where none is said."""
        return str(self.says.get("$type", "text"))

    @property
    def children(self) -> dict[str, Any]:
        """The elements within a group."""
        return {name: says for name, says in self.says.items() if not str(name).startswith("$")}

    def problem(self, attribute: str, message: str, hint: str, code: str) -> Problem:
        """Return a problem at one of the attributes, or at the element itself."""
        return Problem(
            f"{self.place}.{attribute}" if attribute else self.place, message, hint, code
        )


def form_problems(form: Any) -> list[Problem]:
    """Return all that is wrong with a form, which is what ``form.yml`` holds."""
    if not isinstance(form, Mapping) or not form:
        return [Problem("form", "wanted a mapping of elements", "begin with a group", "FORM_SHAPE")]
    return [problem for name, says in form.items() for problem in _walk(name, says, "", form)]


def _walk(
    name: Any, says: Any, place: str, form: Mapping[str, Any], *, key: bool = False
) -> Iterator[Problem]:
    where = f"{place}.{name}" if place else str(name)
    if not key and not _KEY.match(str(name)):
        hint = "letters, digits and '_': expressions cannot name others"
        yield Problem(where, "is no key for a form", hint, "FORM_KEY")
    if not isinstance(says, Mapping):
        hint = "write $type and what belongs to it; attributes begin with '$'"
        yield Problem(where, f"is no element but {described(says)}", hint, "FORM_SHAPE")
        return
    yield from _element(Element(where, says, form))


def _element(element: Element) -> Iterator[Problem]:
    if element.type not in TYPES:
        hint = nearest(element.type, TYPES) or f"known are {', '.join(TYPES)}"
        yield element.problem("$type", f"{element.type!r} is unknown", hint, "FORM_TYPE")
        return
    yield from _attributes(element)
    yield from _conditions(element)
    if element.type == "edit-group":
        yield from _edit_group(element)
    elif element.type in _GROUPS:
        if not element.children:
            yield element.problem("", "is an empty group", "put elements into it", "FORM_SHAPE")
    else:
        yield from _values(element)
        yield from _default(element)
    if element.children and element.type not in _GROUPS:
        hint = "only groups hold elements; an edit-group has them in $prototype"
        yield element.problem("", "holds elements", hint, "FORM_SHAPE")
    for name, says in element.children.items():
        yield from _walk(name, says, element.place, element.form)


def _attributes(element: Element) -> Iterator[Problem]:
    for name in element.says:
        if not str(name).startswith("$") or name == "$key":
            continue
        if name in _FORBIDDEN:
            yield element.problem(name, "is not to be used", _FORBIDDEN[name], "FORM_TRAP")
        elif name not in ATTRIBUTES:
            hint = nearest(str(name), list(ATTRIBUTES)) or f"known are {', '.join(ATTRIBUTES)}"
            yield element.problem(name, "is no attribute", hint, "FORM_ATTRIBUTE")
        elif ATTRIBUTES[name] and element.type not in ATTRIBUTES[name]:
            trap = name in ("$optional", "$ifEmpty")
            hint = _LOST if trap else f"it is for {', '.join(ATTRIBUTES[name])}"
            code = "FORM_TRAP" if trap else "FORM_ATTRIBUTE"
            yield element.problem(name, f"is not for {element.type}", hint, code)
    if element.says.get("$scope", "system") not in _SCOPES:
        hint = f"one of {', '.join(_SCOPES)}"
        yield element.problem(
            "$scope", f"{element.says['$scope']!r} is unknown", hint, "FORM_SCOPE"
        )


def _conditions(element: Element) -> Iterator[Problem]:
    for name in _CONDITIONS:
        condition = element.says.get(name)
        if condition is None or isinstance(condition, bool):
            continue
        wrong = uyuni_expression.mistake(str(condition), element.place, element.form)
        if wrong:
            hint = "for example this.parent.value.failover or formValues.kvmha.cluster.name != ''"
            yield element.problem(name, wrong, hint, "FORM_EXPRESSION")


def _values(element: Element) -> Iterator[Problem]:
    if element.type == "select":
        values = element.says.get("$values")
        if not isinstance(values, Sequence) or isinstance(values, str) or not values:
            yield element.problem("$values", "wanted a list", "say the choices", "FORM_VALUES")
        elif len(set(map(str, values))) < len(values):
            yield element.problem("$values", "has repeats", "say each once", "FORM_VALUES")
    pattern = element.says.get("$match")
    if pattern is not None and _compiled(pattern) is None:
        message = f"{pattern!r} is no regular expression"
        yield element.problem("$match", message, "the browser ignores it", "FORM_MATCH")
    low, high = (element.says.get(name) for name in ("$min", "$max"))
    for name, bound in (("$min", low), ("$max", high)):
        if bound is not None and not _is_number(bound):
            yield element.problem(name, f"{bound!r} is no number", "write one", "FORM_LIMIT")
            return
    if low is not None and high is not None and low > high:
        yield element.problem("$min", f"{low} is above $max, {high}", "swap them", "FORM_LIMIT")


def _default(element: Element) -> Iterator[Problem]:
    if "$default" not in element.says:
        hint = "write one: until someone saves the form, the pillar gets ''"
        yield element.problem("$default", "is missing", hint, "FORM_DEFAULT")
    elif not _fits(element.says["$default"], element):
        message = f"{element.says['$default']!r} does not fit the {element.type}"
        hint = "quote text; stay within $values, $min, $max and $match"
        yield element.problem("$default", message, hint, "FORM_DEFAULT")


def _fits(value: Any, element: Element) -> bool:
    """Tell whether ``value`` is one of the element; ``''`` is an empty number, too."""
    says = element.says
    if element.type == "boolean":
        return isinstance(value, bool)
    if element.type == "select":
        values = says.get("$values")
        return isinstance(values, Sequence) and value in list(values)
    if element.type == "number" and value != "":
        low, high = says.get("$min", value), says.get("$max", value)
        numbers = all(_is_number(number) for number in (low, value, high))
        return numbers and low <= value <= high
    if not isinstance(value, str):
        return False
    pattern = _compiled(says.get("$match"))
    return pattern is None or pattern.fullmatch(value) is not None


def _compiled(pattern: Any) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if isinstance(pattern, str) else None
    except re.error:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _edit_group(element: Element) -> Iterator[Problem]:
    yield from _bounds(element)
    prototype = element.says.get("$prototype")
    if not isinstance(prototype, Mapping) or not prototype:
        hint = "say what one item is: a $type, or elements by their names"
        yield element.problem("$prototype", "is missing", hint, "FORM_PROTOTYPE")
        return
    children = [name for name in prototype if not str(name).startswith("$")]
    item = Element(f"{element.place}[]", prototype, element.form)
    if children and prototype.get("$type", "group") != "group":
        hint = "a prototype is one value with a $type, or a group of elements"
        yield item.problem("", "is both", hint, "FORM_PROTOTYPE")
        return
    if children:
        item = Element(item.place, {"$type": "group", **prototype}, element.form)
    if "$key" in prototype:
        yield from _walk("$key", prototype["$key"], item.place, element.form, key=True)
    yield from _element(item)
    yield from _items(element, item)


def _bounds(element: Element) -> Iterator[Problem]:
    bounds = [element.says.get(name) for name in ("$minItems", "$maxItems")]
    counts = [bound for bound in bounds if bound is not None]
    whole = all(isinstance(bound, int) and bound >= 0 for bound in counts)
    if not whole or counts != sorted(counts):
        hint = "whole numbers, the smaller first"
        yield element.problem("$minItems", "and $maxItems do not fit", hint, "FORM_LIMIT")


def _items(element: Element, item: Element) -> Iterator[Problem]:
    """Check the default of an edit-group: a mapping where items have a $key, else a list."""
    wanted, words = (Mapping, "mapping") if "$key" in item.says else (Sequence, "list")
    default = element.says.get("$default")
    if default is None or isinstance(default, str) or not isinstance(default, wanted):
        message = f"wanted a {words}, found {described(default)}"
        yield element.problem("$default", message, f"write an empty {words}", "FORM_DEFAULT")
        return
    most = element.says.get("$maxItems")
    if isinstance(most, int) and len(default) > most:
        yield element.problem("$default", "has more than $maxItems", "leave out", "FORM_DEFAULT")
    values = default.values() if isinstance(default, Mapping) else default
    for value in values:
        if item.children:
            fits = isinstance(value, Mapping) and set(value) <= set(item.children)
        else:
            fits = _fits(value, item)
        if not fits:
            hint = "say it as $prototype does"
            yield element.problem("$default", f"{value!r} does not fit", hint, "FORM_DEFAULT")
