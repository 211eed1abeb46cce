"""Rules for virtual machines: where they stand, where they run, what they are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.helpers import known, repeated
from kvmha.rules.registry import rule
from kvmha.spec.model import ClusterSpec

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z", re.IGNORECASE)
_INTERFACE_NAME = 15


@rule()
def vm_names_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a name per VM: it becomes a domain, a resource and a folder."""
    names = ((f"vms[{i}].name", "", vm.name) for i, vm in enumerate(spec.vms))
    yield from repeated(names, hint="give every VM its own name", code="VM_NAME_DUPLICATE")


@rule("storage.filesystems[].name", "vms[].filesystem")
def vms_have_a_filesystem(spec: ClusterSpec) -> Iterator[Problem]:
    """Want each VM on a cluster filesystem, where every node finds its disks."""
    names = [each.name for each in spec.storage.filesystems]
    for index, vm in enumerate(spec.vms):
        if not names:
            hint = "name one under storage.filesystems"
            yield Problem(f"vms[{index}]", f"'{vm.name}' has no filesystem", hint, "VM_HOMELESS")
        elif vm.filesystem and vm.filesystem not in names:
            place = f"vms[{index}].filesystem"
            message = f"there is no filesystem '{vm.filesystem}'"
            yield Problem(place, message, known(vm.filesystem, names), "FILESYSTEM_UNKNOWN")


@rule("nodes[].name", "vms[].prefer[]", "vms[].avoid[]")
def placement_names_nodes(spec: ClusterSpec) -> Iterator[Problem]:
    """Want ``prefer`` and ``avoid`` to name nodes of this cluster."""
    names = [node.name for node in spec.nodes]
    for i, vm in enumerate(spec.vms):
        for field, wanted in (("prefer", vm.prefer), ("avoid", vm.avoid)):
            for j, name in enumerate(wanted):
                if name not in names:
                    place = f"vms[{i}].{field}[{j}]"
                    message = f"there is no node '{name}'"
                    yield Problem(place, message, known(name, names), "NODE_UNKNOWN")


@rule()
def placement_is_consistent(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse to prefer and to avoid the same node."""
    for i, vm in enumerate(spec.vms):
        for j, name in enumerate(vm.avoid):
            if name in vm.prefer:
                place = f"vms[{i}].avoid[{j}]"
                message = f"'{vm.name}' prefers '{name}' too"
                yield Problem(place, message, "take it out of one list", "PLACEMENT_CONTRADICTS")


@rule("nodes[].name", "vms[].avoid[]")
def placement_leaves_two_nodes(spec: ClusterSpec) -> Iterator[Problem]:
    """Want two nodes left for each VM, or it is not highly available."""
    names = {node.name for node in spec.nodes}
    for index, vm in enumerate(spec.vms):
        left = names - set(vm.avoid)
        if len(left) < 2 <= len(names):
            where = f"only '{left.pop()}' is" if left else "no node is"
            message = f"{where} left for '{vm.name}'"
            hint = "leave it two nodes to run on"
            yield Problem(f"vms[{index}].avoid", message, hint, "PLACEMENT_TOO_NARROW")


@rule("vms[].interfaces[].bridge", "libvirt.networks")
def bridge_names_fit(spec: ClusterSpec) -> Iterator[Problem]:
    """Keep bridges within 15 characters (linux/if.h, IFNAMSIZ)."""
    bridges = [
        (f"vms[{i}].interfaces[{j}].bridge", card.bridge)
        for i, vm in enumerate(spec.vms)
        for j, card in enumerate(vm.interfaces)
    ]
    for i, network in enumerate(spec.libvirt.networks):
        bridges.append((f"libvirt.networks[{i}].bridge", network.bridge))
        bridges.append((f"libvirt.networks[{i}].dev", network.dev))
    for place, name in bridges:
        if len(name) > _INTERFACE_NAME:
            message = f"{name!r} has {len(name)} characters"
            hint = f"Linux allows {_INTERFACE_NAME}"
            yield Problem(place, message, hint, "BRIDGE_LONG")


@rule("vms[].interfaces[].mac")
def macs_are_unicast(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a MAC of six bytes with an even first one, as libvirt does; each once."""
    cards = [
        (f"vms[{i}].interfaces[{j}].mac", vm.name, card.mac)
        for i, vm in enumerate(spec.vms)
        for j, card in enumerate(vm.interfaces)
        if card.mac
    ]
    for place, _, mac in cards:
        if not _MAC.match(mac) or int(mac[:2], 16) % 2:
            message = f"{mac!r} is no address of a network card"
            yield Problem(place, message, "for example 52:54:00:12:34:56", "BAD_MAC")
    lowered = ((place, owner, mac.lower()) for place, owner, mac in cards)
    yield from repeated(lowered, hint="leave it empty to derive one", code="MAC_DUPLICATE")


@rule("vms", "vms[].name", "validate.vm")
def validation_names_a_vm(spec: ClusterSpec) -> Iterator[Problem]:
    """Want ``validate.vm`` to be one of the VMs."""
    names = [vm.name for vm in spec.vms]
    if spec.validate.vm and spec.validate.vm not in names:
        message = f"there is no VM '{spec.validate.vm}'"
        yield Problem("validate.vm", message, known(spec.validate.vm, names), "VM_UNKNOWN")


@rule("vms", "validate.failover")
def failover_needs_a_vm(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a VM to fail over before trying that."""
    if spec.validate.failover and not spec.vms:
        hint = "name one under vms, or leave failover out"
        yield Problem("validate.failover", "there is no VM to move", hint, "FAILOVER_WITHOUT_VM")
