"""Options with a type, as agents and Pacemaker's daemons describe them, and their values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from kvmha import values
from kvmha.errors import Problem

_INFINITY = 1_000_000  # what Pacemaker calculates with for INFINITY (scores.h)
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_PERCENTAGE = re.compile(r"(\d{1,9})(?:\.0*)?%")
_ISO_8601 = re.compile(r"P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?")
# Words of one meaning in Pacemaker: old and new names of roles, of fencing, of a policy.
_SYNONYMS = {
    "master": "promoted",
    "slave": "unpromoted",
    "poweroff": "off",
    "suicide": "fence",
}
# What metadata calls its types; every other word is text.
_TYPES = {
    **dict.fromkeys(("integer", "int", "number", "numeric", "nonnegative_integer"), "integer"),
    **dict.fromkeys(("epoch_time", "long", "uint"), "integer"),
    **dict.fromkeys(("boolean", "bool"), "boolean"),
    **dict.fromkeys(("duration", "time", "second", "seconds", "timeout"), "duration"),
    **dict.fromkeys(("select", "enum", "enumeration", "list"), "select"),
    **{same: same for same in ("score", "percentage", "port")},
}


@dataclass(frozen=True)
class Parameter:
    """What is known of one option.

    ``type`` is one of string, integer, boolean, duration, timeout (a duration that may be
    negative), score, health (a score or a colour), percentage, port, select (one of
    ``choices`` as they are written) and enumeration (one of ``choices`` in any case, as
    Pacemaker reads its own). ``unique`` names the group of parameters that together differ
    from resource to resource, ``obsoletes`` the older name of the same thing. ``default`` is
    None where none is known.
    """

    type: str = "string"
    required: bool = False
    unique: str | None = None
    reloadable: bool = False
    default: str | None = None
    choices: tuple[str, ...] = ()
    deprecated: bool = False
    obsoletes: str | None = None


def type_of(word: str | None) -> str:
    """Return the type that metadata means by ``word``; what is not known is a string."""
    return _TYPES.get((word or "").strip().lower(), "string")


def same(kind: Parameter | str, one: str, other: str) -> bool:
    """Tell whether two values of an option, or of a type, are one value to who reads them.

    ``10``, ``10s`` and ``10000ms`` are one duration, ``yes`` and ``1`` one boolean,
    ``INFINITY`` and ``1000000`` one score. What is not of the type is compared as text.
    """
    return canonical(kind, one) == canonical(kind, other)


def canonical(kind: Parameter | str, text: str) -> str:
    """Return a form of ``text`` in which equal values of the type are equal."""
    read = _READERS.get(kind if isinstance(kind, str) else kind.type)
    try:
        return read(text.strip()) if read else text
    except ValueError:
        return text


def fits(parameter: Parameter, text: str) -> bool:
    """Tell whether ``text`` is a value of the parameter's type and one of its choices."""
    try:
        _READERS.get(parameter.type, str)(text.strip())
    except ValueError:
        return False
    if not parameter.choices:
        return True
    return canonical(parameter, text) in {canonical(parameter, one) for one in parameter.choices}


def problem(parameter: Parameter, text: str, place: str) -> Problem | None:
    """Return what is wrong with ``text`` as a value of ``parameter``, or None.

    Nothing can be said of an empty value (most agents take it for none), of one that a
    tool is to replace (``$name``) and of a reference to a secret (``lrm://``).
    """
    if not text.strip() or text.startswith(("$", "lrm://")) or fits(parameter, text):
        return None
    if parameter.choices:
        hint = values.nearest(text, parameter.choices)
        message = f"{text!r} is none of {', '.join(parameter.choices)}"
        return Problem(place, message, hint, "NOT_A_CHOICE")
    wanted, example = _WORDS[parameter.type]
    if parameter.default and fits(parameter, parameter.default):
        example = parameter.default
    return Problem(place, f"{text!r} is no {wanted}", f"for example {example}", "WRONG_KIND")


def milliseconds(text: str) -> int:
    """Return a duration in milliseconds; a bare number is in seconds, ISO 8601 is known too.

    Raises ValueError for anything else.
    """
    match = _ISO_8601.fullmatch(text.strip().upper())
    if match and any(match.groups()):
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
    return values.milliseconds(text, unit="s")


def _integer(text: str) -> str:
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"{text!r} is no whole number")
    return str(int(text))


def _port(text: str) -> str:
    number = _integer(text)
    if not 0 < int(number) < 65536:
        raise ValueError(f"{text!r} is no port")
    return number


def _boolean(text: str) -> str:
    # "ja" is true to agents: ocf_is_true of ocf-shellfuncs.
    return "true" if text.lower() == "ja" or values.boolean(text) else "false"


def _duration(text: str) -> str:
    return f"{milliseconds(text)}ms"


def _timeout(text: str) -> str:
    """Every negative value is the same order: calculate it (stonith-watchdog-timeout)."""
    return "-1" if text.startswith("-") and milliseconds(text[1:]) else _duration(text)


def _score(text: str) -> str:
    word = text.upper().removeprefix("+")
    number = {"INFINITY": _INFINITY, "-INFINITY": -_INFINITY}.get(word)
    if number is None:
        number = int(_integer(text))
    return str(max(-_INFINITY, min(_INFINITY, number)))


def _health(text: str) -> str:
    return text.lower() if text.lower() in ("red", "yellow", "green") else _score(text)


def _percentage(text: str) -> str:
    match = _PERCENTAGE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no percentage")
    return f"{int(match.group(1))}%"


def _enumeration(text: str) -> str:
    return _SYNONYMS.get(text.lower(), text.lower())


_READERS: dict[str, Callable[[str], str]] = {
    "integer": _integer,
    "port": _port,
    "boolean": _boolean,
    "duration": _duration,
    "timeout": _timeout,
    "score": _score,
    "health": _health,
    "percentage": _percentage,
    "enumeration": _enumeration,
}
# How a type is called in a message, and an example of a value.
_WORDS = {
    "integer": ("whole number", "5"),
    "port": ("port number", "3121"),
    "boolean": ("boolean", "true or false"),
    "duration": ("duration", "30s"),
    "timeout": ("duration", "30s"),
    "score": ("score", "100 or INFINITY"),
    "health": ("health value", "green, yellow, red or -100"),
    "percentage": ("percentage", "80%"),
}
