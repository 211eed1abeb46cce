"""Rules for drills: steps that say what they do, and where."""

from __future__ import annotations

from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.helpers import known, repeated
from kvmha.rules.registry import rule
from kvmha.spec.drills import NEEDED, Step, selector
from kvmha.spec.model import ClusterSpec


@rule()
def drill_names_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a name per drill: it is run by it."""
    names = ((f"drills[{i}].name", "", drill.name) for i, drill in enumerate(spec.drills))
    yield from repeated(names, hint="give every drill its own name", code="DRILL_NAME_DUPLICATE")


@rule("drills")
def steps_do_one_thing(spec: ClusterSpec) -> Iterator[Problem]:
    """Want each step to make one fault, told all that it needs, or to heal, or to leave alone."""
    for place, step in _steps(spec):
        if bool(step.fault) + step.heal + step.leave > 1:
            hint = "one of fault, heal, leave; none of them: a look"
            yield Problem(place, "does more than one thing", hint, "STEP_UNCLEAR")
        if step.fault and not step.node:
            yield Problem(f"{place}.node", "is missing", "a node, dc, host-of:VM", "STEP_NOWHERE")
        for key in NEEDED.get(step.fault, ()):
            if not (getattr(step, key, ()) or key in step.arguments):
                where = f"{place}.{key}" if hasattr(step, key) else f"{place}.arguments.{key}"
                message = f"is missing, and {step.fault} needs it"
                yield Problem(where, message, "see docs/how-to/drills.md", "STEP_INCOMPLETE")


@rule("drills", "nodes", "nodes[].name", "vms", "vms[].name")
def steps_name_nodes(spec: ClusterSpec) -> Iterator[Problem]:
    """Want the nodes and VMs of a step to exist."""
    nodes, vms = [node.name for node in spec.nodes], [vm.name for vm in spec.vms]
    for place, step in _steps(spec):
        said = [(f"{place}.node", step.node)] if step.node else []
        said += [(f"{place}.peers[{i}]", peer) for i, peer in enumerate(step.peers)]
        for where, text in said:
            found = selector(text)
            names = vms if found.kind == "host" else nodes
            what = "VM" if found.kind == "host" else "node"
            by_place = found.value.isdecimal() and 1 <= int(found.value) <= len(names)
            if found.kind != "dc" and found.value not in names and not by_place:
                hint = known(found.value, names)
                yield Problem(where, f"there is no {what} '{found.value}'", hint, "STEP_UNKNOWN")


def _steps(spec: ClusterSpec) -> Iterator[tuple[str, Step]]:
    for i, drill in enumerate(spec.drills):
        for j, step in enumerate(drill.steps):
            yield f"drills[{i}].steps[{j}]", step
