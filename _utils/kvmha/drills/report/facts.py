"""What a report says of a record, before it is drawn or written."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kvmha import timeline
from kvmha.drills.record import Absence, Outcome, Record, StepRecord
from kvmha.view.snapshot import NodeSeen, Partition, Snapshot

TWO = ", "  # a sample says of what is in two places: "ha-host1, ha-host2"

_LATE = 5.0  # seconds by which an answer may be late
WRONG = frozenset({"not predicted", "broken"})  # verdicts of a step


@dataclass(frozen=True)
class Line:
    """A moment of a drill, as the table of events tells it; ``kind`` is its class there."""

    time: float
    name: str
    what: str
    kind: str = ""


def verdict(record: Record) -> str:
    """Return the verdict in one sentence."""
    steps, looks = _counted(len(record.steps), "step"), _counted(len(record.watched), "look")
    if record.verdict == "passed":
        held = f"no invariant was broken in {looks}" if record.invariants else looks
        return (
            f"Passed: {steps} of {record.scenario} on {record.cluster} went as the rules of"
            f" quorum allow, {held}, and the cluster is {_healed(record)}."
        )
    if record.verdict == "broken":
        broken = TWO.join(dict.fromkeys(f"\u201c{one.invariant}\u201d" for one in record.breaches))
        when = f" at {record.breaches[0].at:.1f} s" if record.breaches else ""
        return (
            f"Broken{when}: {broken or 'an invariant'} did not hold. {record.scenario} ended there;"
            f" {record.cluster} is {_healed(record)}."
        )
    if record.verdict == "interrupted":
        return (
            f"Interrupted after {record.seconds:.0f} s and {steps} of {record.scenario};"
            f" {record.cluster} is {_healed(record)}."
        )
    wrong = [step.name for step in record.steps if step.verdict in WRONG]
    where = f" in {TWO.join(wrong)}" if wrong else ""
    return (
        f"Failed{where}: {record.scenario} on {record.cluster} came out otherwise than the rules of"
        f" quorum allow; the cluster is {_healed(record)}."
    )


def standing(snapshot: Snapshot) -> str:
    """Return in one sentence how a cluster stands."""
    silent = [node.name for node in snapshot.nodes if not node.answered]
    quorate = [one for one in snapshot.partitions if one.quorate]
    answered = f"{len(snapshot.nodes) - len(silent)} of {_counted(len(snapshot.nodes), 'node')}"
    quiet = f"; silent: {TWO.join(silent)}" if silent else ""
    if not quorate:
        return f"No quorum: {answered} answer, no partition has quorum{quiet}."
    if len(quorate) > 1:
        return f"Split: {len(quorate)} partitions say they have quorum{quiet}."
    alone = len(snapshot.partitions) == 1 and len(quorate[0].members) == len(snapshot.nodes)
    who = "all in one partition" if alone else f"quorum with {TWO.join(quorate[0].members)}"
    return f"Quorum: {answered} answer, {who}, DC {quorate[0].dc or 'none'}{quiet}."


def is_well(snapshot: Snapshot) -> bool:
    """Tell whether all nodes answer and are in one partition, with quorum and a DC."""
    return (
        all(node.answered for node in snapshot.nodes)
        and len(snapshot.partitions) == 1
        and snapshot.partitions[0].quorate
        and bool(snapshot.partitions[0].dc)
        and len(snapshot.partitions[0].members) == len(snapshot.nodes)
    )


def addresses(record: Record) -> tuple[str, ...]:
    """Return the addresses that were watched: of all that hosts have, the ones that matter."""
    names = {name for sample in record.watched for name in {*sample.where, *sample.answers}}
    names |= {absence.name for absence in record.absences}
    return tuple(sorted(name for name in names if is_address(name)))


def is_address(name: str) -> bool:
    """Tell an IP address from the name of a VM."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def hosts(record: Record) -> tuple[str, ...]:
    """Return all nodes: as the steps list them, then others that samples name."""
    named = [node.name for step in record.steps for node in step.snapshot.nodes]
    seen = [host for one in record.watched for place in one.where.values() for host in at(place)]
    return tuple(dict.fromkeys([*named, *sorted(seen)]))


def at(place: str) -> tuple[str, ...]:
    """Return the hosts that a sample names; more than one where something runs twice."""
    return tuple(host for host in place.split(TWO) if host)


def partitions(step: StepRecord) -> tuple[Partition, ...]:
    """Return each membership of a step once, observed before predicted: their letters' order."""
    first = {frozenset(one.members): one for one in step.snapshot.partitions}
    for outcome in step.predicted:
        for one in outcome.partitions:
            first.setdefault(frozenset(one.members), one)
    return tuple(first.values())


def before(record: Record, number: int) -> StepRecord | None:
    """Return the step before the one at place ``number``."""
    return record.steps[number - 1] if number else None


def came(outcome: Outcome, step: StepRecord, last: StepRecord | None) -> bool:
    """Tell whether the cluster stands as ``outcome``, as far as nodes answer.

    Nodes are fenced as it says when those, and no others, are silent or were booted since ``last``,
    the step before.
    """
    there = {node.name for node in step.snapshot.nodes if node.answered}
    visible = [one for one in outcome.partitions if there & {*one.members}]
    ended = {node.name for node in step.snapshot.nodes} - there | restarted(step, last)
    return _shape(visible) == _shape(step.snapshot.partitions) and {*outcome.fenced} == ended


def fenced(step: StepRecord, last: StepRecord | None) -> frozenset[str]:
    """Return the nodes whose fencing came as predicted, and silent ones that others await."""
    silent = {node.name for node in step.snapshot.nodes if not node.answered}
    wanted = {name for one in step.predicted if came(one, step, last) for name in one.fenced}
    return frozenset(wanted | (silent & {*_flagged(step.snapshot, "unclean")}))


def restarted(step: StepRecord, last: StepRecord | None) -> frozenset[str]:
    """Return the nodes that answered in ``last``, the step before, and were booted since."""
    if last is None:
        return frozenset()
    passed = step.snapshot.time - last.snapshot.time
    return frozenset(
        node.name
        for node in step.snapshot.nodes
        if node.answered
        and last.snapshot.node(node.name).answered
        and node.uptime + _LATE < last.snapshot.node(node.name).uptime + passed
    )


def standing_of(partition: Partition) -> str:
    """Return the members of a partition, whether it has quorum, and its DC."""
    quorum = f"with{'' if partition.quorate else 'out'} quorum"
    return f"{TWO.join(partition.members)} {quorum}{f', DC {partition.dc}' * bool(partition.dc)}"


def standings(step: StepRecord, last: StepRecord | None) -> list[str]:
    """Return each partition of a step, and who is fenced, silent or was booted."""
    down, anew = fenced(step, last), restarted(step, last)
    told = [standing_of(one) for one in step.snapshot.partitions]
    for node in step.snapshot.nodes:
        word = "fenced" if node.name in down else "" if node.answered else "silent"
        back = "and back" * (node.answered and bool(word)) or "restarted" * (node.name in anew)
        told += [" ".join(filter(None, [node.name, word, back]))] * bool(word or back)
    return told


def words(outcome: Outcome) -> str:
    """Return an outcome as a sentence without an end."""
    parts = [standing_of(one) for one in outcome.partitions]
    back = {name for one in outcome.partitions for name in one.members}
    parts += [f"{name} fenced{' and back' * (name in back)}" for name in outcome.fenced]
    return "; ".join(parts) or "no partition"


def doubles(snapshot: Snapshot, vips: Iterable[str]) -> frozenset[str]:
    """Return the VMs and addresses that are on more than one node."""
    vms = {vm for node in snapshot.nodes for vm in node.domains}
    twice = {vm for vm in vms if len(snapshot.hosts(vm)) > 1}
    return frozenset(twice | {vip for vip in vips if len(snapshot.holders(vip)) > 1})


def notes(node: NodeSeen, snapshot: Snapshot) -> list[str]:
    """Return what else is to be said of a node: daemons down, flags, errors."""
    found = [
        f"{daemon} is down" for daemon in ("corosync", "pacemaker") if not getattr(node, daemon)
    ]
    found = found if node.answered else ["does not answer"]
    told = [other.flags.get(node.name, ()) for other in snapshot.nodes]
    found += dict.fromkeys(flag for flags in told for flag in flags)
    return found + [f"{what}: {why}" for what, why in node.errors.items()]


def lines(record: Record) -> list[Line]:
    """Return the steps, breaches and all that moved, in time."""
    found = [
        Line(step.at, f"step {number}", f"{step.name}: {step.action}", "step")
        for number, step in enumerate(record.steps, 1)
    ]
    found += [Line(one.at, one.invariant, one.evidence, "bad") for one in record.breaches]
    events: dict[tuple[float, str], list[str]] = {}
    for event in timeline.events(record.watched):
        events.setdefault((event.time, event.name), []).append(event.what)
    found += [Line(time, name, ", ".join(what)) for (time, name), what in events.items()]
    return sorted(found, key=lambda line: line.time)


def away(absence: Absence) -> str:
    """Return the figures as part of a sentence."""
    if not absence.worst:
        return f"{absence.seconds:.1f} s, no limit is implied"
    return f"{absence.seconds:.1f} s of at most {absence.worst:.1f} s"


def is_over(absence: Absence) -> bool:
    """Tell whether it was away longer than the timeouts allow."""
    return bool(absence.worst) and absence.seconds > absence.worst


def gaps(record: Record, name: str) -> list[timeline.Gap]:
    """Return when ``name`` was nowhere, from the first look that showed it."""
    first = next((one.time for one in record.watched if name in one.where), None)
    places = [timeline.Sample(one.time, one.where) for one in record.watched]
    return [] if first is None else timeline.missing(places, [name], since=first)


def _shape(found: Iterable[Partition]) -> set[tuple[frozenset[str], bool]]:
    return {(frozenset(one.members), one.quorate) for one in found}


def _flagged(snapshot: Snapshot, flag: str) -> Iterator[str]:
    for node in snapshot.nodes:
        yield from (name for name, flags in node.flags.items() if flag in flags)


def _healed(record: Record) -> str:
    return "whole again" if record.healed else "NOT healed"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
