"""Whether a cluster stands as one of the outcomes that were predicted, and if not, why not."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from kvmha.drills.record import Outcome
from kvmha.view.snapshot import NodeSeen, Partition, Snapshot


def matching(
    outcomes: Collection[Outcome], look: Snapshot, down: Collection[str] | None
) -> list[Outcome]:
    """Return the outcomes as which the cluster stands in ``look``.

    ``down`` are the nodes that were seen to end since the fault: to start anew, or to be silent;
    with None it does not matter who did. A partition is there when those of its nodes that
    answer tell it, each the same. A node that is to be fenced is not while others still call it
    unclean.
    """
    told = {(part.members, part.quorate) for part in look.partitions}
    unclean = _unclean(look)
    return [
        outcome
        for outcome in outcomes
        if told == _visible(outcome, look)
        and (down is None or set(outcome.fenced) == set(down))
        and not unclean & set(outcome.fenced)
    ]


def down_in(looks: Sequence[Snapshot], names: Collection[str]) -> set[str]:
    """Return the nodes of ``names`` that ended within ``looks``.

    That is who started anew (its uptime fell), and who was silent at two looks in a row: one
    silent look can be a late answer.
    """
    return {name for name in names if _ended([look.node(name) for look in looks])}


def place_troubles(
    look: Snapshot, vms: Collection[str], places: dict[str, str], *, moves: bool
) -> list[str]:
    """Return in sentences which of ``vms`` is not where it should be.

    ``places`` is where they were before; without ``moves`` they must still be there. Where no
    partition has quorum nothing is expected of them.
    """
    if not any(part.quorate for part in look.partitions):
        return []
    found = []
    for vm in vms:
        hosts = look.hosts(vm)
        if not hosts:
            found.append(f"{vm} runs nowhere")
        elif not moves and list(hosts) != [places.get(vm, hosts[0])]:
            found.append(f"{vm} moved from {places[vm]} to {', '.join(hosts)}")
    return found


def described(partitions: Collection[Partition]) -> str:
    """Return partitions as words: ``{ha-host1, ha-host2} with quorum; {ha-host3} without``."""
    words = [
        f"{{{', '.join(part.members)}}} {'with' if part.quorate else 'without'} quorum"
        for part in partitions
    ]
    return "; ".join(words) or "no partition"


def outcome_text(outcome: Outcome) -> str:
    """Return an outcome as words."""
    fenced = f"; fenced: {', '.join(outcome.fenced)}" if outcome.fenced else ""
    return described(outcome.partitions) + fenced


def mismatch(look: Snapshot, down: Collection[str]) -> str:
    """Return what was seen, where it is none of the outcomes."""
    words = described(look.partitions)
    silent = [node.name for node in look.nodes if not node.answered]
    if silent:
        words += f"; silent: {', '.join(silent)}"
    if down:
        words += f"; ended: {', '.join(sorted(down))}"
    if unclean := _unclean(look):
        words += f"; unclean: {', '.join(sorted(unclean))}"
    return words


def _visible(outcome: Outcome, look: Snapshot) -> set[tuple[tuple[str, ...], bool]]:
    """Return the partitions of ``outcome`` that somebody who answers is a member of."""
    answering = {node.name for node in look.nodes if node.answered}
    return {
        (tuple(sorted(part.members)), part.quorate)
        for part in outcome.partitions
        if answering & set(part.members)
    }


def _unclean(look: Snapshot) -> set[str]:
    return {
        name
        for node in look.nodes
        if node.quorate
        for name, flags in node.flags.items()
        if "unclean" in flags
    }


def _ended(seen: Sequence[NodeSeen]) -> bool:
    silent, uptime = 0, 0.0
    for node in seen:
        silent = 0 if node.answered else silent + 1
        if silent > 1 or 0 < node.uptime < uptime:  # 0: it could not be told
            return True
        uptime = node.uptime or uptime
    return False
