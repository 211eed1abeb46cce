"""What a step waits for: the cluster as it was predicted, its VMs where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kvmha.drills import invariants, judge, quorum, timing
from kvmha.drills.actions import CUTS, LOST, NOTHING, Action
from kvmha.drills.record import Outcome
from kvmha.spec.drills import Drill, Step
from kvmha.spec.model import ClusterSpec
from kvmha.view.snapshot import Snapshot

AS_PREDICTED, NOT_PREDICTED, BROKEN = "as predicted", "not predicted", "broken"
Verdict = tuple[str, tuple[str, ...]]

# What of a look tells that nothing runs; others fail once storage is gone, as they should.
_TELLING = ("look", "libvirt", "addresses", "mounts", "lockspaces")


@dataclass(frozen=True)
class Setting:
    """A drill and the cluster it is run on, with what follows from both."""

    spec: ClusterSpec
    drill: Drill
    terms: invariants.Terms
    rules: quorum.Rules
    timing: timing.Timing

    @classmethod
    def of(cls, spec: ClusterSpec, drill: Drill) -> Setting:
        """Return the setting of ``drill`` on the cluster of ``spec``."""
        fencing = drill.fencing == "on"
        return cls(
            spec,
            drill,
            invariants.terms_of(spec, fencing=fencing),
            quorum.rules_of(spec, fencing=fencing),
            timing.timing_of(spec, fencing=fencing),
        )

    @property
    def names(self) -> list[str]:
        """The nodes' names."""
        return [node.name for node in self.spec.nodes]

    @property
    def fencing(self) -> bool:
        """Tell whether nodes are fenced while it lasts; else nothing runs."""
        return self.drill.fencing == "on"


class Awaited:
    """The outcomes of one step, held against one look after the other."""

    def __init__(
        self,
        setting: Setting,
        outcomes: tuple[Outcome, ...],
        action: Action | None,
        places: dict[str, str],
    ) -> None:
        self.outcomes = outcomes
        self.looked = self.matched = self.streak = 0
        self.down: set[str] = set()
        self._setting, self._action, self._places = setting, action, places
        self._away: list[str] = []

    def missing(self, looks: Sequence[Snapshot], spent: float) -> str:
        """Return what keeps the cluster from standing as predicted; empty when it does.

        ``looks`` begin with the one before the step, ``spent`` are the seconds since it. What
        follows of a fault needs time to show; then the cluster has to stand in some looks in a
        row.
        """
        limits, look = self._setting.timing, looks[-1]
        self.down = judge.down_in(looks, self._setting.names)
        if self._action and spent < self._patience(self._action):
            return "what follows had no time to show yet"
        self.looked += 1
        # Without a fault nobody is to be fenced; who was away may well have come back.
        down = self.down if self._action else None
        fit = judge.matching(self.outcomes, look, down)
        self.matched += bool(fit)
        troubles = [] if fit else [f"seen: {judge.mismatch(look, self.down)}"]
        troubles += self._places_wrong(look)
        self._away = [] if troubles else self._not_back(look)
        troubles += [f"{name} has not come back" for name in self._away]
        self.streak = 0 if troubles else self.streak + 1
        wanted = limits.steady if self._action else 1
        if self.streak >= wanted:
            return ""
        return "; ".join(troubles) or f"it stands so in {self.streak} of {wanted} looks"

    def verdict(self, missing: str, look: Snapshot) -> Verdict:
        """Return the verdict and why, when the wait ended with ``missing``.

        Nodes that were fenced are waited for; that they stay off is no fault of the cluster's.
        A membership that is not transitive may never come to rest: then it suffices that an
        outcome was seen, and nothing but the membership is amiss.
        """
        if not missing or self._away:
            return AS_PREDICTED, tuple(filter(None, (judge.mismatch(look, self.down), missing)))
        restless = len(self.outcomes) > 1 and self.matched and not self._places_wrong(look)
        if restless and self._action and self._action.cuts:
            told = f"corosync forms it again and again: an outcome in {self.matched} of"
            return AS_PREDICTED, (f"{told} {self.looked} looks",)
        wanted = " or ".join(map(judge.outcome_text, self.outcomes))
        return NOT_PREDICTED, (missing, f"predicted: {wanted}")

    def _patience(self, action: Action) -> float:
        """Return the seconds after which a fault has shown, if it does.

        Members are missed soon. Disks and daemons are missed by monitors; a VM that is killed or
        moved is seen itself.
        """
        limits = self._setting.timing
        soon = action.effect in (CUTS, LOST) or (action.moves and action.effect == NOTHING)
        return limits.settle if soon else limits.monitor

    def _not_back(self, look: Snapshot) -> list[str]:
        """Return the nodes that ended and should start anew; one without power does not."""
        if self._action is None or self._action.fault == "power_off":
            return []
        return [name for name in sorted(self.down) if not look.node(name).answered]

    def _places_wrong(self, look: Snapshot) -> list[str]:
        if not self._setting.fencing:
            return []
        vms, action = self._setting.terms.vms, self._action
        moves = action is None or action.moves
        found = judge.place_troubles(look, vms, self._places, moves=moves)
        if action and action.fault == "migrate":
            vm = str(action.arguments["vm"])
            if look.hosts(vm) != (action.node,):
                hosts = ", ".join(look.hosts(vm)) or "nowhere"
                found.append(f"{vm} is on {hosts}, not on {action.node}")
        return found


def not_joined(setting: Setting, look: Snapshot) -> list[str]:
    """Return in sentences which nodes are not together; empty when all are."""
    found = [f"{node.name} does not answer" for node in look.nodes if not node.answered]
    everybody = tuple(sorted(setting.names))
    for node in look.nodes:
        if node.answered and (tuple(sorted(node.members)) != everybody or not node.quorate):
            members = ", ".join(node.members) or "nobody"
            found.append(f"{node.name} sees {members}{'' if node.quorate else ', and no quorum'}")
        away = [name for name in everybody if node.pacemaker and name not in node.online]
        if node.answered and not node.pacemaker:
            found.append(f"{node.name}: Pacemaker does not run")
        elif node.answered and away:
            found.append(f"{node.name}: in Pacemaker {', '.join(away)} is not online")
    return found


def not_whole(setting: Setting, look: Snapshot) -> list[str]:
    """Return in sentences what keeps the cluster from being whole; empty when it is."""
    found = not_joined(setting, look)
    for vm in setting.terms.vms:
        if len(look.hosts(vm)) != 1:
            found.append(f"{vm} runs on {', '.join(look.hosts(vm)) or 'no node'}")
    return found


def still_running(setting: Setting, look: Snapshot) -> str:
    """Return what still runs or is mounted somewhere; empty when nothing is.

    While nobody is fenced no storage may be in use: nothing would keep two hosts apart on it. So
    what could not be seen counts as running.
    """
    mounts = {each.mount for each in setting.spec.storage.filesystems}
    found = []
    for node in look.nodes:
        if not node.answered:
            found.append(f"{node.name} does not answer")
        blind = [(what, why) for what, why in node.errors.items() if what in _TELLING]
        found += [f"{node.name}: {what}: {why}" for what, why in blind]
        runs = [vm for vm in setting.terms.vms if node.domains.get(vm) in ("running", "paused")]
        held = [one for one in setting.terms.addresses if one in node.addresses]
        used = [*runs, *held, *sorted(mounts & set(node.mounts)), *node.lockspaces]
        if used:
            found.append(f"{node.name} still has {', '.join(used)}")
    return "; ".join(found)


def where(setting: Setting, look: Snapshot) -> dict[str, str]:
    """Return each VM and address that is somewhere, with its node."""
    hosts = {vm: look.hosts(vm) for vm in setting.terms.vms}
    holders = {address: look.holders(address) for address in setting.terms.addresses}
    return {name: nodes[0] for name, nodes in {**hosts, **holders}.items() if nodes}


def words(step: Step) -> str:
    """Return what a step without a fault does."""
    if step.heal:
        return "all faults are taken away"
    return "nobody touches the nodes" if step.leave else "nothing is done"
