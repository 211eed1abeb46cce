"""The effects of a drill, over Salt: what each node is asked to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kvmha.ask import Answers
from kvmha.drills.record import Record
from kvmha.view.snapshot import Snapshot

_NO_ANSWER = "no answer"
_JOINING = 180.0  # seconds from the end of faults until fencing: nodes have to have joined
_MOVE = "migrate"  # done by Pacemaker, not by a fault on a node


@dataclass
class OverSalt:
    """Effects (see ``drills.effects``) on nodes that ``call`` reaches.

    ``call`` gets a function of the minions, its arguments and the nodes (none: all), and returns
    their answers. ``drill`` is the record's id. ``names`` are all nodes.
    """

    drill: str
    names: Sequence[str]
    call: Callable[[str, dict[str, Any], Collection[str]], Answers]
    look: Callable[[], Snapshot]
    clock: Callable[[], float]
    pause: Callable[[float], None]
    say: Callable[[str], None]
    keep: Callable[[Record], None]
    document: Mapping[str, Any] = field(default_factory=dict)
    _moved: set[str] = field(default_factory=set)
    _suspended: bool = False

    def arm(self, seconds: float) -> Mapping[str, str]:
        """Set the dead-man timers of every node: first faults end, then fencing comes back."""
        asked = {"drill": self.drill, "seconds": max(seconds, 10.0)}
        found = _troubles(self.call("kvmha_fault.arm", asked, ()))
        return (self._arm_orders(seconds) if self._suspended else {}) | found

    def inject(self, node: str, fault: str, arguments: Mapping[str, Any]) -> str:
        """Make a fault on ``node``, or have Pacemaker move a VM there."""
        if fault == _MOVE:
            vm = str(arguments["vm"])
            self._moved.add(vm)
            return self._one("kvmha_orders.move", {"vm": vm, "node": node})
        asked = {"drill": self.drill, "fault": fault, "spec": dict(self.document), **arguments}
        troubles = _troubles(self.call("kvmha_fault.inject", asked, (node,)))
        return "; ".join(troubles.values())

    def heal(self) -> Mapping[str, str]:
        """Take the faults of this drill away, from all nodes."""
        if self._moved:
            self._one("kvmha_orders.unmove", {"vms": sorted(self._moved)})
        return _troubles(self.call("kvmha_fault.heal", {"drill": self.drill}, ()))

    def in_force(self) -> list[str]:
        """Return the faults of any drill that nodes still have; a silent one has none to tell."""
        found = []
        for node, answer in self.call("kvmha_fault.status", {}, ()).items():
            for each in (answer or {}).get("faults", ()):
                if each.get("in_force") is not False:
                    found.append(f"{node}: {each['fault']} is still in force")
        return found

    def stop_all(self, seconds: float) -> str:
        """Set the timers that undo it, then stop all resources."""
        self._suspended = True
        troubles = self._arm_orders(seconds)
        if troubles:
            return "; ".join(f"{node}: {why}" for node, why in troubles.items())
        return self._one("kvmha_orders.stop_all", {})

    def fencing_off(self, seconds: float) -> str:
        """Set the timers anew, then have nobody fenced."""
        troubles = self._arm_orders(seconds)
        if troubles:
            return "; ".join(f"{node}: {why}" for node, why in troubles.items())
        return self._one("kvmha_orders.fencing_off", {})

    def resume(self) -> str:
        """Switch fencing on and let resources start; the timers stay where that failed."""
        why = self._one("kvmha_orders.resume", {})
        if why:
            return f"fencing may still be off: {why} (hint: salt NODE kvmha_orders.resume)"
        self.call("kvmha_orders.disarm", {}, ())
        return ""

    def _arm_orders(self, seconds: float) -> dict[str, str]:
        asked = {"seconds": seconds + _JOINING}
        return _troubles(self.call("kvmha_orders.arm", asked, ()))

    def _one(self, function: str, asked: dict[str, Any]) -> str:
        """Have one node do it, the first that can; return why none could."""
        why = ""
        for name in self.names:
            why = "; ".join(_troubles(self.call(function, asked, (name,))).values())
            if not why:
                return ""
        return why


def _troubles(answers: Answers) -> dict[str, str]:
    found = {}
    for node, answer in answers.items():
        if answer is None:
            found[node] = _NO_ANSWER
        elif "error" in answer:
            found[node] = str(answer["error"])
    return found
