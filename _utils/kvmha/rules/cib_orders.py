"""Rules for orders: what has to come before itself never comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kvmha.errors import Problem
from kvmha.rules.graph import components, shortest_circle
from kvmha.rules.objects import Objects, is_on, value_of
from kvmha.rules.registry import objects_rule
from kvmha.spec.cib import Constraint
from kvmha.spec.cib_parts import ResourceSet

_SHOWN = 8
# A resource, an action, and which end of it: a group begins before its members, and ends after.
Step = tuple[str, str, str]


@dataclass
class _Orders:
    """Steps, what has to follow each, and who says so."""

    after: dict[Step, dict[Step, tuple[str, str]]] = field(default_factory=dict)

    def add(self, first: Step, then: Step, name: str, place: str) -> None:
        """Want ``then`` after ``first``, as ``name`` at ``place`` says."""
        self.after.setdefault(first, {}).setdefault(then, (name, place))
        self.after.setdefault(then, {})


@objects_rule(
    *("cib.constraints[].kind", "cib.constraints[].order_kind"),
    *("cib.constraints[].first_action", "cib.constraints[].then_action"),
    *("cib.constraints[].lifetime", "cib.constraints[].sets[].sequential"),
    *("cib.constraints[].sets[].require_all", "cib.constraints[].sets[].action"),
    *("cib.constraints[].sets[].kind", "cib.resources[].meta"),
)
def orders_have_an_end(objects: Objects) -> Iterator[Problem]:
    """Refuse orders that go in a circle: nothing in it starts when the whole cluster does.

    Source: Pacemaker Explained, "Ordering Constraints": an optional order too holds for what
    starts at the same time; and crm_simulate(8), which starts nothing of a circle, and ends with
    a failed assertion on an order of one resource with itself. Groups, sets, and the orders
    that shorthands make count too.
    """
    orders = _orders(objects)
    for circle in components(orders.after):
        if len(circle) == 1 and circle[0] not in orders.after[circle[0]]:
            continue
        told, place = _told(orders, shortest_circle(orders.after, circle)[:-1])
        if not told:  # resources that hold themselves: their ids are told elsewhere
            continue
        more = f", and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
        message = f"goes in a circle: {', '.join(told[:_SHOWN])}{more}"
        hint = "take one of them out"
        yield Problem(place, message, hint, "ORDER_CIRCLE")


def _orders(objects: Objects) -> _Orders:
    orders = _Orders()
    holders = {one.resource.id for one in objects.all if one.resource.members}
    for one in objects.all:
        resource = one.resource
        begin, end = _begin(resource.id, holders), _end(resource.id, holders)
        last = begin
        ordered = resource.kind == "group" and is_on(value_of(resource.meta, "ordered"))
        for member in resource.members:
            start = last if ordered else begin
            name = f"group {resource.id}" if start != begin else ""
            orders.add(start, _begin(member.id, holders), name, one.place)
            last = _end(member.id, holders)
            orders.add(last, end, "", one.place)
    inside: set[str | None] = {*objects.clone_around}
    for place, constraint in objects.constraints:
        named = (constraint.first, constraint.then, *_members(constraint))
        if constraint.kind != "order" or constraint.lifetime or inside.intersection(named):
            continue
        if constraint.sets:
            _add_sets(orders, place, constraint, holders)
        elif constraint.first and constraint.then and _has_direction(constraint, None):
            action = constraint.first_action or "start"
            first = _end(constraint.first, holders, action)
            then = _begin(constraint.then, holders, constraint.then_action or action)
            orders.add(first, then, constraint.id, place)
    for step in list(orders.after):
        if step[1] == "promote":
            orders.add(_end(step[0], holders), step, "", "")
    return orders


def _members(constraint: Constraint) -> Iterator[str]:
    for each in constraint.sets:
        yield from each.resources


def _add_sets(orders: _Orders, place: str, constraint: Constraint, holders: set[str]) -> None:
    """Add what sets say: members in order, and each set after the one before.

    Of a set that waits for any one of its members nothing is certain.
    """
    before: Step | None = None
    for index, each in enumerate(constraint.sets):
        if not _is_certain(constraint, each):
            before = None
            continue
        action = each.action or "start"
        start: Step = (f"{constraint.id} {index}", "set", "begin")
        finish: Step = (f"{constraint.id} {index}", "set", "end")
        if before is not None:
            orders.add(before, start, "", place)
        last = start
        for name in each.resources:
            orders.add(last, _begin(name, holders, action), constraint.id, place)
            ending = _end(name, holders, action)
            orders.add(ending, finish, constraint.id, place)
            if is_on(each.sequential):
                last = ending
        before = finish


def _is_certain(constraint: Constraint, each: ResourceSet) -> bool:
    return (
        bool(each.resources)
        and each.id_ref is None
        and _has_direction(constraint, each)
        and is_on(each.require_all)
        and is_on(constraint.require_all)
    )


def _has_direction(constraint: Constraint, each: ResourceSet | None) -> bool:
    """Tell whether one comes before the other: kind Serialize only wants one at a time."""
    kind = (each.kind if each else None) or constraint.order_kind or "Mandatory"
    return kind.lower() in ("mandatory", "optional")


def _begin(name: str, holders: set[str], action: str = "start") -> Step:
    return (name, action, "begin" if name in holders and action == "start" else "")


def _end(name: str, holders: set[str], action: str = "start") -> Step:
    return (name, action, "end" if name in holders and action == "start" else "")


def _told(orders: _Orders, way: list[Step]) -> tuple[list[str], str]:
    """Return what each step of a circle says, without those between sets, and a place."""
    start = next(index for index, step in enumerate(way) if step[1] != "set")
    way = [*way[start:], *way[:start]]
    told: list[str] = []
    places: list[str] = []
    since, name = way[0], ""
    for first, then in zip(way, [*way[1:], way[0]], strict=True):
        said, place = orders.after[first][then]
        if said:
            places.append(place)
        name = name or said
        if then[1] != "set":
            if name:
                told.append(f"{_spoken(since)} before {_spoken(then)} ({name})")
            since, name = then, ""
    return told, next((place for place in places if place.startswith("cib.")), "cib")


def _spoken(step: Step) -> str:
    name, action, _ = step
    return name if action == "start" else f"{action} of {name}"
