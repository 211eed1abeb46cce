"""Rules for the shape of resources and constraints: what has to be there, and what may be held."""

from __future__ import annotations

from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.objects import Objects, Placed
from kvmha.rules.registry import objects_rule
from kvmha.spec.cib import Constraint, FencingLevel
from kvmha.spec.cib_resources import Resource

_HELD = {
    "group": ("primitive",),
    "clone": ("primitive", "group"),
    "master": ("primitive", "group"),
    "bundle": ("primitive",),
}
# What a constraint consists of, and what can stand in its place; `domain` is an old word.
_PARTS: dict[str, dict[str, tuple[str, ...]]] = {
    "location": {
        "rsc": ("rsc", "rsc_pattern", "sets"),
        "node": ("node", "rules", "domain"),
        "score": ("score", "rules", "domain"),
    },
    "colocation": {"rsc": ("rsc", "sets"), "with_rsc": ("with_rsc", "sets")},
    "order": {"first": ("first", "sets"), "then": ("then", "sets")},
    "ticket": {"ticket": ("ticket",), "rsc": ("rsc", "sets")},
}
_EXAMPLES = {
    "location": "rsc, node and score; or rsc and rules",
    "colocation": "rsc and with_rsc, or sets",
    "order": "first and then, or sets",
    "ticket": "ticket, and rsc or sets",
}
_WHOLE = "what stands in the cluster only has to be said in full; an export brings it"


@objects_rule("cib.resources[].agent", "cib.resources[].template", "cib.resources[].kind")
def primitives_have_an_agent(objects: Objects) -> Iterator[Problem]:
    """Want an agent or a template for every primitive, an agent for every template.

    Source: Pacemaker's schema, resources: ``class`` and ``type``, or ``template``.
    """
    for placed in objects.all:
        one = placed.resource
        named = one.agent is not None or "class" in one.more
        if one.kind == "primitive" and not named and one.template is None:
            message = f"{one.id} has neither agent nor template"
            yield Problem(placed.place, message, _WHOLE, "AGENT_MISSING")
        elif one.kind == "template" and not named:
            hint = "for example ocf:heartbeat:VirtualDomain"
            yield Problem(placed.place, f"{one.id} has no agent", hint, "AGENT_MISSING")


@objects_rule("cib.resources[].members", "cib.resources[].kind")
def holders_hold_what_they_can(objects: Objects) -> Iterator[Problem]:
    """Want primitives in groups and bundles, a primitive or a group in clones.

    Source: Pacemaker's schema, resources; a clone has one member, a bundle none or one, a
    group one or more.
    """
    for placed in objects.all:
        one = placed.resource
        message = _misfit(one)
        if message:
            hint = _HINTS[one.kind] if one.members else f"{_HINTS[one.kind]}; {_WHOLE}"
            yield Problem(f"{placed.place}.members", message, hint, "MEMBERS_MISFIT")


@objects_rule("cib.resources[].container", "cib.resources[].network", "cib.resources[].kind")
def bundles_are_complete(objects: Objects) -> Iterator[Problem]:
    """Want a container for a bundle, and for one with a member a way to reach it.

    Source: Pacemaker Explained, "Bundles": one of ``ip-range-start`` and ``control-port``.
    """
    for placed in objects.all:
        one = placed.resource
        if one.kind != "bundle":
            continue
        if one.container is None:
            hint = "for example container: {kind: podman, image: localhost/web:1}"
            yield _incomplete(placed, "container", "is missing", hint)
        network = one.network
        reached = network and (network.ip_range_start or network.control_port)
        if one.members and not reached:
            message = "is missing: Pacemaker could not reach what runs inside"
            hint = "give it ip_range_start or control_port"
            yield _incomplete(placed, "network", message, hint)


@objects_rule(
    *("cib.constraints[].kind", "cib.constraints[].sets", "cib.constraints[].rules"),
    *(f"cib.constraints[].{key}" for key in ("rsc", "rsc_pattern", "node", "score", "with_rsc")),
    *(f"cib.constraints[].{key}" for key in ("first", "then", "ticket")),
)
def constraints_are_complete(objects: Objects) -> Iterator[Problem]:
    """Want all that a constraint of its kind is made of (Pacemaker's schema, constraints)."""
    for place, constraint in objects.constraints:
        gap = _gap(constraint)
        if gap:
            wanted = _EXAMPLES[constraint.kind]
            hint = f"a {constraint.kind} takes {wanted}"
            yield Problem(place, f"has no {gap}", hint, "CONSTRAINT_INCOMPLETE")
        for index, each in enumerate(constraint.sets):
            if not each.resources and each.id_ref is None:
                where = f"{place}.sets[{index}].resources"
                yield Problem(where, "is empty", "name resources", "CONSTRAINT_INCOMPLETE")


@objects_rule(
    *(f"cib.fencing_levels[].{key}" for key in ("target", "target_pattern", "target_attribute")),
    *(f"cib.fencing_levels[].{key}" for key in ("target_value", "index", "devices")),
)
def fencing_levels_are_complete(objects: Objects) -> Iterator[Problem]:
    """Want devices, an index from 1 to 9 and a target for a fencing level.

    Source: Pacemaker Explained, "Fencing Levels".
    """
    for number, level in enumerate(objects.spec.cib.fencing_levels):
        for key, message, hint in _level_gaps(level):
            place = f"cib.fencing_levels[{number}].{key}"
            yield Problem(place, message, hint, "FENCING_LEVEL_INCOMPLETE")


_HINTS = {
    "group": "a group holds primitives, at least one",
    "clone": "a clone holds one primitive or one group",
    "master": "a clone holds one primitive or one group",
    "bundle": "a bundle holds one primitive, or nothing",
}


def _misfit(one: Resource) -> str:
    allowed = _HELD.get(one.kind)
    if allowed is None:
        return ""
    count = len(one.members)
    odd = next((inner for inner in one.members if inner.kind not in allowed), None)
    if odd is not None:
        return f"{one.id} cannot hold {odd.id}, a {odd.kind}"
    if count == 0 and one.kind != "bundle":
        return f"{one.id} holds nothing"
    return f"{one.id} holds {count} resources" if count > 1 and one.kind != "group" else ""


def _incomplete(placed: Placed, key: str, message: str, hint: str) -> Problem:
    return Problem(f"{placed.place}.{key}", message, hint, "BUNDLE_INCOMPLETE")


def _gap(constraint: Constraint) -> str:
    """Return what a constraint lacks, in its own words."""
    wanted = _PARTS.get(constraint.kind, {})
    return " and ".join(
        word
        for word, keys in wanted.items()
        if not any(getattr(constraint, key, None) or key in constraint.more for key in keys)
    )


def _level_gaps(level: FencingLevel) -> Iterator[tuple[str, str, str]]:
    by_attribute = level.target_attribute and level.target_value
    if not (level.target or level.target_pattern or by_attribute or level.more):
        yield "target", "is missing", "name a node, or nodes by target_pattern"
    index = level.index or ""
    if not (index.isdecimal() and 1 <= int(index) <= 9):
        message = f"{index} is no level" if index else "is missing"
        yield "index", message, "a number from 1 to 9"
    if not level.devices:
        yield "devices", "is empty", "name fencing devices"
