"""The record of a drill in a few lines, for a terminal."""

from __future__ import annotations

from kvmha.drills.record import Absence, Record, StepRecord
from kvmha.drills.report import facts
from kvmha.view.snapshot import Snapshot


def of_record(record: Record) -> str:
    """Return each step with what was predicted and observed, and at the end the verdict."""
    lines = [f"{record.scenario} on {record.cluster}, {record.began}"]
    for number, step in enumerate(record.steps, 1):
        lines += _step(number, step, facts.before(record, number - 1))
    lines += [f"  away {one.name}: {facts.away(one)}{_over(one)}" for one in record.absences]
    lines += [
        f"  BROKEN  {one.at:.1f} s  {one.invariant}: {one.evidence}" for one in record.breaches
    ]
    lines += [f"  PROBLEM  {problem}" for problem in record.problems]
    return "\n".join([*lines, facts.verdict(record)])


def of_snapshot(snapshot: Snapshot, cluster: str) -> str:
    """Return how a cluster stands, in one line and one for each node that has something to say."""
    lines = [f"{cluster}: {facts.standing(snapshot)}"]
    for node in snapshot.nodes:
        lines += [f"  {node.name}: {note}" for note in facts.notes(node, snapshot)]
    return "\n".join(lines)


def _step(number: int, step: StepRecord, last: StepRecord | None) -> list[str]:
    observed = "; ".join(facts.standings(step, last))
    lines = [f"  {number} {step.name}: {step.verdict}, at {step.at:.1f} s"]
    lines += [f"      observed   {observed}"]
    lines += [f"      predicted  {line}" for line in _predicted(step, last)]
    wrong = step.verdict in facts.WRONG
    return lines + [f"      {line}" for line in step.why if wrong]


def _predicted(step: StepRecord, last: StepRecord | None) -> list[str]:
    """What came true alone, with how many others were allowed; all when none came."""
    came = [one for one in step.predicted if facts.came(one, step, last)]
    if not came:
        return [facts.words(one) for one in step.predicted]
    others = len(step.predicted) - 1
    also = f", one of {others + 1} that are allowed" if others else ""
    return [f"{facts.words(came[0])} (came true{also})"]


def _over(absence: Absence) -> str:
    return "  OVER" * facts.is_over(absence)
