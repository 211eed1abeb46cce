"""Rules for colocations that cannot be met: Pacemaker stops a resource, or breaks one of them.

A colocation of INFINITY means that the nodes of one resource are among those of another. So
do groups: each member is where the one before it is. All rules here follow from that.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field

from kvmha.errors import Problem
from kvmha.rules.graph import components
from kvmha.rules.objects import INFINITY, Objects, is_always, is_on, score, value_of
from kvmha.rules.registry import objects_rule
from kvmha.spec.cib import Constraint

_KEYS = ("kind", "rsc", "with_rsc", "score", "rsc_role", "with_rsc_role", "node_attribute")
_NEEDS = (
    *(f"cib.constraints[].{key}" for key in (*_KEYS, "lifetime", "rules", "more", "node")),
    *("cib.constraints[].sets[].sequential", "cib.constraints[].sets[].role"),
    *("cib.constraints[].sets[].score", "cib.resources[].meta", "cib.resources[].kind"),
)


@dataclass
class Together:
    """Who has to be where who else is, and who must never be where who else is."""

    after: dict[str, set[str]] = field(default_factory=dict)
    apart: list[tuple[str, str, str]] = field(default_factory=list)  # two resources, a place

    def add(self, one: str, other: str) -> None:
        """Want ``one`` where ``other`` is."""
        self.after.setdefault(one, set()).add(other)
        self.after.setdefault(other, set())

    @functools.cached_property
    def order(self) -> list[list[str]]:
        """Resources that are all in one place, each after those that it follows."""
        return components(self.after)

    @functools.cached_property
    def number(self) -> dict[str, int]:
        """The index in ``order`` of each resource."""
        return {name: index for index, names in enumerate(self.order) for name in names}

    @functools.cached_property
    def followers(self) -> list[int]:
        """For each of ``order``, a bit for everyone who has to be where it is, itself included."""
        found = [1 << index for index in range(len(self.order))]
        for index in reversed(range(len(self.order))):
            for name in self.order[index]:
                for other in self.after[name]:
                    found[self.number[other]] |= found[index]
        return found


@objects_rule(*_NEEDS)
def colocations_do_not_contradict(objects: Objects) -> Iterator[Problem]:
    """Refuse to keep apart what has to be together, at once or over others between them.

    Source: Pacemaker Explained, "Colocation Constraints": with INFINITY a resource runs
    where the other does or not at all, with -INFINITY anywhere but there.
    """
    together = _together(objects)
    for one, other, place in together.apart:
        if one not in together.number or other not in together.number or one == other:
            continue
        followers = together.followers
        both = followers[together.number[one]] & followers[together.number[other]]
        if both:
            who = together.order[both.bit_length() - 1][0]
            names = [name for name in (one, other) if name != who]
            message = f"{who} has to be where {' and '.join(names)} is, and is kept from there"
            if len(names) > 1:
                message = f"{who} has to be where {one} and {other} are, and these never meet"
            hint = "give one of the colocations a finite score, or take it out"
            yield Problem(place, message, hint, "COLOCATION_CONTRADICTS")


@objects_rule("nodes[].name", "vms[].avoid[]", *_NEEDS)
def colocations_leave_a_node(objects: Objects) -> Iterator[Problem]:
    """Refuse colocations of INFINITY between resources that no one node may run.

    Source: Pacemaker Explained, "Location Constraints": -INFINITY bans a node.
    """
    together = _together(objects)
    names = list(objects.nodes)
    everywhere = (1 << len(names)) - 1
    own, places = _bans(objects, {name: 1 << index for index, name in enumerate(names)})
    banned: list[int] = []
    for group in together.order:
        here = 0
        for name in group:
            here |= own.get(name, 0)
        followed = {together.number[other] for name in group for other in together.after[name]}
        before = [banned[index] for index in followed if index < len(banned)]
        whole = here
        for mask in before:
            whole |= mask
        banned.append(whole)
        alone = [*before, *(own.get(name, 0) for name in group)]
        if whole == everywhere and everywhere not in alone:
            who = group[0]
            others = sorted({other for name in group for other in together.after[name]} - {who})
            message = f"{who} may run on no node that {', '.join(others)} may run on"
            hint = "allow a node to all of them"
            place = places.get(who) or objects.resources[who].place
            yield Problem(place, message, hint, "COLOCATION_NOWHERE")


def _together(objects: Objects) -> Together:
    together = Together()
    first, last = _ends(objects)
    certain = objects.resources.keys() - objects.clone_around.keys()
    for placed in objects.all:
        if placed.resource.kind == "group" and is_on(value_of(placed.resource.meta, "collocated")):
            members = [one.id for one in placed.resource.members]
            for one, other in zip(members[1:], members, strict=False):
                together.add(one, other)
    for place, constraint in objects.constraints:
        if constraint.kind != "colocation" or not is_always(constraint):
            continue
        for one, other, points in _pairs(constraint):
            if not {one, other} <= certain:
                continue
            if points == INFINITY:
                together.add(first.get(one, one), last.get(other, other))
            elif points == -INFINITY:
                together.apart.append((first.get(one, one), first.get(other, other), place))
    return together


def _pairs(constraint: Constraint) -> Iterator[tuple[str, str, int | None]]:
    """Yield who is placed with whom; of several sets only what each says of its own members."""
    points = score(constraint.score)
    if constraint.rsc and constraint.with_rsc and not constraint.sets:
        yield constraint.rsc, constraint.with_rsc, points
    for each in constraint.sets:
        if each.role or each.id_ref or each.more or each.ordering or not is_on(each.sequential):
            continue
        mine = points if each.score is None else score(each.score)
        for one, other in zip(each.resources[1:], each.resources, strict=False):
            yield one, other, mine


def _ends(objects: Objects) -> tuple[dict[str, str], dict[str, str]]:
    """Return for each group and clone the member that stands for it: its first, its last.

    A group follows where its first member does; who follows it is where its last member is.
    """
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    for placed in reversed(objects.all):  # members before what holds them
        one = placed.resource
        if one.kind in ("group", "clone", "master") and one.members:
            begin, end = one.members[0].id, one.members[-1].id
            first[one.id] = first.get(begin, begin)
            last[one.id] = last.get(end, end)
    return first, last


def _bans(objects: Objects, bits: dict[str, int]) -> tuple[dict[str, int], dict[str, str]]:
    """Return a bit for each node that a resource is banned from, and a place that says so."""
    first, _ = _ends(objects)
    certain = objects.resources.keys() - objects.clone_around.keys()
    found: dict[str, int] = {}
    places: dict[str, str] = {}
    for place, constraint in objects.constraints:
        banned = constraint.kind == "location" and score(constraint.score) == -INFINITY
        rsc = constraint.rsc
        if not banned or not is_always(constraint) or rsc is None or rsc not in certain:
            continue
        name = first.get(rsc, rsc)
        node = (constraint.node or "").lower()
        found[name] = found.get(name, 0) | bits.get(node, 0)
        places.setdefault(name, place)
    return found, places
