"""What every kind of fault is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kvmha.drills.healing import FOLDER, Piece
from kvmha.spec import ClusterSpec
from kvmha.tools.runner import Runner

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Here:
    """Where a fault is made: the node of ``spec``, and the facts of the faults before it.

    ``left`` is the time in seconds until the dead man's timer fires.
    """

    runner: Runner
    spec: ClusterSpec
    node: str
    standing: Sequence[Facts] = ()
    folder: Path = Path(FOLDER)
    left: float = 0.0


@dataclass(frozen=True)
class Prepared:
    """A fault that was looked at, and not made yet.

    ``facts`` are plain data that ``put`` and ``in_force`` need; ``does`` says what it would do.
    """

    facts: Facts
    does: tuple[str, ...]
    pieces: tuple[Piece, ...] = field(default=())


@dataclass(frozen=True)
class Kind:
    """How one kind of fault is looked at, made and found; ``prepare`` changes nothing.

    ``in_force`` is None for a fault of a moment.
    """

    prepare: Callable[[Here, Facts], Prepared]
    put: Callable[[Here, Facts], None]
    in_force: Callable[[Runner, Facts], bool] | None = None
