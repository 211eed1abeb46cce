"""What OCFS2's classic cluster stack needs on a node, and what is still missing of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kvmha.build.sbd import fingerprint
from kvmha.documents import o2cb_conf, sysconfig
from kvmha.errors import KvmhaError
from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.spec.storage_part import HasStorage, StoragePart

STACK = "o2cb"
SERVICE = "o2cb"
CONF = "/etc/ocfs2/cluster.conf"
# Pacemaker starts after this target, and so after what it requires.
DROPIN = "/etc/systemd/system/resource-agents-deps.target.d/kvmha-o2cb.conf"
_DROPIN = "# Managed by kvmha.\n[Unit]\nRequires=o2cb.service\nAfter=o2cb.service\n"
# The kernel's name of each setting, below the cluster's folder of configfs.
SETTINGS = {
    "O2CB_HEARTBEAT_THRESHOLD": "heartbeat/dead_threshold",
    "O2CB_IDLE_TIMEOUT_MS": "idle_timeout_ms",
    "O2CB_KEEPALIVE_DELAY_MS": "keepalive_delay_ms",
    "O2CB_RECONNECT_DELAY_MS": "reconnect_delay_ms",
}


@dataclass(frozen=True)
class FilesSeen:
    """What was observed of the files of a node; None where there is none."""

    conf: str | None
    config: str | None
    dropin: str | None
    enabled: bool


@dataclass(frozen=True)
class KernelSeen:
    """What was observed of the kernel of a node.

    ``nodes`` are the members that it knows, by name; empty while the cluster is not
    registered. ``settings`` are by the names of SETTINGS. ``regions`` counts the disks it beats
    on, one for each mounted volume; ``mounts`` are the mount points of OCFS2.
    """

    stack: str
    active: bool
    nodes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    regions: int = 0
    mounts: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def cluster(spec: HasStorage) -> o2cb_conf.Wanted:
    """Return the cluster as cluster.conf should say it: addresses are those of link 0."""
    port = str(spec.storage.ocfs2.port)
    nodes = {
        node.name: {"ip_port": port, "ip_address": node.links[0], "number": str(node.id)}
        for node in spec.nodes
    }
    return o2cb_conf.Wanted(spec.cluster.name, nodes)


def timeouts(spec: HasStorage) -> dict[str, str]:
    """Return the settings that must be the same on all nodes (o2cb.sysconfig(5))."""
    said = spec.storage.ocfs2
    values = (said.heartbeat_threshold, said.idle_timeout, said.keepalive_delay)
    return dict(zip(SETTINGS, map(str, (*values, said.reconnect_delay)), strict=True))


def settings(spec: HasStorage) -> dict[str, str]:
    """Return the settings of the service; those not named are the user's."""
    name = spec.cluster.name
    own = {"O2CB_ENABLED": "true", "O2CB_STACK": STACK, "O2CB_BOOTCLUSTER": name}
    return own | timeouts(spec)


def plan_files(spec: HasStorage, seen: FilesSeen, config: str) -> Plan:
    """Return what makes the files of a node say the cluster, and its start at boot.

    ``config`` is the path of the service's settings. Safe at any time: what is in force in the
    kernel is ``plan_online``'s.
    """
    changes = list(o2cb_conf.diff(o2cb_conf.parse(seen.conf or ""), cluster(spec)))
    standing = None if seen.config is None else sysconfig.parse(seen.config)
    changes += sysconfig.diff(config, standing, settings(spec))
    if not isinstance(spec, StoragePart) and seen.dropin != _DROPIN:
        action = Action.UPDATE if seen.dropin else Action.CREATE
        changes.append(Change(action, f"file:{DROPIN}", seen.dropin, _DROPIN))
    if not seen.enabled:
        changes.append(Change(Action.RUN, f"service:{SERVICE}.enable", "disabled", "enable"))
    seconds = (spec.storage.ocfs2.heartbeat_threshold - 1) * 2
    note = f"a node that is silent on the disk for {seconds} s is dead"
    return Plan(tuple(changes), fingerprint(seen), (note,))


def plan_online(spec: HasStorage, seen: KernelSeen) -> Plan:
    """Return what makes the kernel of a node a member of the cluster.

    Timeouts cannot be changed while a volume is mounted: then a note tells what is in force.
    Raises KvmhaError when the kernel runs another stack, or another cluster, with a volume
    mounted: there is one at a time.
    """
    _refuse_other(spec, seen)
    changes = []
    if seen.stack not in ("", STACK):
        changes.append(Change(Action.UPDATE, "ocfs2:stack", seen.stack, STACK))
    changes += [
        Change(Action.RUN, f"o2cb:{name}.unregister", name, "unregister") for name in seen.others
    ]
    if not seen.active:
        changes.append(Change(Action.RUN, f"service:{SERVICE}.start", "inactive", "start"))
        return Plan(tuple(changes), fingerprint(seen))
    if _members(seen.nodes) != _members(cluster(spec).nodes):
        old = ", ".join(seen.nodes) or None
        new = ", ".join(node.name for node in spec.nodes)
        changes.append(Change(Action.RUN, f"o2cb:{spec.cluster.name}.register", old, new))
    differ = {key: value for key, value in timeouts(spec).items() if _now(seen, key) != value}
    if seen.regions:
        return Plan(tuple(changes), fingerprint(seen), tuple(_kept(seen, differ)))
    changes += [
        Change(Action.UPDATE, f"o2cb:{spec.cluster.name}:{key}", _now(seen, key), value)
        for key, value in differ.items()
    ]
    return Plan(tuple(changes), fingerprint(seen))


def plan_absent(spec: HasStorage, files: FilesSeen, seen: KernelSeen) -> Plan:
    """Return what takes a node out of the cluster, and the cluster off it.

    Raises KvmhaError while a volume is mounted.
    """
    if seen.regions or (seen.stack == STACK and seen.mounts):
        raise KvmhaError(
            f"OCFS2 is mounted at {', '.join(seen.mounts) or '?'}",
            hint="unmount it first: ocfs2.unmounted",
        )
    name, changes = spec.cluster.name, []
    stop = Disruption.RESOURCE_RESTART
    if seen.active:
        changes.append(Change(Action.RUN, f"service:{SERVICE}.stop", "active", "stop", stop))
    if files.enabled:
        changes.append(Change(Action.RUN, f"service:{SERVICE}.disable", "enabled", "disable"))
    stanzas = o2cb_conf.parse(files.conf or "")
    if o2cb_conf.without(stanzas, name) != stanzas:
        changes.append(Change(Action.DELETE, f"cluster.conf:{name}", name))
    if files.dropin is not None:
        changes.append(Change(Action.DELETE, f"file:{DROPIN}", files.dropin))
    return Plan(tuple(changes), fingerprint((files, seen)))


def _refuse_other(spec: HasStorage, seen: KernelSeen) -> None:
    if not seen.mounts:
        return
    where = ", ".join(seen.mounts)
    if seen.stack not in ("", STACK):
        raise KvmhaError(
            f"the kernel runs OCFS2 on the stack {seen.stack}, mounted at {where}",
            hint="there is one stack at a time: unmount these on this node, then run this again",
        )
    if seen.others and not seen.nodes:
        raise KvmhaError(
            f"the kernel is a member of the cluster {', '.join(seen.others)}, with OCFS2 "
            f"mounted at {where}",
            hint=f"there is one at a time: unmount these, then {spec.cluster.name} can start",
        )


def _members(nodes: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    return {name: dict(values) for name, values in nodes.items()}


def _now(seen: KernelSeen, key: str) -> str | None:
    return seen.settings.get(key)


def _kept(seen: KernelSeen, differ: Mapping[str, str]) -> list[str]:
    return [
        f"{key} is {_now(seen, key)} and not {value} until every node has unmounted OCFS2 and "
        "this ran again"
        for key, value in differ.items()
    ]
