"""What all shorthands are written with: clones, operations, values, what runs after what."""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.spec.cib import Constraint
from kvmha.spec.cib_parts import NvSet, Op
from kvmha.spec.cib_resources import Resource


def clone(primitive: Resource) -> Resource:
    """Return ``primitive`` on every node, each instance for itself."""
    return Resource(
        id=f"{primitive.id}-clone",
        kind="clone",
        meta=values({"interleave": "true"}),
        members=(primitive,),
    )


def op(name: str, timeout: str, interval: str = "0s", on_fail: str | None = None) -> Op:
    """Return an operation."""
    return Op(name=name, interval=interval, timeout=timeout, on_fail=on_fail)


def values(values: Mapping[str, str]) -> tuple[NvSet, ...]:
    """Return ``values`` as one set; none where there are none."""
    return (NvSet(values=values),) if values else ()


def after(resource: str, base: str, why: str) -> list[Constraint]:
    """Return what makes ``resource`` run only where and after ``base`` does.

    The ids do not name ``base``, so that a change of it is an update.
    """
    return [
        Constraint(kind="order", id=f"order-{why}-{resource}", first=base, then=resource),
        Constraint(
            kind="colocation",
            id=f"colocation-{why}-{resource}",
            rsc=resource,
            with_rsc=base,
            score="INFINITY",
        ),
    ]
