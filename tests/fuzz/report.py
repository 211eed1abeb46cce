"""Counting what became of inputs, and keeping one seed for each bug."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random

from kvmha.errors import InvalidInput, KvmhaError


@dataclass
class Report:
    """How many inputs were accepted and refused; by bug, how often and with which seed first."""

    outcomes: Counter[str] = field(default_factory=Counter)
    bugs: dict[str, list[int]] = field(default_factory=dict)

    def text(self) -> str:
        """Return it for a person: one line of counts, one for each bug."""
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.outcomes.items()))
        told = [f"  {bug}: {len(seeds)} times, first seed {seeds[0]}"
                for bug, seeds in self.bugs.items()]  # fmt: skip
        return "\n".join([counts, *told])


def run(attempt: Callable[[Random], str], seeds: Iterable[int]) -> Report:
    """Make an attempt with each seed; it returns its outcome, or raises KvmhaError."""
    report = Report()
    for seed in seeds:
        try:
            outcome = attempt(Random(seed))
        except KvmhaError as error:
            outcome = "refused"
            if bad := wrong_with(error):
                report.bugs.setdefault(bad, []).append(seed)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            name = f"{type(error).__name__}: {str(error)[:90]!r} at {frame.filename}:{frame.lineno}"
            outcome = "crashed"
            report.bugs.setdefault(name, []).append(seed)
        report.outcomes[outcome] += 1
    return report


def wrong_with(error: KvmhaError) -> str:
    """Return what an error lacks that a person needs: a text, and the place of each mistake."""
    if not error.message.strip():
        return "an error without a text"
    if not isinstance(error, InvalidInput):
        return ""
    unplaced = [one for one in error.problems if not (one.place and one.message)]
    if unplaced:
        return f"a mistake without its place: {unplaced[0]}"
    return "" if error.problems else "an error without a mistake"
