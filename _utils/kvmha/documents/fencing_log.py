"""Which device fenced whom, from Pacemaker's log: its history does not tell the device.

The line is ``log_async_result``'s in fenced_commands.c; until Pacemaker 2.0 it had other words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

_LINE = re.compile(
    r"^(?P<day>\w{3} +\d+) (?P<clock>\d\d:\d\d:\d\d)\S* .*"
    r"Operation '(?P<action>off|reboot)' \[\d+\](?: \([^)]*\))? "
    r"(?:targeting (?P<target>\S+) using (?P<device>\S+) returned"
    r"|for host '(?P<old_target>[^']+)' with device '(?P<old_device>[^']+)' returned:)"
    r" (?P<code>-?\d+)"
)


def events(lines: Iterable[str], now: datetime) -> Iterator[dict[str, str | float | bool]]:
    """Yield each attempt: ``device`` (a resource), ``target``, ``action``, ``ok``, ``time``.

    ``time`` is in seconds since 1970. The log has local time without a year: nothing in it is
    of the future, which ``now`` tells.
    """
    for line in lines:
        found = _LINE.match(line) if " returned" in line else None
        if not found:
            continue
        time = _moment(f"{found['day']} {found['clock']}", now)
        if time is not None:
            yield {
                "device": found["device"] or found["old_device"],
                "target": found["target"] or found["old_target"],
                "action": found["action"],
                "ok": int(found["code"]) == 0,
                "time": time,
            }


def _moment(written: str, now: datetime) -> float | None:
    for year in (now.year, now.year - 1):
        try:
            found = datetime.strptime(f"{year} {written}", "%Y %b %d %H:%M:%S")
        except ValueError:  # the 29th of February, of another year
            continue
        if found <= now + timedelta(days=1):
            return found.timestamp()
    return None
