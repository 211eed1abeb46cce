"""Reading observations: which nodes are silent, and aspects that could not be seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Observations = Mapping[str, Mapping[str, Any] | None]


def silent(seen: Observations) -> list[str]:
    """Return a line for every node that did not answer."""
    return [
        f"{node}: its minion does not answer (hint: is the host up, and salt-minion running?)"
        for node, answer in seen.items()
        if answer is None
    ]


def broken(seen: Observations, *aspects: str) -> list[str]:
    """Return a line for every node whose answer, or one of its ``aspects``, is an error."""
    found = []
    for node, answer in seen.items():
        if answer is None:
            continue
        if "error" in answer:
            found.append(f"{node}: {answer['error']}")
            continue
        for aspect in aspects:
            value = answer.get(aspect)
            if isinstance(value, Mapping) and "error" in value:
                found.append(f"{node}: {value['error']}")
    return found


def of(seen: Observations, aspect: str) -> Iterator[tuple[str, Any]]:
    """Yield node and what it sees of ``aspect``, where it could be seen."""
    for node, answer in seen.items():
        if answer is None or "error" in answer or aspect not in answer:
            continue
        value = answer[aspect]
        if not (isinstance(value, Mapping) and "error" in value):
            yield node, value
