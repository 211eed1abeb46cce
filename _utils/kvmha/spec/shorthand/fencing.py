"""Fencing in Pacemaker's words: ``fencing-sbd``, ``fencing-<name>``, levels, and properties."""

from __future__ import annotations

from collections.abc import Iterator

from kvmha import timeouts
from kvmha.spec.cib import FencingLevel
from kvmha.spec.cib_parts import NvSet
from kvmha.spec.cib_resources import Resource
from kvmha.spec.fencing import SBD, FencingDevice, Sbd
from kvmha.spec.model import ClusterSpec
from kvmha.spec.shorthand.words import op, values

# What keeps two nodes from fencing each other at once; taken out again at three nodes
# (SUSE's `crm cluster health sbd` enforces the first three).
DELAY_MAX = {"pcmk_delay_max": "30s"}
PRIORITY_DELAY = {"priority-fencing-delay": "60s"}
PRIORITY = {"priority": "1"}
DELAY_BASE = {"pcmk_delay_base": "15s"}

# Agents that cut a node off from disks: it has to be let in again before anything starts there
# (Pacemaker Explained, "Unfencing"; Pacemaker 1.1 does not see it from their metadata).
_UNFENCING = ("fence_mpath", "fence_scsi")


def properties(spec: ClusterSpec) -> dict[str, str]:
    """Return the cluster's properties."""
    derived = timeouts.derive(spec)
    delay, alone = derived.priority_delay, derived.watchdog_fencing
    return {
        "stonith-enabled": "true",
        "stonith-timeout": _seconds(derived.stonith_timeout),
        # Without quorum DLM blocks, so nothing on it can be stopped: only freeze is possible.
        "no-quorum-policy": "freeze" if spec.storage.uses_dlm else "stop",
        **({"priority-fencing-delay": _seconds(delay)} if delay else {}),
        **({"stonith-watchdog-timeout": _seconds(alone)} if alone else {}),
    }


def rsc_defaults(spec: ClusterSpec) -> dict[str, str]:
    """Return the defaults of all resources."""
    weighed = timeouts.derive(spec).priority_delay > 0
    # Above the largest preference, so that a VM stays where it is when a node comes back.
    return {"resource-stickiness": "200", **(PRIORITY if weighed else {})}


def devices(spec: ClusterSpec, agent: str) -> list[Resource]:
    """Return the fencing devices; ``agent`` is the platform's ``stonith`` type for SBD."""
    found = [_disks(spec, agent)] if spec.fencing.disks else []
    return [*found, *(_device(spec, one) for one in spec.fencing.devices)]


def _disks(spec: ClusterSpec, agent: str) -> Resource:
    disks = {"devices": ",".join(spec.fencing.disks)} if agent == "fence_sbd" else {}
    delay = timeouts.derive(spec).delay_max
    return Resource(
        id=resource_id(SBD),
        agent=f"stonith:{agent}",
        params=values({**disks, **({"pcmk_delay_max": _seconds(delay)} if delay else {})}),
        ops=(
            op("start", "60s"),
            op("monitor", "60s", interval="120s"),
        ),
    )


def _device(spec: ClusterSpec, device: FencingDevice) -> Resource:
    ports = ";".join(f"{node}:{port}" for node, port in device.ports.items())
    known = {"pcmk_host_map": ports} if ports else {"pcmk_host_list": " ".join(device.nodes)}
    said = {**device.params, **known, "pcmk_host_check": "static-list", **_delays(spec, device)}
    return Resource(
        id=resource_id(device.name),
        agent=f"stonith:{device.agent}",
        params=(NvSet(values=said, secrets=device.secrets),),
        meta=values({"provides": "unfencing"} if device.agent in _UNFENCING else {}),
        ops=(
            op("start", "60s"),
            op("monitor", "60s", interval="120s"),
        ),
    )


def _delays(spec: ClusterSpec, device: FencingDevice) -> dict[str, str]:
    """Return the delays of ``device``, said or derived.

    Of two nodes the first is fenced a little later where the second can be fenced without it,
    so that it wins a race; a device of both delays at random.
    """
    names = [node.name for node in spec.nodes]
    base = DELAY_BASE if timeouts.are_two(spec) and device.targets == (names[0],) else {}
    random = DELAY_MAX if timeouts.are_two(spec) and set(device.targets) == set(names) else {}
    if device.delay is not None:
        base = {"pcmk_delay_base": _seconds(device.delay)} if device.delay else {}
    if device.delay_max is not None:
        random = {"pcmk_delay_max": _seconds(device.delay_max)} if device.delay_max else {}
    return {**base, **random}


def levels(spec: ClusterSpec) -> tuple[FencingLevel, ...]:
    """Return the topology: one level of Pacemaker's for each node of each level."""
    return tuple(
        FencingLevel(
            target=node,
            index=str(level.level),
            devices=tuple(_member(spec, name) for name in level.devices),
        )
        for level in spec.fencing.levels
        for node in level.nodes or [each.name for each in spec.nodes]
    )


def _member(spec: ClusterSpec, name: str) -> str:
    """``watchdog`` is Pacemaker's own device: a node's watchdog, waited for."""
    return "watchdog" if name == SBD and spec.fencing.diskless else resource_id(name)


def former(spec: ClusterSpec) -> Iterator[tuple[str, str, str, str]]:
    """Yield owner, kind of set, name and value of what other circumstances had us set.

    That is what two nodes want, where there are more; and what SBD wants without disks, where
    it has some, or is not used at all.
    """
    if not timeouts.are_two(spec):
        for owner, tag, said in (
            ("crm_config", "cluster_property_set", PRIORITY_DELAY),
            ("rsc_defaults", "meta_attributes", PRIORITY),
            (resource_id(SBD), "instance_attributes", DELAY_MAX),
            *(
                (resource_id(one.name), "instance_attributes", {**DELAY_MAX, **DELAY_BASE})
                for one in spec.fencing.devices
            ),
        ):
            yield from ((owner, tag, name, value) for name, value in said.items())
    if not spec.fencing.diskless:
        alone = _seconds(2 * (spec.fencing.sbd or Sbd()).watchdog_timeout)
        yield "crm_config", "cluster_property_set", "stonith-watchdog-timeout", alone


def resource_id(name: str) -> str:
    """Return the id of the resource behind the device called ``name``."""
    return f"fencing-{name}"


def _seconds(ms: int) -> str:
    return f"{-(-ms // 1000)}s"
