"""What a drill does to the world, so that it can be run on a cluster and on a simulation of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from kvmha.drills.record import Record
from kvmha.view.snapshot import Snapshot


class Effects(Protocol):
    """What a drill does to the world. Nodes that did not do it are told: node -> why."""

    def look(self) -> Snapshot:
        """Look at all nodes once."""

    def arm(self, seconds: float) -> Mapping[str, str]:
        """Set the dead-man timer of every node to ``seconds`` from now."""

    def inject(self, node: str, fault: str, arguments: Mapping[str, Any]) -> str:
        """Make a fault; return why that failed, empty when it is in force."""

    def heal(self) -> Mapping[str, str]:
        """Take all faults of all nodes away."""

    def in_force(self) -> Sequence[str]:
        """Return the faults that are still in force, as words."""

    def stop_all(self, seconds: float) -> str:
        """Have Pacemaker stop all resources, for ``seconds`` at most; return why it did not."""

    def fencing_off(self, seconds: float) -> str:
        """Have nobody fenced, for ``seconds`` at most; return why that failed."""

    def resume(self) -> str:
        """Switch fencing on again, then let resources start."""

    def clock(self) -> float:
        """Return seconds that never go back."""

    def pause(self, seconds: float) -> None:
        """Wait."""

    def say(self, text: str) -> None:
        """Tell whoever watches."""

    def keep(self, record: Record) -> None:
        """Keep what is known so far; a record without an end is ``interrupted``."""
