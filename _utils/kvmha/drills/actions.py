"""What a step does, once nodes and VMs are known by name, and what that makes of the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kvmha.drills import quorum
from kvmha.drills.quorum import Before, Graph, Rules
from kvmha.drills.record import Cut, Outcome
from kvmha.errors import KvmhaError
from kvmha.spec.drills import Step, selector
from kvmha.spec.model import ClusterSpec
from kvmha.view.snapshot import Snapshot

CUTS, LOST, MAYBE, NOTHING = "cuts", "lost", "maybe lost", "nothing"

# Of faults and of the daemons that are killed: is the node lost, and has to be fenced?
_LOST = ("freeze", "power_off", "crash", "kill corosync")
_MAYBE = ("san_loss", "kill pacemakerd", "kill sbd", "kill dlm_controld")
# After these a VM may be elsewhere, or was away, though no node is lost.
_MOVING = ("kill_guest", "migrate", "kill libvirtd")


@dataclass(frozen=True)
class Action:
    """A fault on ``node`` with all it is told, by names."""

    fault: str
    node: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    cuts: tuple[Cut, ...] = ()

    @property
    def word(self) -> str:
        """The fault, with the daemon that it kills."""
        return f"kill {self.arguments.get('daemon')}" if self.fault == "kill" else self.fault

    @property
    def effect(self) -> str:
        """What it does to the node: cuts, lost, maybe lost or nothing."""
        if self.cuts:
            return CUTS
        return LOST if self.word in _LOST else MAYBE if self.word in _MAYBE else NOTHING

    @property
    def moves(self) -> bool:
        """Tell whether VMs may be elsewhere afterwards."""
        return self.effect != NOTHING or self.word in _MOVING

    def text(self) -> str:
        """Return it as words: ``cut on ha-host1 (peers ha-host3)``."""
        said = ", ".join(f"{key} {_words(value)}" for key, value in self.arguments.items())
        return f"{self.fault} on {self.node}{f' ({said})' if said else ''}"


@dataclass(frozen=True)
class Standing:
    """What is in force: cuts, nodes that are lost, and how the nodes stood before."""

    cuts: tuple[Cut, ...] = ()
    lost: tuple[str, ...] = ()
    before: Before = field(default_factory=Before)


def resolve(step: Step, spec: ClusterSpec, seen: Snapshot) -> Action:
    """Return what ``step`` does in the cluster as it was ``seen``.

    Raises KvmhaError where its node cannot be told: nobody is DC, the VM runs nowhere.
    """
    node = node_of(step.node, spec, seen)
    peers = tuple(node_of(peer, spec, seen) for peer in step.peers)
    arguments: dict[str, Any] = dict(step.arguments)
    if peers:
        arguments["peers"] = list(peers)
    if step.links:
        arguments["links"] = list(step.links)
    if "vm" in arguments:
        arguments["vm"] = vm_of(str(arguments["vm"]), spec)
    return Action(step.fault, node, arguments, _cuts(step, node, peers, spec))


def node_of(text: str, spec: ClusterSpec, seen: Snapshot) -> str:
    """Return the name of the node that ``text`` says (see ``spec.drills.selector``)."""
    said, names = selector(text), [node.name for node in spec.nodes]
    if said.kind == "dc":
        found = next((part.dc for part in seen.partitions if part.quorate and part.dc), "")
        why = "no partition with quorum has a DC"
    elif said.kind == "host":
        vm = vm_of(said.value, spec)
        found = next(iter(seen.hosts(vm)), "")
        why = f"{vm} runs nowhere"
    elif said.kind == "place" and said.value not in names:
        found = names[int(said.value) - 1] if 1 <= int(said.value) <= len(names) else ""
        why = f"there are {len(names)} nodes"
    else:
        found = said.value if said.value in names else ""
        why = f"nodes are {', '.join(names)}"
    if not found:
        raise KvmhaError(f"no node is '{text}': {why}")
    return next(name for name in names if name != found) if said.negated else found


def vm_of(text: str, spec: ClusterSpec) -> str:
    """Return the VM that ``text`` says: its name, its place, or ``migrating``, the first such."""
    names = [vm.name for vm in spec.vms]
    if text in names:
        return text
    if text == "migrating":
        names, text = [vm.name for vm in spec.vms if vm.migrate], "1"
    if text.isdecimal() and 1 <= int(text) <= len(names):
        return names[int(text) - 1]
    raise KvmhaError(f"no VM is '{text}'", hint=f"VMs are {', '.join(names) or 'none'}")


def following(
    rules: Rules, standing: Standing, action: Action
) -> tuple[Standing, tuple[Outcome, ...]]:
    """Return what is in force after ``action``, and all outcomes that the rules allow."""
    if action.effect == CUTS:
        standing = replace(standing, cuts=tuple(dict.fromkeys((*standing.cuts, *action.cuts))))
        return standing, outcomes(rules, standing)
    untouched = outcomes(rules, standing)
    if action.effect == NOTHING:
        return standing, untouched
    standing = replace(standing, lost=tuple(dict.fromkeys((*standing.lost, action.node))))
    gone = outcomes(rules, standing)
    both = (*untouched, *gone) if action.effect == MAYBE else gone
    return standing, tuple(dict.fromkeys(both))


def outcomes(rules: Rules, standing: Standing) -> tuple[Outcome, ...]:
    """Return how the cluster may stand while ``standing`` is in force."""
    alive = tuple(name for name in rules.votes if name not in standing.lost)
    return quorum.predict(rules, Graph(alive, standing.cuts), standing.before)


def _cuts(step: Step, node: str, peers: tuple[str, ...], spec: ClusterSpec) -> tuple[Cut, ...]:
    """Return the pairs that cannot talk any more; none where a link is left to them."""
    names = [each.name for each in spec.nodes]
    if step.fault == "cut":
        others = peers
    elif step.fault in ("isolate", "link_down"):
        others = tuple(name for name in names if name != node)
    else:
        return ()
    count = len(next(each.links for each in spec.nodes if each.name == node))
    if step.links and set(step.links) < set(range(count)):
        return ()
    return tuple((node, other) for other in others)


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
