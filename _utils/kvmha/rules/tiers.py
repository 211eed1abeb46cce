"""Rules for tiers: who is a member, what starts after what, which addresses they have."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.helpers import known, repeated
from kvmha.rules.registry import rule
from kvmha.spec.model import ClusterSpec
from kvmha.spec.tiers import Tier, Vip, circle

_INTERFACE_NAME = 15


@rule()
def tier_names_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a name per tier: VMs say by it whose members they are."""
    names = ((f"tiers[{i}].name", "", tier.name) for i, tier in enumerate(spec.tiers))
    yield from repeated(names, hint="give every tier its own name", code="TIER_NAME_DUPLICATE")


@rule("tiers", "tiers[].name", "vms[].tier")
def members_name_a_tier(spec: ClusterSpec) -> Iterator[Problem]:
    """Want each VM's ``tier`` to be one of ``tiers``."""
    names = [tier.name for tier in spec.tiers]
    for index, vm in enumerate(spec.vms):
        if vm.tier and vm.tier not in names:
            message = f"there is no tier '{vm.tier}'"
            yield Problem(f"vms[{index}].tier", message, known(vm.tier, names), "TIER_UNKNOWN")


@rule("vms", "vms[].tier", "tiers[].name")
def tiers_have_members(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a member in each tier: nothing can start after, and no address be at, what is not."""
    for index, tier in enumerate(spec.tiers):
        if not spec.members_of(tier.name):
            message = f"no VM is a member of '{tier.name}'"
            hint = f"say tier: {tier.name} of its VMs, or take it out"
            yield Problem(f"tiers[{index}]", message, hint, "TIER_EMPTY")


@rule("tiers[].name", "tiers[].after")
def tiers_follow_tiers(spec: ClusterSpec) -> Iterator[Problem]:
    """Want ``after`` to name a tier."""
    names = [tier.name for tier in spec.tiers]
    for index, tier in enumerate(spec.tiers):
        if tier.after and tier.after not in names:
            message = f"there is no tier '{tier.after}'"
            yield Problem(
                f"tiers[{index}].after", message, known(tier.after, names), "TIER_UNKNOWN"
            )


@rule("tiers[].name", "tiers[].after")
def tiers_have_a_first(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse tiers that start after each other in a circle: none of them would ever start."""
    told: set[str] = set()
    for index, tier in enumerate(spec.tiers):
        way = circle(tier, spec.tiers)
        if way and tier.name not in told:
            told.update(way)
            message = f"goes in a circle: {' after '.join([*way, tier.name])}"
            yield Problem(f"tiers[{index}].after", message, "take one of them out", "TIER_CIRCLE")


@rule("tiers[].vip")
def vips_have_a_network(spec: ClusterSpec) -> Iterator[Problem]:
    """Want an address of a host with its prefix length: it says which of an interface's it joins.

    Source: ocf:heartbeat:IPaddr2, ``cidr_netmask``.
    """
    for place, _, vip in _vips(spec):
        if not _is_host_with_prefix(vip.address):
            message = f"{vip.address!r} is no address of a host with its prefix length"
            hint = "for example 192.168.56.200/24"
            yield Problem(f"{place}.address", message, hint, "VIP_ADDRESS")


@rule("nodes[].links[]", "tiers[].vip.address")
def vips_are_free(spec: ClusterSpec) -> Iterator[Problem]:
    """Want an address per tier that is no node's: two hosts that answer for one cut each other."""
    taken = [
        (f"nodes[{i}].links[{j}]", node.name, address)
        for i, node in enumerate(spec.nodes)
        for j, address in enumerate(node.links)
    ]
    found = repeated(
        [
            *((place, owner, _bare(address)) for place, owner, address in taken),
            *(
                (f"{place}.address", tier.name, _bare(vip.address))
                for place, tier, vip in _vips(spec)
            ),
        ],
        hint="choose an address that nobody has",
        code="VIP_TAKEN",
    )
    yield from (each for each in found if each.place.startswith("tiers"))


@rule()
def vip_interfaces_fit(spec: ClusterSpec) -> Iterator[Problem]:
    """Keep the interface of an address within 15 characters (linux/if.h, IFNAMSIZ)."""
    for place, _, vip in _vips(spec):
        if len(vip.nic) > _INTERFACE_NAME or any(char in vip.nic for char in " /"):
            message = f"{vip.nic!r} is no name of an interface"
            hint = f"at most {_INTERFACE_NAME} characters, such as br0"
            yield Problem(f"{place}.nic", message, hint, "VIP_NIC")


def _vips(spec: ClusterSpec) -> Iterator[tuple[str, Tier, Vip]]:
    for index, tier in enumerate(spec.tiers):
        if tier.vip is not None:
            yield f"tiers[{index}].vip", tier, tier.vip


def _is_host_with_prefix(text: str) -> bool:
    try:
        found = ipaddress.ip_interface(text)
    except ValueError:
        return False
    network = found.network
    special = (network.network_address, network.broadcast_address)
    # A network of one or two addresses (/32, /31) has no special ones.
    return "/" in text and (network.num_addresses <= 2 or found.ip not in special)


def _bare(address: str) -> str:
    try:
        return str(ipaddress.ip_interface(address).ip)
    except ValueError:
        return address  # told elsewhere, or a name
