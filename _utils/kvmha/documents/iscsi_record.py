"""A node record of open-iscsi: what it knows of one portal of one target, ``key = value`` a line.

Source: usr/idbm.c of open-iscsi. Records lie below the folder ``nodes`` as
``IQN/ADDRESS,PORT`` where iscsiadm was told of them, as ``IQN/ADDRESS,PORT,GROUP/INTERFACE``
where they were discovered.
"""

from __future__ import annotations

from collections.abc import Mapping

NONE = "<empty>"  # how iscsiadm shows an unset value, and how a person may have written it


def parse(text: str) -> dict[str, str]:
    """Return the settings of a record; those that are unset are left out."""
    pairs = (line.partition(" = ") for line in text.splitlines() if not line.startswith("#"))
    return {key.strip(): value for key, equals, value in pairs if equals and value != NONE}


def edit(text: str, wanted: Mapping[str, str | None]) -> str:
    """Return ``text`` with the settings of ``wanted``; None unsets one, the rest is kept.

    A new setting comes before the record's end.
    """
    left = dict(wanted)
    lines = []
    for line in text.splitlines():
        key = line.partition(" = ")[0].strip()
        if key not in wanted or line.startswith("#"):
            lines.append(line)
        elif (value := left.pop(key, None)) is not None:
            lines.append(f"{key} = {value}")
    end = next((n for n, line in enumerate(lines) if line.startswith("# END")), len(lines))
    lines[end:end] = [f"{key} = {value}" for key, value in left.items() if value is not None]
    return "".join(f"{line}\n" for line in lines)
