"""What a form of Uyuni brings into the pillar: a model of its browser and server side.

Sources: Uyuni, FormulaComponentGenerator.tsx (values of a form, sample items, what is cleaned
when it is saved) and suma_minion.py (defaults where nothing was saved).
"""

from __future__ import annotations

import copy
from typing import Any

GROUPS = ("group", "namespace", "hidden-group")
NOTHING = object()


def pillar_from(form: dict[str, Any], answers: Any = NOTHING) -> dict[str, Any]:
    """Return the pillar of a form: as assigned and never saved, or saved with ``answers``.

    ``answers`` are shaped like the pillar; what they leave out stays as the form shows it.
    """
    if answers is NOTHING:
        return {name: _unsaved(element) for name, element in form.items()}
    shown = {name: _shown(each, answers.get(name, NOTHING)) for name, each in form.items()}
    return {name: _cleaned(shown[name], form[name]) for name in form}


def _type(element: dict[str, Any]) -> str:
    return element.get("$type", "text")


def _children(element: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in element.items() if not name.startswith("$")}


def _unsaved(element: dict[str, Any]) -> Any:
    if _type(element) in GROUPS:
        return {name: _unsaved(each) for name, each in _children(element).items()}
    return copy.deepcopy(element.get("$default", element.get("$placeholder", "")))


def _shown(element: dict[str, Any], answer: Any) -> Any:
    """Return the value in the browser: an answer where there is one, numbers as JavaScript's."""
    if _type(element) in GROUPS:
        given = {} if answer is NOTHING else answer
        unknown = set(given) - set(_children(element))
        assert not unknown, f"the form has no field {unknown}"
        return {
            name: _shown(each, given.get(name, NOTHING))
            for name, each in _children(element).items()
        }
    if _type(element) == "edit-group":
        return _shown_items(element, answer)
    value = element.get("$default", NOTHING) if answer is NOTHING else answer
    if value is NOTHING:
        first = element["$values"][0] if _type(element) == "select" else ""
        return False if _type(element) == "boolean" else first
    return float(value) if _type(element) == "number" and value != "" else value


def _shown_items(element: dict[str, Any], answer: Any) -> Any:
    prototype = element["$prototype"]
    default = element.get("$default") or ({} if "$key" in prototype else [])
    items = default if answer is NOTHING else answer
    if "$key" in prototype and not _children(prototype):
        pairs = [(key, _shown(prototype, value)) for key, value in items.items()]
        return pairs or [("", _shown(prototype, NOTHING))]
    assert "$key" not in prototype, "no form of ours has dictionaries of groups"
    item = {"$type": "group", **prototype} if _children(prototype) else prototype
    shown = [_shown(item, value) for value in items]
    while len(shown) < max(1, element.get("$minItems", 0)):  # an empty one is shown as a sample
        shown.append(_shown(item, NOTHING))
    return shown


def _cleaned(value: Any, element: dict[str, Any]) -> Any:
    """Return what is saved: no blank scalars in lists, no empty lists and groups in groups."""
    if _type(element) in GROUPS:
        cleaned = {name: _cleaned(value[name], each) for name, each in _children(element).items()}
        return {name: each for name, each in cleaned.items() if each not in ([], {})}
    if _type(element) != "edit-group":
        return value
    prototype = element["$prototype"]
    if "$key" in prototype:
        return {key: item for key, item in value if key != ""}
    if _children(prototype):  # nothing is taken out within items
        children = _children(prototype)
        return [{name: _cleaned(item[name], children[name]) for name in children} for item in value]
    return [item for item in value if item != ""]
