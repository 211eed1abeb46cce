"""The objects of the CIB as they will be built, with the places of the pillar that say them.

Rules over the CIB look at the result of laying ``cib`` over the shorthands, so a VM that is
avoided on a node, and a constraint said in full words, are one kind of thing to them.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kvmha.spec.cib import Cib, Constraint
from kvmha.spec.cib_overlay import laid_over
from kvmha.spec.cib_parts import NvSet
from kvmha.spec.cib_resources import Resource
from kvmha.spec.fields import class_of
from kvmha.spec.model import ClusterSpec
from kvmha.spec.shorthand import lvm, shorthand, tiers
from kvmha.values import boolean

INFINITY = 1_000_000


@dataclass(frozen=True)
class Placed:
    """A resource, the place in the pillar that says it, and the resource that holds it."""

    resource: Resource
    place: str
    holder: Placed | None = None


class Objects:
    """All objects of the CIB: what rules look things up in. Holds for any half-readable spec."""

    def __init__(self, spec: ClusterSpec) -> None:
        self.spec = spec
        # A VM without a filesystem is a mistake that is told elsewhere.
        housed = tuple(vm for vm in spec.vms if spec.filesystem_of(vm) is not None)
        # Which agent fences is the platform's business, and no rule depends on it.
        self.own: Cib = shorthand(dataclasses.replace(spec, vms=housed), "external/sbd")
        self.cib: Cib = laid_over(self.own, spec.cib, whole=True)
        self.said = list(_walked(spec.cib.resources, "cib.resources"))

    @functools.cached_property
    def own_places(self) -> dict[str, str]:
        """The place of the shorthand behind each id that shorthands make."""
        places = {"fencing-sbd": "fencing.sbd"}
        spec = self.spec
        for index, device in enumerate(spec.fencing.devices):
            places.setdefault(f"fencing-{device.name}", f"fencing.devices[{index}]")
        makers = [(f"fs-{fs.name}", i) for i, fs in enumerate(spec.storage.filesystems)]
        for identity, index in makers:
            place = f"storage.filesystems[{index}]"
            for one in (identity, f"{identity}-clone"):
                places.setdefault(one, place)
        for one in ("dlm", "dlm-clone"):
            places.setdefault(one, "storage.filesystems")
        places |= lvm.places(spec)
        for index, vm in enumerate(spec.vms):
            for one in (f"vm-{vm.name}", f"up-{vm.name}"):
                places.setdefault(one, f"vms[{index}]")
        for index, tier in enumerate(spec.tiers):
            for one in (f"vip-{tier.name}", *tiers.orders(tier)):
                places.setdefault(one, f"tiers[{index}]")
        for constraint in self.own.constraints:
            maker = constraint.rsc or constraint.then or ""
            places.setdefault(constraint.id, places.get(maker, "cib"))
        return places

    @functools.cached_property
    def all(self) -> list[Placed]:
        """Every resource, holders before what they hold."""
        by_object = {id(one.resource): one.place for one in self.said}
        by_name = self.own_places | {one.resource.id: one.place for one in self.said}
        return list(_placed(self.cib.resources, None, by_object, by_name))

    @functools.cached_property
    def resources(self) -> dict[str, Placed]:
        """Every resource by its id; of several the first."""
        found: dict[str, Placed] = {}
        for one in self.all:
            found.setdefault(one.resource.id, one)
        return found

    @functools.cached_property
    def clone_around(self) -> dict[str, str]:
        """The outermost clone or bundle around each resource that is inside of one.

        Whether Pacemaker heeds a constraint on what is inside depends on its status.
        """
        found: dict[str, str] = {}
        for name, one in self.resources.items():  # holders come first
            holder = one.holder.resource if one.holder else None
            if holder is None:
                continue
            if holder.id in found:
                found[name] = found[holder.id]
            elif holder.kind in ("clone", "master", "bundle"):
                found[name] = holder.id
        return found

    @functools.cached_property
    def constraints(self) -> list[tuple[str, Constraint]]:
        """Every constraint with its place."""
        said = {id(one): f"cib.constraints[{i}]" for i, one in enumerate(self.spec.cib.constraints)}
        return [
            (said.get(id(one)) or self.own_places.get(one.id, "cib"), one)
            for one in self.cib.constraints
        ]

    @functools.cached_property
    def nodes(self) -> dict[str, str]:
        """Names of all nodes, by the lower-case form in which Pacemaker compares them.

        Members of the cluster, remote nodes (``ocf:pacemaker:remote``), guest nodes (the meta
        attribute ``remote-node``), and what ``cib.nodes`` adds.
        """
        names = [node.name for node in self.spec.nodes]
        for one in self.all:
            if self.agent(one.resource).endswith(":pacemaker:remote"):
                names.append(one.resource.id)
            guest = value_of(one.resource.meta, "remote-node")
            if guest is not None:
                names.append(guest)
        names += [node.name for node in self.cib.nodes if node.name]
        return {name.lower(): name for name in names}

    @functools.cached_property
    def parts(self) -> list[tuple[str, Any]]:
        """Every object below ``cib`` as it is said, with its place."""
        found: list[tuple[str, Any]] = []
        _collect(self.spec.cib, "cib", found)
        return found

    def agent(self, resource: Resource) -> str:
        """Return the agent of a primitive or of its template, empty when none is known."""
        if resource.agent is None and resource.template is not None:
            template = self.resources.get(resource.template)
            return (template.resource.agent or "") if template else ""
        return resource.agent or ""

    def parameter(self, resource: Resource, name: str) -> str | None:
        """Return a parameter of a primitive or of its template as it always applies."""
        found = value_of(resource.params, name)
        if found is None and resource.template is not None:
            template = self.resources.get(resource.template)
            return value_of(template.resource.params, name) if template else None
        return found


def value_of(sets: Iterable[NvSet], name: str) -> str | None:
    """Return the value of ``name`` in the first set that always applies, None without one."""
    for nvset in sets:
        if nvset.rule is not None:
            continue
        if name in nvset.values:
            found = nvset.values[name]
            return str(found).lower() if isinstance(found, bool) else str(found)
        for pair in nvset.pairs:
            if pair.name == name and pair.value is not None:
                return pair.value
    return None


def score(text: str | None) -> int | None:
    """Return a score as Pacemaker reads it, None for none and for a node attribute's name."""
    word = (text or "").strip().lower().removeprefix("+")
    if word in ("infinity", "-infinity"):
        return INFINITY if word == "infinity" else -INFINITY
    try:
        return max(-INFINITY, min(INFINITY, int(word)))
    except ValueError:
        return None


def is_on(text: str | None) -> bool:
    """Tell whether something that is on by default was not switched off."""
    try:
        return text is None or boolean(text)
    except ValueError:
        return True


def is_always(constraint: Constraint) -> bool:
    """Tell whether a constraint holds at any time, for any role, and by no attribute of nodes."""
    roles = (constraint.role, constraint.rsc_role, constraint.with_rsc_role)
    apart = (constraint.lifetime, constraint.rules, constraint.node_attribute, constraint.more)
    return not any(apart) and all(role in (None, "Started") for role in roles)


def _walked(
    resources: Iterable[Resource], place: str, holder: Placed | None = None
) -> Iterator[Placed]:
    for index, one in enumerate(resources):
        placed = Placed(one, f"{place}[{index}]", holder)
        yield placed
        yield from _walked(one.members, f"{placed.place}.members", placed)


def _placed(
    resources: Iterable[Resource],
    holder: Placed | None,
    by_object: dict[int, str],
    by_name: dict[str, str],
) -> Iterator[Placed]:
    for one in resources:
        place = by_object.get(id(one)) or by_name.get(one.id, "cib.resources")
        placed = Placed(one, place, holder)
        yield placed
        yield from _placed(one.members, placed, by_object, by_name)


@functools.cache
def _inner_fields(cls: Any) -> tuple[tuple[str, bool], ...]:
    metas = ((field.name, field.metadata["said"]) for field in dataclasses.fields(cls))
    return tuple((name, meta.many) for name, meta in metas if class_of(meta) is not None)


def _collect(item: Any, place: str, found: list[tuple[str, Any]]) -> None:
    cls: Any = type(item)
    for name, many in _inner_fields(cls):
        value = getattr(item, name)
        if not value:
            continue
        if not many:
            found.append((f"{place}.{name}", value))
            _collect(value, f"{place}.{name}", found)
            continue
        for index, one in enumerate(value):
            where = f"{place}.{name}[{index}]"
            found.append((where, one))
            _collect(one, where, found)
