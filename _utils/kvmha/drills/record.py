"""What a drill leaves behind: the whole of it, as data for reports and for CI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kvmha.timeline import Sample
from kvmha.view.snapshot import Partition, Snapshot

Cut = tuple[str, str]  # two nodes between which no packet passes


@dataclass(frozen=True)
class Outcome:
    """One way in which a cluster may stand: its partitions, and nodes that are to be fenced."""

    partitions: tuple[Partition, ...]
    fenced: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepRecord:
    """One step: what was done, what might follow, what did.

    ``at`` is in seconds since the drill began, ``seconds`` until the cluster stood as observed.
    ``cuts`` are those in force after the step. ``predicted`` are all allowed outcomes; none where
    nothing is predicted. ``verdict`` is ``as predicted``, ``not predicted``, ``broken`` (an
    invariant) or ``observed`` (nothing was predicted); ``why`` says it in sentences.
    """

    name: str
    action: str
    at: float
    seconds: float
    snapshot: Snapshot
    cuts: tuple[Cut, ...] = ()
    predicted: tuple[Outcome, ...] = ()
    verdict: str = "observed"
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Breach:
    """An invariant that was broken: which, when (seconds since the beginning), the evidence."""

    invariant: str
    at: float
    evidence: str


@dataclass(frozen=True)
class Absence:
    """The longest time that a VM or address was away, beside the worst that timeouts imply.

    ``worst`` is 0.0 where nothing is implied.
    """

    name: str
    seconds: float
    worst: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)  # token, fencing, start, ...


@dataclass(frozen=True)
class Record:
    """One drill. ``began`` is an ISO 8601 time in UTC; ``id`` is ``SCENARIO-BEGAN``, file-safe.

    ``watched`` are all looks in between, as samples whose ``time`` counts from the beginning;
    ``invariants`` are the names of those that were watched, ``breaches`` those that broke.
    ``verdict`` is ``passed``, ``failed``, ``broken`` or ``interrupted``; ``healed`` says that the
    cluster was whole again at the end. ``settings`` is what of the configuration matters
    (token, fencing, quorum policy, ...), as words to values.
    """

    id: str
    scenario: str
    proves: str
    cluster: str
    began: str
    seconds: float
    verdict: str
    healed: bool
    steps: tuple[StepRecord, ...] = ()
    watched: tuple[Sample, ...] = ()
    invariants: tuple[str, ...] = ()
    breaches: tuple[Breach, ...] = ()
    absences: tuple[Absence, ...] = ()
    problems: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
