"""Why a resource runs where it does, or does not run: the scheduler's scores put into words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kvmha.documents.cib_read import INFINITY, Reading, score_text
from kvmha.documents.scores import Scores, parse
from kvmha.values import boolean
from kvmha.view.nodes import NodeReason, on_node

_POLICIES = {
    "freeze": "what runs goes on, nothing is started",
    "stop": "everything is stopped",
    "demote": "what is promoted is demoted, the rest is stopped",
    "suicide": "the nodes here are fenced",
    "fence": "the nodes here are fenced",
}


@dataclass(frozen=True)
class Explanation:
    """Why ``resource`` is on ``now`` and will be on ``then``; ``headline`` is the short of it.

    ``reasons`` hold everywhere, ``nodes`` tell the rest node by node.
    """

    resource: str
    headline: str
    now: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    nodes: tuple[NodeReason, ...] = ()


def explain(cib: Any, said: Any, vm: str) -> Explanation:
    """Return why ``vm`` runs where it does.

    ``vm`` is the name of a VM or the id of a resource, ``cib`` the root of a CIB with its
    status, ``said`` that of what crm_simulate said of it (see ``documents.scores``).
    """
    reading, scores = Reading(cib), parse(said)
    name = next((each for each in (f"vm-{vm}", vm) if reading.resource(each) is not None), "")
    if not name:
        known = [one for one in scores.now if one.startswith("vm-")]
        hint = f" (hint: there are {', '.join(known)})" if known else ""
        return Explanation(vm, f"the cluster has no resource vm-{vm}{hint}")
    inside = reading.primitives(name)
    if inside != [name]:
        return Explanation(name, f"{name} holds others: ask about {', '.join(inside)}")
    now, then = scores.now.get(name, ()), scores.then.get(name, ())
    reasons = tuple(_everywhere(reading, scores, name))
    nodes = tuple(on_node(reading, scores, name, node) for node in reading.nodes())
    lost = bool(now) and not any(scores.states.get(node, {}).get("online") for node in now)
    headline = _headline(name, now, then, lost) + _because(reading, name, then, reasons, nodes)
    return Explanation(name, headline, now, then, reasons, nodes)


def _headline(name: str, now: Sequence[str], then: Sequence[str], lost: bool) -> str:
    here, there = " and ".join(now), " and ".join(then)
    if lost:
        told = f"{name} ran on {here} when that was last seen"
        return told if now == then or not then else f"{told}, and is to start on {there}"
    if now and now == then:
        return f"{name} runs on {here}"
    if now and then:
        return f"{name} runs on {here}, and the cluster is about to move it to {there}"
    if now:
        return f"{name} runs on {here}, and the cluster is about to stop it"
    return f"{name} is about to start on {there}" if then else f"{name} does not run"


def _because(
    reading: Reading,
    name: str,
    then: Sequence[str],
    reasons: Sequence[str],
    nodes: Sequence[NodeReason],
) -> str:
    """Return the deciding reason as the second half of the headline."""
    if reasons:
        return f": {reasons[0]}"
    if not then:
        firsts = {node.bars[0] if node.bars else "" for node in nodes}
        common = firsts.pop() if len(firsts) == 1 else ""
        return f": on every node {common}" if common else ": no node may run it"
    chosen = next((one for one in nodes if one.name == then[0]), None)
    if chosen is None or len(reading.chain(name)) > 1:
        return ""  # of clones and groups the scores are not the primitive's own
    others = [one.score for one in nodes if one is not chosen and one.score > -INFINITY]
    return f": {_choice(reading, chosen, others)}"


def _choice(reading: Reading, chosen: NodeReason, others: Sequence[int]) -> str:
    """Return why it is ``chosen`` and none with the scores of ``others``, who might be."""
    if not others:
        return "no other node may run it"
    best = max(others)
    if chosen.score > best and chosen.wishes:
        return "; ".join(chosen.wishes)
    if chosen.score == best:
        free = reading.option("placement-strategy", "default") in ("balanced", "minimal")
        tie = "the one with most room" if free else "one that has less to run"
        same = sum(score == best for score in others) + 1
        return f"{same} nodes are as good, and the scheduler takes {tie}"
    return f"its score is {score_text(chosen.score)}, the next best is {score_text(best)}"


def _everywhere(reading: Reading, scores: Scores, name: str) -> Iterator[str]:
    """Yield what counts on all nodes, the worst first."""
    if reading.root.get("have-quorum") == "0":
        policy = reading.option("no-quorum-policy", "stop")
        told = _POLICIES.get(policy, "the policy is obsolete")
        yield f"there is no quorum here, and no-quorum-policy is {policy}: {told}"
    role, by = reading.meta(name, "target-role")
    if role.lower() == "stopped":
        yield f"it was stopped on purpose: target-role is Stopped{_of(by, name)}"
    for option, text in (
        ("stop-all-resources", "all resources were stopped on purpose: stop-all-resources"),
        ("maintenance-mode", "the cluster is in maintenance: nothing is started, moved or stopped"),
    ):
        if _true(reading.option(option)):
            yield text
    managed, by = reading.meta(name, "is-managed")
    if managed and not _true(managed):
        yield f"it is unmanaged, the cluster leaves it alone: is-managed is false{_of(by, name)}"
    if _true(reading.meta(name, "maintenance")[0]):
        yield "it is in maintenance: the cluster leaves it alone"
    unclean = [node for node, flags in scores.states.items() if flags.get("unclean")]
    if unclean:
        yield f"{' and '.join(unclean)} must be fenced before what ran there is started elsewhere"
    yield from _waits(reading, scores, name)


def _waits(reading: Reading, scores: Scores, name: str) -> Iterator[str]:
    """Yield what it starts after, or runs beside, and that will run nowhere."""
    ids = {one.get("id") for one in reading.chain(name)}
    any_of: dict[str, list[str]] = {}
    for pair in (*reading.orders(), *reading.colocations()):
        if pair.rsc not in ids or pair.score < INFINITY:
            continue
        if pair.any_of:
            any_of.setdefault(pair.any_of, []).append(pair.other)
        elif not _runs(reading, scores, pair.other):
            yield f"it needs {pair.other}, which runs nowhere ({pair.id})"
    for identity, bases in any_of.items():
        if not any(_runs(reading, scores, base) for base in bases):
            yield f"it starts after one of {', '.join(bases)}, and none of them runs ({identity})"


def _runs(reading: Reading, scores: Scores, name: str) -> bool:
    return all(scores.then.get(one) for one in reading.primitives(name))


def _of(by: str, name: str) -> str:
    return "" if by == name else f", by {by}"


def _true(word: str) -> bool:
    try:
        return bool(word) and boolean(word)
    except ValueError:
        return False
