"""Arithmetic on what was measured: medians, growth, extrapolation, targets."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Cell:
    """What one way took for one phase: seconds of each run, and what was seen of it.

    ``factor`` is how many times as many objects there are as were measured; above 1 the
    seconds are extrapolated linearly, but for the part that ``fixed`` names. ``cpu`` are the
    seconds of CPU of what was measured.
    """

    seconds: list[float] = field(default_factory=list)
    fixed: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    processes: int | None = None
    factor: float = 1.0
    failed: bool = False
    reached: bool | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def is_estimate(self) -> bool:
        """Tell whether it is extrapolated."""
        return self.factor > 1

    @property
    def median(self) -> float | None:
        """Median seconds for all objects, None when nothing was measured."""
        if not self.seconds:
            return None
        fixed = self.fixed or [0.0] * len(self.seconds)
        pairs = zip(self.seconds, fixed, strict=True)
        return statistics.median(extrapolated(all_, part, self.factor) for all_, part in pairs)

    def shown(self) -> str:
        """Return it for the table: ``~`` extrapolated, ``!`` ended in errors."""
        if self.median is None:
            return "-"
        text = f"{self.median:.3f}" if self.median < 10 else f"{self.median:.1f}"
        return ("~" if self.is_estimate else "") + text + ("!" if self.failed else "")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for the JSON."""
        return {**vars(self), "median": self.median, "extrapolated": self.is_estimate}


def extrapolated(seconds: float, fixed: float, factor: float) -> float:
    """Return the seconds of ``factor`` times as many objects; ``fixed`` of them do not grow."""
    return fixed + (seconds - fixed) * factor


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return the exponent of growth: the least-squares slope of log seconds over log size.

    1 is linear, 2 is quadratic. Raises ValueError for fewer than two different sizes.
    """
    if len(set(sizes)) < 2:
        raise ValueError("growth needs at least two sizes")
    xs, ys = [math.log(x) for x in sizes], [math.log(y) for y in seconds]
    return statistics.linear_regression(xs, ys).slope


@dataclass(frozen=True)
class Target:
    """A figure that the project asks of itself; ``measured`` is None where it was not taken."""

    text: str
    limit: float
    measured: float | None
    at_least: bool = False
    unit: str = ""

    @property
    def met(self) -> bool | None:
        """Tell whether it is met, None where it was not measured."""
        if self.measured is None:
            return None
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def line(self) -> str:
        """Return it as one line."""
        word = {True: "met", False: "NOT MET", None: "not measured"}[self.met]
        found = "" if self.measured is None else f"  {self.measured:.3g}{self.unit}"
        sign = ">=" if self.at_least else "<="
        return f"{word:12} {self.text} {sign} {self.limit:g}{self.unit}:{found}"


def ratio(one: float | None, other: float | None) -> float | None:
    """Return how many times ``other`` goes into ``one``; None where either is missing."""
    return one / other if one is not None and other else None


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned Markdown, the first two columns to the left."""
    everything = [list(head), *[list(row) for row in rows]]
    widths = [max(len(row[i]) for row in everything) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = (
            one.ljust(width) if place < 2 else one.rjust(width)
            for place, (one, width) in enumerate(zip(row, widths, strict=True))
        )
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([line(everything[0]), rule, *(line(row) for row in everything[1:])])


def plain(cells: Mapping[str, Cell]) -> dict[str, Any]:
    """Return cells as plain data."""
    return {name: cell.to_dict() for name, cell in cells.items()}
