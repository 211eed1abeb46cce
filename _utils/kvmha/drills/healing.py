"""The script that heals a node: POSIX sh, whole in itself, of one piece for each fault.

It needs neither Salt nor Python, only what the fault itself was made with. Each piece can be
run any number of times, and whether its fault is in force or not.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FOLDER = "/run/kvmha/drill"
UNIT = "kvmha-drill"  # what all of our transient units begin with


@dataclass(frozen=True)
class Piece:
    """What heals one fault: its name for people, and shell commands that fail when it cannot."""

    name: str
    commands: str


def script(drill: str, pieces: Iterable[Piece], folder: str = FOLDER) -> str:
    """Return the text of the script that heals ``pieces``, the last one first.

    It waits for whoever is making a fault (the lock), but not for ever: who holds the lock may
    be frozen. Then it begins anew, for there may be a new piece. Every piece is tried. When all
    are healed, the state moves to ``healed.json``, and nothing is in force any more; otherwise
    the exit code is 1 and all of it can be tried again. What it says goes to ``heal.log``.
    """
    functions, calls = [], []
    # A fault made twice is healed once, in the place of the later.
    last = list(dict.fromkeys(reversed([piece for piece in pieces if piece.commands])))
    for number, piece in enumerate(last, 1):
        functions.append(f"heal_{number}() {{ # {piece.name}\n{piece.commands.rstrip()}\n}}\n")
        calls.append(f"try {number} {shlex.quote(piece.name)}\n")
    return _HEAD.format(drill=drill, folder=folder) + "".join(functions) + "".join(calls) + _TAIL


def units_started(units: Sequence[str]) -> str:
    """Return commands that start ``units`` without waiting for them."""
    if not units:
        return ""
    names = shlex.join(units)
    # A unit that was killed too often is not started again before that is forgotten.
    return f"systemctl reset-failed {names} 2>/dev/null\nsystemctl --no-block start {names}\n"


def unit_stopped(unit: str) -> str:
    """Return commands that end a transient unit of ours; none is there: fine."""
    return (
        f"if systemctl --quiet is-active {unit}; then systemctl stop {unit}; fi || return 1\n"
        f"systemctl reset-failed {unit} 2>/dev/null\n:\n"
    )


def scsi_running(disks: Sequence[str]) -> str:
    """Return commands that take SCSI ``disks`` (``sdb``) from offline to running."""
    return "".join(
        f"[ ! -e /sys/block/{disk}/device/state ] || "
        f"echo running >/sys/block/{disk}/device/state || return 1\n"
        for disk in disks
    )


def map_restored(name: str, table: str) -> str:
    """Return commands that give device-mapper map ``name`` its ``table`` back."""
    quoted = shlex.quote(name)
    return (
        f"dmsetup suspend --noflush --nolockfs {quoted}\n"
        f"dmsetup load {quoted} <<'TABLE' || return 1\n{table.strip()}\nTABLE\n"
        f"dmsetup resume --noudevsync {quoted}\n"
    )


def clock_set(wall: float, uptime: float, services: Sequence[str]) -> str:
    """Return commands that set the clock to what it would be now, and start ``services``.

    It was ``wall`` (seconds since 1970) when the host had run ``uptime`` seconds. Both clocks
    are read in hundredths of a second: sh has no fractions.
    """
    began = round((wall - uptime) * 100)
    return (
        "read -r up _ </proc/uptime\n"
        f"now=$(({began} + ${{up%.*}} * 100 + 1${{up#*.}} - 100))\n"
        'date -u -s "@$((now / 100)).$((now % 100 / 10))$((now % 10))" || return 1\n'
    ) + units_started(services)


def thawed() -> str:
    """Return commands that let every process go on."""
    return "kill -s CONT -- -1\n"


_HEAD = """\
#!/bin/sh
# Heals this host of the faults of drill {drill}. Run it as often as you like: sh {folder}/heal.sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
folder={folder}
failed=0
exec </dev/null >>"$folder/heal.log" 2>&1
if [ "${{1-}}" != locked ]; then
    exec 9>>"$folder/lock"
    flock -w 30 9 || echo "the lock is held: healing without it"
    [ -e "$folder/heal.sh" ] || exit 0
    exec /bin/sh "$folder/heal.sh" locked
fi
try() {{
    if ("heal_$1"); then echo "healed: $2"; else
        echo "not healed: $2"
        failed=1
    fi
}}
"""
_TAIL = """\
[ $failed = 0 ] || exit 1
[ ! -e "$folder/state.json" ] || mv -f "$folder/state.json" "$folder/healed.json"
"""
