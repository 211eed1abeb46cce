"""What a call has cost, in seconds and in programs that were started."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

_started = 0


def program_started() -> None:
    """Count a program; for the one place that starts any."""
    global _started  # noqa: PLW0603 - the count is this process's own
    _started += 1


@dataclass(frozen=True)
class Cost:
    """Seconds and programs."""

    seconds: float = 0.0
    programs: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(round(self.seconds + other.seconds, 3), self.programs + other.programs)

    def text(self) -> str:
        """Return it for a person: ``0.12 s, 4 programs``."""
        return f"{self.seconds:.2f} s, {self.programs} program{'s' * (self.programs != 1)}"


def meter() -> Callable[[], Cost]:
    """Return a function that tells what was spent since this call."""
    began, before = time.monotonic(), _started
    return lambda: Cost(round(time.monotonic() - began, 3), _started - before)
