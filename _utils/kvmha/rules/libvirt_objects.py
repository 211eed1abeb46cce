"""Rules for libvirt's networks and pools, and for the network cards that are plugged into them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface
from typing import Any

from kvmha.errors import Problem
from kvmha.rules.helpers import known, repeated
from kvmha.rules.registry import rule
from kvmha.spec.iscsi import portal
from kvmha.spec.libvirt_net import BRIDGE, DIRECT, ISOLATED, NAT, ROUTE, Network
from kvmha.spec.libvirt_pools import DIR, ISCSI, LOGICAL, Pool
from kvmha.spec.model import ClusterSpec

_NETWORKS, _POOLS = "libvirt.networks", "libvirt.pools"
_OWN = ("bridge", "dev", "address", "dhcp_start", "dhcp_end")
# Of each type: the keys that it must have, and all that it may have.
_NETWORK_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    BRIDGE: (("bridge",), ("bridge",)),
    DIRECT: (("dev",), ("dev", "mode")),
    ISOLATED: ((), tuple(key for key in _OWN if key != "dev")),
    NAT: (("address",), _OWN),
    ROUTE: (("address",), _OWN),
}
_POOL_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    DIR: (("path",), ("path", "volumes")),
    LOGICAL: (("group",), ("group", "volumes")),
    ISCSI: (("iqn", "portal"), ("iqn", "portal")),
}


@rule()
def libvirt_names_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a name per network, per pool, and per volume of a pool: libvirt knows them by it."""
    code = "LIBVIRT_NAME_DUPLICATE"
    networks = spec.libvirt.networks
    named = ((f"{_NETWORKS}[{i}].name", "", each.name) for i, each in enumerate(networks))
    yield from repeated(named, hint="give every network its own name", code=code)
    pools = spec.libvirt.pools
    named = ((f"{_POOLS}[{i}].name", "", each.name) for i, each in enumerate(pools))
    yield from repeated(named, hint="give every pool its own name", code=code)
    for i, pool in enumerate(pools):
        place = f"{_POOLS}[{i}].volumes"
        named = ((f"{place}[{j}].name", "", each.name) for j, each in enumerate(pool.volumes))
        yield from repeated(named, hint="give every volume its own name", code=code)


@rule(_NETWORKS)
def networks_are_complete(spec: ClusterSpec) -> Iterator[Problem]:
    """Want what a network's type needs, and nothing that it cannot have.

    Source: https://libvirt.org/formatnetwork.html; libvirt refuses NAT without an address.
    """
    for i, network in enumerate(spec.libvirt.networks):
        if network.present:
            yield from _fits(network, f"{_NETWORKS}[{i}]", _NETWORK_KEYS, "NETWORK_INCOMPLETE")


@rule(_POOLS)
def pools_are_complete(spec: ClusterSpec) -> Iterator[Problem]:
    """Want what a pool's type needs, and nothing that it cannot have.

    The volumes of an iSCSI pool are the target's. Source: https://libvirt.org/storage.html.
    """
    for i, pool in enumerate(spec.libvirt.pools):
        if pool.present:
            yield from _fits(pool, f"{_POOLS}[{i}]", _POOL_KEYS, "POOL_INCOMPLETE")


@rule(_NETWORKS)
def network_addresses_fit(spec: ClusterSpec) -> Iterator[Problem]:
    """Want an address with its prefix, and leases that are a range inside of that network."""
    hint = "for example address 192.168.100.1/24, dhcp_start ...100 and dhcp_end ...200"
    for i, network in enumerate(spec.libvirt.networks):
        for key, message in _address_faults(network):
            place = f"{_NETWORKS}[{i}].{key}"
            yield Problem(place, message, hint, "NETWORK_ADDRESS")


@rule("vms[].interfaces[].bridge", "vms[].interfaces[].network")
def cards_are_plugged_in_once(spec: ClusterSpec) -> Iterator[Problem]:
    """Want each network card in a bridge or in a network, and not in both."""
    for i, vm in enumerate(spec.vms):
        for j, card in enumerate(vm.interfaces):
            if bool(card.bridge) == bool(card.network):
                either, other = ("both a", "and a") if card.bridge else ("neither a", "nor a")
                message = f"it names {either} bridge {other} network"
                place = f"vms[{i}].interfaces[{j}]"
                yield Problem(place, message, "say one of the two", "CARD_LINK")


@rule(_NETWORKS, "vms[].interfaces[].network")
def cards_name_networks(spec: ClusterSpec) -> Iterator[Problem]:
    """Want the network of a card among those that every node has: the VM may run on any."""
    names = [each.name for each in spec.libvirt.networks if each.present]
    for i, vm in enumerate(spec.vms):
        for j, card in enumerate(vm.interfaces):
            if card.network and card.network not in names:
                place = f"vms[{i}].interfaces[{j}].network"
                message = f"libvirt.networks has no '{card.network}'"
                yield Problem(place, message, known(card.network, names), "NETWORK_UNKNOWN")


@rule(_POOLS, "storage.filesystems[].mount", "storage.volume_groups[].name", "storage.iscsi")
def pools_leave_the_cluster_alone(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse a pool on what the cluster mounts, activates or logs in to.

    libvirt starts a pool when it starts itself: before a mount, beside the locks of LVM; and
    when it stops one, it logs out of the target.
    """
    mounts = [each.mount for each in spec.storage.filesystems]
    groups = [each.name for each in spec.storage.volume_groups]
    targets = [each.iqn for each in spec.storage.iscsi.targets]
    for i, pool in enumerate(spec.libvirt.pools):
        inside = [one for one in mounts if f"{pool.path}/".startswith(f"{one}/")]
        found = {
            "path": f"the cluster mounts {inside[0]}" if inside else "",
            "group": "the cluster activates this group" if pool.group in groups else "",
            "iqn": "every node is logged in to it already" if pool.iqn in targets else "",
        }
        for key, message in found.items():
            if message and pool.present:
                hint = "disks there are for vms[].disks; give the pool a place of its own"
                yield Problem(f"{_POOLS}[{i}].{key}", message, hint, "POOL_ON_CLUSTER")


@rule(_POOLS)
def pools_stand_apart(spec: ClusterSpec) -> Iterator[Problem]:
    """Want one pool per folder, group or target, as libvirt does."""
    key = {DIR: "path", LOGICAL: "group", ISCSI: "iqn"}
    places = (
        (f"{_POOLS}[{i}].{key[pool.type]}", pool.name, (pool.type, getattr(pool, key[pool.type])))
        for i, pool in enumerate(spec.libvirt.pools)
        if pool.present and pool.type in key
    )
    said = ((place, owner, f"{kind} {what}") for place, owner, (kind, what) in places if what)
    yield from repeated(said, hint="make one pool of them", code="POOL_PLACE_DUPLICATE")


@rule(_POOLS)
def pool_sources_can_be_reached(spec: ClusterSpec) -> Iterator[Problem]:
    """Want an address for an iSCSI pool, and raw volumes in a volume group."""
    for i, pool in enumerate(spec.libvirt.pools):
        if pool.type == ISCSI and pool.portal and not _is_portal(pool.portal):
            message = f"{pool.portal!r} is no portal"
            hint = "for example 192.168.56.1 or 192.168.56.1:3260"
            yield Problem(f"{_POOLS}[{i}].portal", message, hint, "PORTAL_INVALID")
        for j, volume in enumerate(pool.volumes):
            if pool.type == LOGICAL and volume.format != "raw":
                place = f"{_POOLS}[{i}].volumes[{j}].format"
                message = f"a logical volume is raw, not {volume.format}"
                yield Problem(place, message, "leave it out", "VOLUME_FORMAT")


def _fits(
    said: Network | Pool,
    place: str,
    keys: dict[str, tuple[tuple[str, ...], tuple[str, ...]]],
    code: str,
) -> Iterator[Problem]:
    if said.type not in keys:  # it could not be read, which is told already
        return
    needed, allowed = keys[said.type]
    for key in needed:
        if not getattr(said, key):
            message = f"'{said.name}' is {said.type}, and has no {key}"
            yield Problem(place, message, f"say {key}", code)
    for key in _all(keys):
        if getattr(said, key) and key not in allowed:
            message = f"'{said.name}' is {said.type}, which has no {key}"
            yield Problem(f"{place}.{key}", message, f"take {key} out", code)


def _all(keys: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]) -> Iterable[str]:
    return dict.fromkeys(key for _, allowed in keys.values() for key in allowed)


def _address_faults(network: Network) -> Iterator[tuple[str, str]]:
    """Yield the key and what is wrong with it."""
    inside: IPv4Interface | IPv6Interface | None = None
    if network.address:
        try:
            inside = ip_interface(network.address)
        except ValueError:
            yield "address", f"{network.address!r} is no address with its prefix"
        if inside is not None and "/" not in network.address:
            yield "address", f"{network.address!r} has no prefix"
    if bool(network.dhcp_start) != bool(network.dhcp_end):
        has = "dhcp_start" if network.dhcp_start else "dhcp_end"
        yield has, "a range has two ends"
        return
    found: list[Any] = []
    for key in ("dhcp_start", "dhcp_end"):
        text = getattr(network, key)
        try:
            found += [ip_address(text)] if text else []
        except ValueError:
            yield key, f"{text!r} is no address"
            continue
        if text and not network.address:
            yield key, "there is no address to give leases beside"
        elif text and inside is not None and found[-1] not in inside.network:
            yield key, f"{text} is not in {inside.network}"
    if len(found) == 2 and found[0].version == found[1].version and found[0] > found[1]:
        yield "dhcp_end", f"{found[1]} is before {found[0]}"


def _is_portal(text: str) -> bool:
    try:
        portal(text)
    except ValueError:
        return False
    return True
