"""Tiers in Pacemaker's words: ``vip-<tier>``, ``up-<vm>``, what starts after what.

Colocation cannot say "where any of these runs": with a set it means all of them, and scores that
add up cannot tell a member that works from one that is being started. So a member of a tier
with an address has a resource ``up-<vm>`` behind it, which exists only while the VM has started,
probe included, and sets a node attribute; the address is ruled out where no attribute is set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kvmha.spec.cib import Constraint
from kvmha.spec.cib_parts import Condition, Op, ResourceSet, Rule
from kvmha.spec.cib_resources import Resource
from kvmha.spec.model import ClusterSpec
from kvmha.spec.shorthand.placement import apart
from kvmha.spec.shorthand.words import after, op, values
from kvmha.spec.tiers import Tier, Vip, circle
from kvmha.spec.vms import Vm

FAMILIES = ("colocation-tier-", "order-tier-")


def resources(spec: ClusterSpec) -> list[Resource]:
    """Return the addresses of tiers and, for each of their members, what shows that it is up."""
    found = []
    for tier in spec.tiers:
        if tier.vip is not None:
            found += [_up(vm) for vm in spec.members_of(tier.name)]
            found.append(_address(tier, tier.vip))
    return found


def constraints(spec: ClusterSpec) -> Iterator[Constraint]:
    """Yield how members are spread, what they start after, and where addresses are."""
    for tier in spec.tiers:
        members = spec.members_of(tier.name)
        if tier.spread or tier.strict:
            yield from apart("tier", tuple(vm.name for vm in members), strict=tier.strict)
        base = spec.members_of(tier.after) if tier.after else []
        if base and members and not circle(tier, spec.tiers):
            yield from _orders(tier, base, members)
        if tier.vip is not None and members:
            for vm in members:
                yield from after(f"up-{vm.name}", f"vm-{vm.name}", "member")
            yield _where_one_is_up(tier, members)


def attribute(vm: Vm) -> str:
    """Return the name of the node attribute that is 1 where ``vm`` is up."""
    return f"up-{vm.name}"


def orders(tier: Tier) -> tuple[str, str]:
    """Return the ids of the orders of ``tier``: for the start, and for the stop."""
    return f"order-tier-{tier.name}-start", f"order-tier-{tier.name}-stop"


def _up(vm: Vm) -> Resource:
    return Resource(
        id=f"up-{vm.name}",
        agent="ocf:pacemaker:attribute",
        params=values({"name": attribute(vm), "active_value": "1", "inactive_value": "0"}),
        ops=_ops("60s"),
    )


def _address(tier: Tier, vip: Vip) -> Resource:
    address, _, prefix = vip.address.partition("/")
    nic = {"nic": vip.nic} if vip.nic else {}
    return Resource(
        id=f"vip-{tier.name}",
        agent="ocf:heartbeat:IPaddr2",
        params=values({"ip": address, "cidr_netmask": prefix, **nic}),
        ops=_ops("10s"),
    )


def _orders(tier: Tier, base: Sequence[Vm], members: Sequence[Vm]) -> Iterator[Constraint]:
    """Yield that ``members`` start after one of ``base``, and that those stop last.

    The start is asymmetrical: a base that fails or stops leaves alone what runs on it. The stop
    is a wish: it matters only where both stop at once.
    """
    start, stop = orders(tier)
    yield Constraint(
        kind="order",
        id=start,
        order_kind="Mandatory",
        symmetrical="false",
        sets=(_set(base, "start", require_all="false"), _set(members, "start")),
    )
    yield Constraint(
        kind="order",
        id=stop,
        order_kind="Optional",
        symmetrical="false",
        sets=(_set(members, "stop"), _set(base, "stop")),
    )


def _set(vms: Sequence[Vm], action: str, require_all: str | None = None) -> ResourceSet:
    return ResourceSet(
        resources=tuple(f"vm-{vm.name}" for vm in vms),
        sequential="false",
        action=action,
        require_all=require_all,
    )


def _where_one_is_up(tier: Tier, members: Sequence[Vm]) -> Constraint:
    conditions = tuple(
        Condition(attribute=attribute(vm), operation="ne", value="1") for vm in members
    )
    none = Rule(score="-INFINITY", boolean_op="and", conditions=conditions)
    return Constraint(
        kind="location",
        id=f"location-vip-{tier.name}",
        rsc=f"vip-{tier.name}",
        rules=(none,),
    )


def _ops(interval: str) -> tuple[Op, ...]:
    """Return the operations of small agents.

    They need a second. But a start that takes too long keeps an address away for good, and a
    stop that does fences the node, so a busy host is given time.
    """
    return op("start", "60s"), op("stop", "60s"), op("monitor", "60s", interval=interval)
