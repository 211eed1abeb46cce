"""What happened, from looks at a cluster: who was where, who answered, and what was missing when.

A look is not a moment between looks: all times are those of the looks that showed it, so a gap
may have been longer by one interval at each end, and one between two looks is not seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sample:
    """One look: ``time`` in seconds, each VM or address that is somewhere with its node, and each
    probe with whether it was answered."""

    time: float
    where: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """A difference between a look and the one before."""

    time: float
    name: str
    what: str

    def text(self) -> str:
        """Return it as a line."""
        return f"{self.time:8.1f} s  {self.name:<12} {self.what}"


@dataclass(frozen=True)
class Gap:
    """A time in which something was missing; ``end`` is None when it was so to the last look."""

    begin: float
    end: float | None

    def text(self) -> str:
        """Return it as a part of a sentence."""
        if self.end is None:
            return f"from {self.begin:.1f} s to the end"
        return f"for {self.end - self.begin:.1f} s from {self.begin:.1f} s"


def events(samples: Sequence[Sample]) -> list[Event]:
    """Return what changed from look to look, and at the first what there was."""
    found: list[Event] = []
    before = Sample(0.0)
    for now in samples:
        found += _moves(before, now)
        found += _answers(before, now)
        before = now
    return found


def missing(samples: Sequence[Sample], members: Collection[str], since: float = 0.0) -> list[Gap]:
    """Return the gaps in which none of ``members`` was anywhere, or none that is probed answered.

    A member with a probe counts while it is answered, any other while it is somewhere. Looks
    before ``since`` do not count: at first nothing runs anywhere.
    """
    gaps: list[Gap] = []
    begin: float | None = None
    for now in samples:
        if now.time < since:
            continue
        there = any(now.answers.get(one, one in now.where) for one in members)
        if not there and begin is None:
            begin = now.time
        if there and begin is not None:
            gaps.append(Gap(begin, now.time))
            begin = None
    return gaps if begin is None else [*gaps, Gap(begin, None)]


def text(
    samples: Sequence[Sample], tiers: Mapping[str, Collection[str]], since: float = 0.0
) -> str:
    """Return the events as a table, and for each tier whether it was ever without a member.

    ``tiers`` are the names of members (or of an address alone) by what they are members of.
    """
    lines = [event.text() for event in events(samples)]
    for name, members in tiers.items():
        gaps = missing(samples, members, since)
        told = ", ".join(gap.text() for gap in gaps)
        lines.append(f"{name}: {f'missing {told}' if gaps else 'never missing'}")
    return "\n".join(lines) + "\n"


def _moves(before: Sample, now: Sample) -> Iterator[Event]:
    for name in sorted({*before.where, *now.where}):
        old, new = before.where.get(name), now.where.get(name)
        if old == new:
            continue
        if new is None:
            yield Event(now.time, name, f"is gone from {old}")
        else:
            yield Event(now.time, name, f"moved from {old} to {new}" if old else f"is on {new}")


def _answers(before: Sample, now: Sample) -> Iterator[Event]:
    for name, answered in sorted(now.answers.items()):
        if before.answers.get(name, False) != answered:
            yield Event(now.time, name, "answers" if answered else "does not answer")
