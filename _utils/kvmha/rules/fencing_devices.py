"""Rules for fencing devices, for the nodes they fence, and for the levels they stand on."""

from __future__ import annotations

from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.helpers import repeated
from kvmha.rules.registry import rule
from kvmha.spec.fencing import SBD
from kvmha.spec.model import ClusterSpec

_DEVICES = "fencing.devices"
# What keys of ours say; and what would make a device fence whom it likes.
_OURS = {
    "pcmk_host_list": "nodes",
    "pcmk_host_map": "ports",
    "pcmk_host_check": "nodes",
    "pcmk_delay_max": "delay_max",
}
_FOR_SBD = ("fence_sbd", "external/sbd")


@rule("fencing.sbd", "fencing.devices")
def something_fences(spec: ClusterSpec) -> Iterator[Problem]:
    """Want SBD or a fencing device: without fencing nothing is recovered.

    Source: Pacemaker Explained, "Fencing"; DLM waits for it, and so do the filesystems.
    """
    if spec.fencing.sbd is None and not spec.fencing.devices:
        hint = "sbd with a shared disk, or devices with an agent such as fence_ipmilan"
        yield Problem("fencing", "nothing fences", hint, "NOTHING_FENCES")


@rule("fencing.devices", "fencing.sbd")
def every_node_can_be_fenced(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a device for every node, unless SBD reaches them all.

    Source: Pacemaker Explained, "Fencing": a node that nobody can fence blocks all recovery.
    """
    if spec.fencing.sbd or not spec.fencing.devices:
        return
    reached = {name for device in spec.fencing.devices for name in device.targets}
    for node in spec.nodes:
        if node.name not in reached:
            hint = "name it under nodes or ports of a device that can fence it"
            yield Problem(_DEVICES, f"no device can fence {node.name}", hint, "NODE_UNFENCED")


@rule()
def fencing_device_names_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want each device's name once, and none called like SBD's or Pacemaker's own device."""
    named = [(f"{_DEVICES}[{i}].name", one.name) for i, one in enumerate(spec.fencing.devices)]
    places = [(place, "", name) for place, name in named]
    yield from repeated(places, hint="choose another name", code="FENCING_NAME_DUPLICATE")
    for place, name in named:
        if name in (SBD, "watchdog"):
            hint = "choose another name"
            yield Problem(place, f"{name} is a device already", hint, "FENCING_NAME_TAKEN")


@rule("nodes[].name")
def fencing_devices_name_nodes(spec: ClusterSpec) -> Iterator[Problem]:
    """Want nodes of the cluster, and at least one, behind each device.

    Source: pacemaker-fenced(7), ``pcmk_host_list``: a device without one is asked for its list,
    and one that has none to give is taken to fence anybody.
    """
    known = [node.name for node in spec.nodes]
    for index, device in enumerate(spec.fencing.devices):
        place = f"{_DEVICES}[{index}]"
        if not device.targets:
            message, hint = "it is not said whom it can fence", "name nodes, or ports by node"
            yield Problem(f"{place}.nodes", message, hint, "FENCING_NOBODY")
        said = [(f"{place}.nodes[{i}]", name) for i, name in enumerate(device.nodes)]
        for where, name in [*said, *((f"{place}.ports.{name}", name) for name in device.ports)]:
            if name not in known:
                hint = f"known are {', '.join(known)}"
                yield Problem(where, f"there is no node '{name}'", hint, "NODE_UNKNOWN")
        if device.nodes and device.ports and set(device.nodes) - set(device.ports):
            message = "not every node has a port"
            yield Problem(f"{place}.ports", message, "give each its port", "FENCING_PORT_MISSING")


@rule(_DEVICES)
def fencing_devices_say_things_once(spec: ClusterSpec) -> Iterator[Problem]:
    """Want agents by their own names, SBD as ``sbd``, and no parameter that is said twice."""
    for index, device in enumerate(spec.fencing.devices):
        place = f"{_DEVICES}[{index}]"
        if device.agent in _FOR_SBD:
            hint = "say fencing.sbd: it makes the disks too"
            yield Problem(f"{place}.agent", "is SBD's", hint, "FENCING_AGENT")
        elif ":" in device.agent:
            hint = f"write {device.agent.rpartition(':')[2] or 'fence_ipmilan'}"
            yield Problem(f"{place}.agent", "is not an agent's name alone", hint, "FENCING_AGENT")
        for name in device.params:
            if name in _OURS:
                where, hint = f"{place}.params.{name}", f"say {_OURS[name]} of the device"
                yield Problem(where, "has a key of its own", hint, "FENCING_PARAMETER")
            if name in device.secrets:
                hint = "take it out here"
                yield Problem(f"{place}.params.{name}", "is a secret", hint, "FENCING_PARAMETER")


@rule("fencing.devices[].name", "fencing.sbd", "nodes[].name")
def levels_name_devices(spec: ClusterSpec) -> Iterator[Problem]:
    """Want devices that can fence its nodes on each level (Pacemaker Explained, Fencing Levels)."""
    everybody = [node.name for node in spec.nodes]
    reach = {one.name: set(one.targets) for one in spec.fencing.devices}
    if spec.fencing.sbd:
        reach[SBD] = set(everybody)
    for i, level in enumerate(spec.fencing.levels):
        place = f"fencing.levels[{i}]"
        for j, name in enumerate(level.nodes):
            if name not in everybody:
                hint = f"known are {', '.join(everybody)}"
                message = f"there is no node '{name}'"
                yield Problem(f"{place}.nodes[{j}]", message, hint, "NODE_UNKNOWN")
        for j, name in enumerate(level.devices):
            where, hint = f"{place}.devices[{j}]", f"known are {', '.join(sorted(reach))}"
            if name not in reach:
                message = f"there is no device '{name}'"
                yield Problem(where, message, hint, "FENCING_DEVICE_UNKNOWN")
                continue
            wanted = set(level.nodes or everybody) & set(everybody)
            if missed := sorted(wanted - reach[name]):
                message = f"{name} cannot fence {', '.join(missed)}"
                hint = "name the nodes of the level, one level for each device"
                yield Problem(where, message, hint, "FENCING_LEVEL_UNREACHED")


@rule("fencing.levels[].level", "nodes[].name")
def levels_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want each level of a node once (Pacemaker Explained: devices of a level act together)."""
    everybody = tuple(node.name for node in spec.nodes)
    taken = [
        (f"fencing.levels[{i}].level", "", f"level {level.level} of {node}")
        for i, level in enumerate(spec.fencing.levels)
        for node in level.nodes or everybody
    ]
    yield from repeated(taken, hint="list its devices on one level", code="FENCING_LEVEL_TWICE")
