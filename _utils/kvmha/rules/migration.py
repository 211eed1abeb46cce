"""Rules for live migration and locking: what the agent, libvirt and the links have to allow."""

from __future__ import annotations

from collections.abc import Iterator

from kvmha import values
from kvmha.errors import Problem
from kvmha.rules.registry import rule
from kvmha.spec.model import ClusterSpec

# Parameters of the agent that have a word of their own, and the word.
_WORDS = {
    "config": "vms[].filesystem",
    "migration_transport": "libvirt.migration.transport",
    "migration_user": "libvirt.migration.user",
}
# The same of qemu.conf.
_SETTINGS = {
    "migration_address": "libvirt.migration.link",
    "migration_host": "libvirt.migration.link",
    "migration_port_min": "libvirt.migration.port_min",
    "migration_port_max": "libvirt.migration.port_max",
    "lock_manager": "libvirt.locking",
}
_FIRST_PORT, _LAST_PORT = 49152, 49215


@rule()
def agent_params_have_no_word(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse parameters of VirtualDomain that another word of the pillar decides."""
    for index, vm in enumerate(spec.vms):
        for name in vm.params:
            if name in _WORDS:
                message = f"{_WORDS[name]} decides it"
                yield Problem(
                    f"vms[{index}].params.{name}", message, f"say {_WORDS[name]}", "PARAM_HAS_WORD"
                )


@rule()
def agent_params_agree(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse pairs that the agent itself refuses (heartbeat/VirtualDomain, validate_all)."""
    for index, vm in enumerate(spec.vms):
        place = f"vms[{index}].params"
        if _is_true(vm.params.get("force_stop")) and vm.params.get("snapshot"):
            hint = "leave out one of force_stop and snapshot"
            message = "a VM that is killed at once cannot save its memory"
            yield Problem(f"{place}.snapshot", message, hint, "PARAMS_CONTRADICT")
        if _is_true(vm.params.get("stateless")) and not vm.params.get("backingfile"):
            message = "a stateless VM is made anew from a backing file at each start"
            yield Problem(f"{place}.stateless", message, "say backingfile", "PARAMS_CONTRADICT")


@rule("nodes[].links", "libvirt.migration.link")
def migration_link_exists(spec: ClusterSpec) -> Iterator[Problem]:
    """Want the link that carries the guests' memory on every node."""
    link = spec.libvirt.migration.link
    short = [] if link is None else [node for node in spec.nodes if len(node.links) <= link]
    if short:
        message = f"there is no link {link} on {', '.join(node.name for node in short)}"
        hint = f"the first link is 0; say links {', '.join(map(str, range(len(short[0].links))))}"
        yield Problem("libvirt.migration.link", message, hint, "MIGRATION_LINK_UNKNOWN")


@rule("libvirt.migration.port_min", "libvirt.migration.port_max")
def migration_ports_are_a_range(spec: ClusterSpec) -> Iterator[Problem]:
    """Want the last port behind the first, libvirt's own where one is unsaid (qemu.conf)."""
    said = spec.libvirt.migration
    first, last = said.port_min or _FIRST_PORT, said.port_max or _LAST_PORT
    if first > last:
        place = "libvirt.migration.port_max" if said.port_max else "libvirt.migration.port_min"
        message = f"{first} to {last} holds no port"
        yield Problem(place, message, "say port_min and port_max", "MIGRATION_PORTS")


@rule()
def qemu_conf_has_no_word(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse settings of qemu.conf that another word of the pillar decides."""
    for name in spec.libvirt.qemu_conf:
        if name in _SETTINGS:
            message = f"{_SETTINGS[name]} decides it"
            place = f"libvirt.qemu_conf.{name}"
            yield Problem(place, message, f"say {_SETTINGS[name]}", "SETTING_HAS_WORD")


@rule("storage.filesystems[].name", "libvirt.lockspace", "libvirt.locking")
def leases_have_a_filesystem(spec: ClusterSpec) -> Iterator[Problem]:
    """Want the leases of virtlockd on a cluster filesystem, where every node sees them."""
    names = [each.name for each in spec.storage.filesystems]
    if spec.libvirt.locking == "none":
        return
    if not names:
        message = "virtlockd has no cluster filesystem for its leases"
        hint = "name one under storage.filesystems"
        yield Problem("libvirt.locking", message, hint, "LOCKSPACE_HOMELESS")
    elif spec.libvirt.lockspace and spec.libvirt.lockspace not in names:
        message = f"there is no filesystem '{spec.libvirt.lockspace}'"
        hint = values.nearest(spec.libvirt.lockspace, names) or f"known are {', '.join(names)}"
        yield Problem("libvirt.lockspace", message, hint, "FILESYSTEM_UNKNOWN")


def _is_true(value: object) -> bool:
    return str(value).lower() in ("1", "yes", "true", "on")
