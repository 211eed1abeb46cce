"""Values as people and tools write them, and what they mean."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_DURATION = re.compile(r"^(\d{1,15}(?:\.\d{1,9})?)\s*(us|usec|ms|msec|s|sec|m|min|h|hr|d)?$")
_MS_PER = {
    "us": 0.001,
    "usec": 0.001,
    "ms": 1,
    "msec": 1,
    "s": 1000,
    "sec": 1000,
    "m": 60_000,
    "min": 60_000,
    "h": 3_600_000,
    "hr": 3_600_000,
    "d": 86_400_000,
}
_SIZE = re.compile(r"^(\d{1,15}(?:\.\d{1,9})?)\s*([KMGTP]?)(iB|B)?$", re.IGNORECASE)
_TRUE = {"true", "yes", "on", "y", "1"}
_FALSE = {"false", "no", "off", "n", "0"}


def milliseconds(text: str | int | float, *, unit: str | None = None) -> int:
    """Return a duration such as ``5s``, ``500ms``, ``2min`` in milliseconds.

    ``unit`` is that of a bare number; None demands a written one, since corosync reads bare
    numbers as milliseconds and Pacemaker as seconds. Raises ValueError for anything else.
    """
    match = _DURATION.match(str(text).strip().lower())
    if not match:
        raise ValueError(f"{text!r} is no duration such as 5s, 500ms or 2min")
    found = match.group(2) or unit
    if found is None:
        if float(match.group(1)) == 0:
            return 0
        raise ValueError(f"{text!r} has no unit: write {text}s or {text}ms")
    return round(float(match.group(1)) * _MS_PER[found])


def duration(ms: int) -> str:
    """Return milliseconds in the way a person writes them: ``5s``, ``1500ms``."""
    return f"{ms // 1000}s" if ms % 1000 == 0 else f"{ms}ms"


def age(seconds: float) -> str:
    """Return a span of time in its two largest units: ``12 s``, ``3 h 12 min``, ``2 d``.

    Nothing is ahead of its time: a negative span is ``0 s``.
    """
    left = max(int(seconds), 0)
    words = []
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, length)
        words.append(f"{count} {unit}" if count else "")
    first = next((place for place, word in enumerate(words) if word), 3)
    return " ".join(filter(None, words[first : first + 2])) or "0 s"


def size_bytes(text: str | int) -> int:
    """Return a size such as ``2GiB`` or ``512M`` in bytes; K, M, G, T, P are binary.

    Raises ValueError for anything else, a bare number included: its unit would be a guess.
    """
    match = _SIZE.match(str(text).strip())
    if not match or not (match.group(2) or match.group(3)):
        raise ValueError(f"{text!r} is no size such as 512MiB or 20GiB")
    power = " KMGTP".index(match.group(2).upper() or " ")
    return int(float(match.group(1)) * 1024**power)


def size(count: int) -> str:
    """Return bytes in the largest unit that divides them: ``32MiB``, ``1000B``."""
    for power, unit in ((4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")):
        if count and count % 1024**power == 0:
            return f"{count // 1024**power}{unit}"
    return f"{count}B"


def boolean(text: str | bool | int) -> bool:
    """Return what the words of corosync, Pacemaker and YAML for yes and no mean."""
    word = str(text).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(f"{text!r} is neither true nor false")


def canonical(text: str | int | bool) -> str:
    """Return a form in which equal values of the cluster's configuration are equal.

    ``10``, ``10s`` and ``10000ms`` are one value to Pacemaker, so are ``yes`` and ``true``.
    """
    word = str(text).strip()
    lowered = word.lower()
    if lowered in (_TRUE | _FALSE) - {"1", "0"}:
        return "true" if lowered in _TRUE else "false"
    match = _DURATION.match(lowered)
    if match and match.group(2):
        us = round(float(match.group(1)) * _MS_PER[match.group(2)] * 1000)
        if us % 1000:
            return f"{us}us"
        return str(us // 1_000_000) if us % 1_000_000 == 0 else f"{us // 1000}ms"
    return word


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the hint ``did you mean ...`` for the best match of ``word``, or nothing."""
    lowered = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=cutoff)
    return f"did you mean {lowered[close[0]]!r}?" if close else ""
