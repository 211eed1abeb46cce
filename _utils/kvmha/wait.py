"""Waiting with a deadline, and with words for what is missing when it passes."""

from __future__ import annotations

import time
from collections.abc import Callable

from kvmha.errors import TimedOut


def eventually(
    missing: Callable[[], str],
    *,
    timeout: float,
    interval: float = 1.0,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> float:
    """Call ``missing`` until it returns an empty string; return the seconds that took.

    ``timeout`` and ``interval`` are seconds. Raises TimedOut with the last answer of
    ``missing`` when the deadline passes. ``missing`` is called at least once.
    """
    began = clock()
    while True:
        reason = missing()
        spent = clock() - began
        if not reason:
            return spent
        if spent >= timeout:
            raise TimedOut(f"after {spent:.0f} s: {reason}" if timeout else reason)
        pause(min(interval, max(timeout - spent, 0.01)))


def pause(seconds: float) -> None:
    """Wait ``seconds``: for a loop that looks again and again and has no single end."""
    time.sleep(seconds)
