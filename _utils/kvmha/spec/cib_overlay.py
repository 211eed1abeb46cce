"""What the pillar says of Pacemaker in full words, laid over what follows from its shorthands."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from kvmha.spec.cib import Cib, CibNode
from kvmha.spec.cib_parts import NvSet, Op
from kvmha.spec.cib_resources import Resource


def laid_over(own: Cib, said: Cib, *, whole: bool) -> Cib:
    """Return ``own`` with what ``said`` says of the same things, the latter winning.

    With ``whole``, also everything else that ``said`` holds; the three option sets always.
    """
    refined = {one.id: one for one in _all(said.resources)}
    known = {one.id for one in _all(own.resources)}
    resources = tuple(_refined(one, refined) for one in own.resources)
    ids = {one.id for one in said.constraints}
    laid = dataclasses.replace(
        said if whole else Cib(),
        properties=_sets(own.properties, said.properties),
        rsc_defaults=_sets(own.rsc_defaults, said.rsc_defaults),
        op_defaults=_sets(own.op_defaults, said.op_defaults),
        nodes=_nodes(own.nodes, said.nodes if whole else ()),
        resources=resources,
        constraints=own.constraints,
        fencing_levels=own.fencing_levels,
    )
    if not whole:
        return laid
    return dataclasses.replace(
        laid,
        resources=(*resources, *(one for one in said.resources if one.id not in known)),
        constraints=(
            *(one for one in own.constraints if one.id not in ids),
            *said.constraints,
        ),
        fencing_levels=(*own.fencing_levels, *said.fencing_levels),
    )


def _nodes(own: tuple[CibNode, ...], said: tuple[CibNode, ...]) -> tuple[CibNode, ...]:
    """Return both; what is said of a node of ours is laid over it, in its place."""
    ours = {node.name: node for node in own}
    laid = []
    for one in said:
        base = ours.pop(one.name, None)
        if base is None:
            laid.append(one)
            continue
        both = _sets(base.utilization, one.utilization)
        laid.append(dataclasses.replace(one, id=one.id or base.id, utilization=both))
    return (*ours.values(), *laid)


def _all(resources: Iterable[Resource]) -> Iterator[Resource]:
    for one in resources:
        yield one
        yield from _all(one.members)


def _refined(own: Resource, said: dict[str, Resource]) -> Resource:
    members = tuple(_refined(one, said) for one in own.members)
    more = said.get(own.id)
    if more is None:
        return dataclasses.replace(own, members=members)
    blank = Resource(id=own.id)
    chosen = {
        field.name: getattr(more, field.name)
        for field in dataclasses.fields(Resource)
        if getattr(more, field.name) != getattr(blank, field.name)
    }
    chosen |= {
        "params": _sets(own.params, more.params),
        "meta": _sets(own.meta, more.meta),
        "utilization": _sets(own.utilization, more.utilization),
        "ops": _ops(own.ops, more.ops),
        "members": more.members or members,
    }
    return dataclasses.replace(own, **chosen)


def _sets(own: tuple[NvSet, ...], said: tuple[NvSet, ...]) -> tuple[NvSet, ...]:
    """Return both; values of the plain sets are joined."""
    if not own or not said:
        return said or own
    first, *others = said
    plain = NvSet(values=first.values)
    if first != plain:
        return (*own, *said)
    base = own[0]
    return (dataclasses.replace(base, values={**base.values, **first.values}), *own[1:], *others)


def _ops(own: tuple[Op, ...], said: tuple[Op, ...]) -> tuple[Op, ...]:
    """Return both; an operation of the same name and role is laid over ours."""
    left = list(said)
    laid = []
    for op in own:
        same = next((one for one in left if (one.name, one.role) == (op.name, op.role)), None)
        if same is None:
            laid.append(op)
            continue
        left.remove(same)
        chosen = {
            field.name: value
            for field in dataclasses.fields(Op)
            if (value := getattr(same, field.name)) not in (None, (), {})
        }
        laid.append(dataclasses.replace(op, **chosen))
    return (*laid, *left)
