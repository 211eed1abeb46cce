"""What the rules of quorum and fencing allow for a cut: every way in which a cluster may stand.

Sources: votequorum(5) and its ``calculate_quorum``, corosync-qdevice(8), Pacemaker Explained
("no-quorum-policy", "Fencing"). Not foreseen are failures on top: a fence agent that fails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, product

from kvmha.drills.record import Cut, Outcome
from kvmha.spec.model import ClusterSpec
from kvmha.view.snapshot import Partition

Members = frozenset[str]


@dataclass(frozen=True)
class Rules:
    """Who has how many votes, and what makes them enough.

    ``ids`` are nodeids by name, ``expected`` all votes, a device's included. ``tie_breaker`` is
    what ``auto_tie_breaker_node`` says: none without. ``device`` is a qdevice's algorithm, empty
    without one. ``self_fencing`` is what diskless SBD does: a node without quorum resets itself.
    """

    ids: Mapping[str, int]
    votes: Mapping[str, int]
    expected: int
    two_node: bool = False
    wait_for_all: bool = False
    last_man_standing: bool = False
    tie_breaker: tuple[str, ...] = ()
    device: str = ""
    device_votes: int = 0
    device_tie: str = "lowest"
    fencing: bool = True
    self_fencing: bool = False
    policy: str = "stop"


@dataclass(frozen=True)
class Graph:
    """Who is up, and which pairs cannot talk: the first of a cut is the node that holds it.

    A cut goes when its holder starts anew. ``fresh`` are nodes that have just started.
    """

    alive: tuple[str, ...]
    cuts: tuple[Cut, ...] = ()
    fresh: tuple[str, ...] = ()

    def joined(self, one: str, other: str) -> bool:
        """Tell whether the two can talk."""
        return (one, other) not in self.cuts and (other, one) not in self.cuts


@dataclass(frozen=True)
class Before:
    """How the nodes stood: the members that each had, the votes that each expects.

    Empty: all together, with all votes.
    """

    members: Mapping[str, Members] = field(default_factory=dict)
    expected: Mapping[str, int] = field(default_factory=dict)


def rules_of(spec: ClusterSpec, *, fencing: bool = True) -> Rules:
    """Return the rules of ``spec``; without ``fencing`` as if nobody were ever fenced."""
    quorum = spec.corosync.quorum
    said = {extra.name: extra.quorum_votes for extra in spec.corosync.nodelist}
    votes = {node.name: _unless(said.get(node.name), 1) for node in spec.nodes}
    device = quorum.device
    algorithm = (device.net.algorithm or "ffsplit") if device.model else ""
    least = sum(votes.values()) - 1 if algorithm == "lms" else 1
    device_votes = _unless(device.votes, least) if device.model else 0
    two = list(votes.values()) == [1, 1] and not device.model
    two_node = two if quorum.two_node is None else quorum.two_node
    return Rules(
        ids={node.name: node.id for node in spec.nodes},
        votes=votes,
        expected=_unless(quorum.expected_votes, sum(votes.values()) + device_votes),
        two_node=two_node,
        wait_for_all=two_node if quorum.wait_for_all is None else quorum.wait_for_all,
        last_man_standing=bool(quorum.last_man_standing),
        tie_breaker=tuple((quorum.auto_tie_breaker_node or "lowest").split())
        if quorum.auto_tie_breaker
        else (),
        device=algorithm,
        device_votes=device_votes,
        device_tie=device.net.tie_breaker or "lowest",
        fencing=fencing,
        self_fencing=fencing and spec.fencing.diskless,
        policy=str(spec.cib.property("no-quorum-policy") or _policy(spec)),
    )


def predict(rules: Rules, graph: Graph, before: Before | None = None) -> tuple[Outcome, ...]:
    """Return every way in which the cluster may come to stand; exactly one where that is sure.

    Without fencing that is one for each membership that corosync may form. With it, a partition
    with quorum has the nodes outside fenced; they are off at first, and their own cuts are gone
    when they come back: both are outcomes. A cut that a survivor holds goes on, and may have
    others fenced.
    """
    if not rules.fencing:
        told = (judged(rules, graph, parts, before or Before()) for parts in memberships(graph))
        return tuple(dict.fromkeys(Outcome(parts) for parts in told))
    return tuple(dict.fromkeys(_with_fencing(rules, graph, before or Before())))


def memberships(graph: Graph) -> Iterator[tuple[Members, ...]]:
    """Yield the memberships that corosync may form.

    Where all who hear of each other can talk, it is one. Where they cannot (1-3 is cut and 2
    sees both), corosync forms groups in which all can, none of which could join another; or it
    forms the same membership of all over and over.
    """
    choices = []
    for component in _components(graph):
        whole: tuple[Members, ...] = (component,)
        if _is_clique(graph, component):
            choices.append([whole])
        else:
            choices.append([*_groups(graph, sorted(component)), whole])
    for chosen in product(*choices):
        yield tuple(part for parts in chosen for part in parts)


def judged(
    rules: Rules, graph: Graph, parts: Collection[Members], before: Before
) -> tuple[Partition, ...]:
    """Return ``parts`` as partitions, each with whether it has quorum, largest first."""
    favourite = _device_choice(rules, parts)
    found = [
        Partition(tuple(sorted(part)), _has_quorum(rules, graph, part, before, part == favourite))
        for part in parts
    ]
    return tuple(sorted(found, key=lambda one: (-len(one.members), one.members)))


def split_brain(rules: Rules) -> tuple[Partition, ...]:
    """Return partitions of which two have quorum, when there are such; none with honest settings.

    Nodes are divided into two groups in every way. With ``two_node`` and two votes there always
    are such: fencing decides between them (votequorum(5)).
    """
    names = list(rules.votes)
    for count in range(1, len(names)):
        for chosen in combinations(names, count):
            rest = [name for name in names if name not in chosen]
            cuts = tuple(product(chosen, rest))
            graph = Graph(tuple(names), cuts)
            parts = judged(rules, graph, (frozenset(chosen), frozenset(rest)), Before())
            if sum(part.quorate for part in parts) > 1:
                return parts
    return ()


def after(rules: Rules, before: Before, parts: Collection[Partition]) -> Before:
    """Return how nodes stand when ``parts`` have stood for long enough to reckon anew.

    Only ``last_man_standing`` lowers the votes that are expected (votequorum(5)).
    """
    members = dict(before.members)
    expected = dict(before.expected)
    for part in parts:
        votes = sum(rules.votes.get(name, 0) for name in part.members)
        for name in part.members:
            members[name] = frozenset(part.members)
            if rules.last_man_standing and part.quorate:
                expected[name] = votes
    return Before(members, expected)


# --- memberships -------------------------------------------------------------------------------


def _components(graph: Graph) -> list[Members]:
    left, found = list(graph.alive), []
    while left:
        group, waiting = set(), [left[0]]
        while waiting:
            name = waiting.pop()
            if name not in group:
                group.add(name)
                waiting += [other for other in left if graph.joined(name, other)]
        found.append(frozenset(group))
        left = [name for name in left if name not in group]
    return found


def _is_clique(graph: Graph, names: Collection[str]) -> bool:
    return all(graph.joined(one, other) for one, other in combinations(names, 2))


def _groups(graph: Graph, names: list[str]) -> list[tuple[Members, ...]]:
    """Return the divisions into groups in which all can talk, and no two could be one."""

    def divide(left: list[str]) -> Iterator[tuple[Members, ...]]:
        if not left:
            yield ()
            return
        first, *others = left
        for count in range(len(others), -1, -1):
            for chosen in combinations(others, count):
                if _is_clique(graph, (first, *chosen)):
                    rest = [name for name in others if name not in chosen]
                    yield from ((frozenset((first, *chosen)), *more) for more in divide(rest))

    return [
        parts
        for parts in divide(names)
        if not any(_is_clique(graph, one | other) for one, other in combinations(parts, 2))
    ]


# --- votes -------------------------------------------------------------------------------------


def _has_quorum(
    rules: Rules, graph: Graph, part: Members, before: Before, has_device: bool
) -> bool:
    expected = max((before.expected.get(name, rules.expected) for name in part), default=0)
    total = sum(rules.votes[name] for name in part) + rules.device_votes * has_device
    if rules.wait_for_all and part <= set(graph.fresh) and total < expected:
        return False
    needed = max((expected + 2) // 2, (total + 2) // 2)
    if rules.two_node and len(part) <= 2:
        needed = 1
    previous = _previous(rules, before, part - set(graph.fresh))
    return total >= needed or (
        total == expected // 2 and _wins_tie(rules, part, previous, needed=needed)
    )


def _wins_tie(rules: Rules, part: Members, previous: Members, *, needed: int) -> bool:
    """Tell whether half of the votes is enough: no other part could have quorum by itself.

    ``previous`` are the members when there was quorum last; who has just started knows of none.
    That others join meanwhile is not reckoned with by corosync: with an odd number of votes, a
    node that comes back into a cut that is still there can give another part quorum too.
    """
    if not previous or not rules.tie_breaker or rules.device:
        return False
    if len(previous) - len(part) >= needed:
        return False
    return _chosen(rules, rules.tie_breaker, previous) in part


def _chosen(rules: Rules, wanted: Collection[str], among: Collection[str]) -> str:
    """Return the first of ``wanted`` (lowest, highest, nodeids) that is there, else nothing."""
    by_id = sorted(among, key=lambda name: rules.ids[name])
    for word in wanted:
        if word in ("lowest", "highest"):
            return by_id[0 if word == "lowest" else -1]
        found = [name for name in by_id if str(rules.ids[name]) == word]
        if found:
            return found[0]
    return ""


def _device_choice(rules: Rules, parts: Collection[Members]) -> Members:
    """Return the partition that a qdevice gives its votes to: the largest, or who wins a tie."""
    if not rules.device or not parts:
        return frozenset()
    largest = max(len(part) for part in parts)
    equals = [part for part in parts if len(part) == largest]
    first = _chosen(rules, (rules.device_tie,), frozenset().union(*equals))
    return next((part for part in equals if first in part), equals[0])


# --- fencing -----------------------------------------------------------------------------------


def _with_fencing(rules: Rules, graph: Graph, before: Before) -> Iterator[Outcome]:
    waiting: list[tuple[Graph, Members, Before]] = [(graph, frozenset(), before)]
    known = []
    while waiting:
        now, fenced, stood = waiting.pop(0)
        for parts in memberships(now):
            told = judged(rules, now, parts, stood)
            victims = list(_victims(rules, now, told, stood))
            if not victims:
                yield Outcome(told, tuple(sorted(fenced)))
            for winner, off in victims:
                gone = fenced | off
                left = (winner,) if winner else ()
                if winner:
                    yield Outcome(left, tuple(sorted(gone)))
                # Who was fenced is a stranger until it has joined: nobody fences it for that.
                alone = [Partition((name,), quorate=False) for name in off]
                following = (_started_anew(now, off), gone, after(rules, stood, (*left, *alone)))
                if following not in known:
                    known.append(following)
                    waiting.append(following)


def _victims(
    rules: Rules, graph: Graph, parts: Collection[Partition], before: Before
) -> Iterator[tuple[Partition | None, Members]]:
    """Yield for each partition that may win whom it has fenced; none where nobody is fenced."""
    winners = [part for part in parts if part.quorate]
    for winner in winners:
        members = frozenset(winner.members)
        off = _previous(rules, before, members) - members
        if off:
            yield winner, off
    lost = frozenset(name for part in parts for name in part.members) - set(graph.fresh)
    if not winners and rules.self_fencing and lost:
        yield None, lost


def _started_anew(graph: Graph, off: Members) -> Graph:
    return Graph(
        alive=tuple(dict.fromkeys((*graph.alive, *sorted(off)))),
        cuts=tuple(cut for cut in graph.cuts if cut[0] not in off),
        fresh=tuple(sorted({*graph.fresh, *off})),
    )


def _previous(rules: Rules, before: Before, part: Members) -> Members:
    return frozenset().union(*(before.members.get(name, frozenset(rules.votes)) for name in part))


def _policy(spec: ClusterSpec) -> str:
    return "freeze" if spec.storage.uses_dlm else "stop"


def _unless(said: int | None, derived: int) -> int:
    return derived if said is None else said
