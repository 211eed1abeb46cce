"""Whether a drill may begin, what it would interrupt, and what it would do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kvmha.drills import actions, awaited, judge, quorum, scenarios
from kvmha.drills.actions import Action, Standing
from kvmha.drills.awaited import Setting
from kvmha.drills.record import Outcome
from kvmha.errors import KvmhaError
from kvmha.spec.drills import Step
from kvmha.view.snapshot import Snapshot

FENCING_OFF = (
    "nobody is fenced while it lasts, so all VMs and all storage are stopped first: say"
    " fencing=off to have that, or run a drill with fencing"
)


@dataclass(frozen=True)
class Planned:
    """A step as it would be done now: what, on whom, what may follow."""

    step: Step
    action: Action | None
    outcomes: tuple[Outcome, ...]


def refusals(
    setting: Setting, look: Snapshot, *, health: Sequence[str], confirm: str, fencing: str
) -> list[str]:
    """Return all that speaks against beginning, in sentences; empty: it may.

    ``health`` is what is wrong with the cluster, as others judge it; ``confirm`` has to be the
    cluster's name; ``fencing`` has to be ``off`` for a drill that stops everything and fences
    nobody.
    """
    name = setting.spec.cluster.name
    found = [*scenarios.lacking(setting.spec, setting.drill)]
    if not setting.fencing and fencing != "off":
        found.append(FENCING_OFF)
    if not setting.fencing and setting.spec.fencing.diskless:
        found.append("diskless SBD resets who has no quorum, whatever Pacemaker is told")
    if setting.fencing and fencing == "off":
        found.append("fencing stays on in this drill: fencing=off is for one that says so")
    found += [*_of_quorum(setting, look), *awaited.not_whole(setting, look), *health]
    found += _drift(look)
    try:
        planned(setting, look)
    except KvmhaError as error:
        found.append(str(error))
    if not found and confirm != name:
        said = f"confirm={confirm} is not" if confirm else "it is not confirmed by"
        found.append(f"{said} the cluster's name (hint: confirm={name})")
    return list(dict.fromkeys(found))


def planned(setting: Setting, look: Snapshot) -> tuple[Planned, ...]:
    """Return the steps as they would be done in the cluster as it looks.

    Raises KvmhaError where a step names nobody.
    """
    standing, found = Standing(), []
    for step in setting.drill.steps:
        action = None
        if step.fault:
            action = actions.resolve(step, setting.spec, look)
            standing, told = actions.following(setting.rules, standing, action)
        else:
            standing = Standing() if step.heal or step.leave else standing
            told = actions.outcomes(setting.rules, standing)
        found.append(Planned(step, action, told))
    return tuple(found)


def text(setting: Setting, look: Snapshot) -> list[str]:
    """Return the plan as lines: what it proves, what it interrupts, each step and what follows."""
    steps = planned(setting, look)
    lines = [f"{setting.drill.name} on {setting.spec.cluster.name}: {setting.drill.proves}"]
    lines += [f"interrupts: {one}" for one in interrupted(setting, look, steps)]
    for number, each in enumerate(steps, 1):
        words = each.action.text() if each.action else awaited.words(each.step)
        lines.append(f"{number}. {each.step.name}: {words}")
        lines += [f"   may follow: {judge.outcome_text(outcome)}" for outcome in each.outcomes]
    limits = setting.timing
    lines.append(
        f"each step has {limits.step:.0f} s, healing {limits.heal:.0f} s; every node heals itself"
        " when the master does not"
    )
    return lines


def interrupted(setting: Setting, look: Snapshot, steps: Sequence[Planned]) -> list[str]:
    """Return what a drill would interrupt, as sentences: nodes, VMs, addresses."""
    terms = setting.terms
    if not setting.fencing:
        stopped = ", ".join((*terms.vms, *terms.addresses)) or "nothing that runs"
        return [f"everything is stopped until the end: {stopped}, and all storage"]
    nodes = _may_end(steps)
    found = [f"{name} may be fenced or start anew" for name in setting.names if name in nodes]
    for vm in terms.vms:
        hosts = [host for host in look.hosts(vm) if host in nodes]
        found += [f"{vm}, on {host}, may be away and run elsewhere" for host in hosts]
    for address in terms.addresses:
        holders = [host for host in look.holders(address) if host in nodes]
        found += [f"{address}, on {host}, may move" for host in holders]
    for each in steps:
        if each.action and each.action.moves and "vm" in each.action.arguments:
            found.append(f"{each.action.arguments['vm']}: {each.action.fault}")
    return list(dict.fromkeys(found)) or ["nothing, if the cluster does as it should"]


def _may_end(steps: Sequence[Planned]) -> set[str]:
    nodes = {name for each in steps for outcome in each.outcomes for name in outcome.fenced}
    lost = (actions.LOST, actions.MAYBE)
    return nodes | {
        each.action.node for each in steps if each.action and each.action.effect in lost
    }


def _of_quorum(setting: Setting, look: Snapshot) -> Iterator[str]:
    rules = setting.rules
    double = quorum.split_brain(rules)
    if double and not (setting.terms.both and setting.fencing):
        words = judge.described(double)
        yield f"as the pillar has it, two partitions can have quorum at once: {words}"
    for node in look.nodes:
        if node.expected_votes not in (0, rules.expected):
            told = f"{node.name} expects {node.expected_votes} votes, the pillar {rules.expected}"
            yield f"{told}: another partition than predicted may have quorum"


def _drift(look: Snapshot) -> Iterator[str]:
    for node in look.nodes:
        for part, changes in getattr(node, "drift", {}).items():
            yield f"{node.name}: {part} is not as the pillar has it: {'; '.join(changes)}"
