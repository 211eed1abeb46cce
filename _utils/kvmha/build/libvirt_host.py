"""What libvirt needs on a node so that the cluster alone decides which domain runs where."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from kvmha.build import libvirt_tcp
from kvmha.documents import qemu_conf
from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.spec.model import ClusterSpec

QEMU_CONF = "/etc/libvirt/qemu.conf"
LOCKD_CONF = "/etc/libvirt/qemu-lockd.conf"
AUTOSTART = "/etc/libvirt/qemu/autostart"
RUNNING = "/run/libvirt/qemu"
DROP_IN = "/etc/systemd/system/resource-agents-deps.target.d/kvmha-libvirt.conf"
VIRTLOCKD = "virtlockd.socket"

_Settings = dict[str, str | int | bool]


@dataclass(frozen=True)
class Observed:
    """What there is: file texts (None: no file), and what libvirt starts on its own.

    ``active`` tells that the daemon runs, ``stale`` that it started before one of its files was
    last written, ``virtlockd`` that this daemon's socket is enabled and listens. ``autostart``
    and ``running`` have domain names.
    """

    qemu_conf: str | None = None
    lockd_conf: str | None = None
    drop_in: str | None = None
    active: bool = False
    stale: bool = False
    virtlockd: bool = False
    autostart: Sequence[str] = ()
    running: Sequence[str] = ()
    tcp: libvirt_tcp.Observed = libvirt_tcp.Observed()  # noqa: RUF009 - frozen


def drop_in(service: str) -> str | None:
    """Return the drop-in that stops the cluster before libvirt, None where none is needed.

    The agent VirtualDomain orders the cluster after libvirtd.service only. With a modular
    libvirt a reboot would stop the daemon first, the stop of a VM would fail, and the node
    would be fenced (resource-agents issue 2081).
    """
    if service == "libvirtd":
        return None
    return f"[Unit]\nAfter={service}.service\n"


def settings(spec: ClusterSpec, minion: str) -> _Settings:
    """Return what qemu.conf has to say on the node of ``minion``.

    ``migration_host`` is what this node tells others to send a guest's memory to,
    ``migration_address`` where it listens for that.
    """
    said = spec.libvirt.migration
    found: _Settings = {**spec.libvirt.qemu_conf}
    node = next((node for node in spec.nodes if node.minion_id == minion), None)
    if said.link is not None and node is not None:
        address = node.links[said.link]
        found |= {"migration_address": address, "migration_host": address}
    for name in ("migration_port_min", "migration_port_max"):
        port = getattr(said, name.removeprefix("migration_"))
        if port is not None:
            found[name] = port
    if spec.lockspace is not None:
        found["lock_manager"] = "lockd"
    return found


def lockd_settings(spec: ClusterSpec) -> _Settings:
    """Return what qemu-lockd.conf has to say: a lease for every disk, on the shared filesystem.

    Source: the comments in the file that libvirt ships.
    """
    if spec.lockspace is None:
        return {}
    return {
        "auto_disk_leases": 1,
        "require_lease_for_disks": 1,
        "file_lockspace_dir": lockspace(spec.lockspace.mount),
    }


def lockspace(mount: str) -> str:
    """Return the folder that holds the leases, on the filesystem mounted at ``mount``."""
    return f"{mount}/.virtlockd"


def plan(spec: ClusterSpec, service: str, seen: Observed, minion: str = "") -> Plan:
    """Return what has to change on the node of ``minion``, whose libvirt daemon is ``service``.

    A restart of the daemon leaves running domains alone, so it counts as a reload. A change of
    the lock manager reaches a domain only when it next starts.
    """
    changes = _conf_changes(spec, minion, seen)
    wanted = drop_in(service)
    if wanted is not None and seen.drop_in != wanted:
        action = Action.CREATE if seen.drop_in is None else Action.UPDATE
        changes.append(Change(action, f"file:{DROP_IN}", seen.drop_in, wanted))
    if spec.lockspace is not None and not seen.virtlockd:
        changes.append(Change(Action.RUN, f"service:{VIRTLOCKD}", None, "enable and start"))
    ours = {vm.name for vm in spec.vms}
    changes += [
        Change(Action.UPDATE, f"domain:{name}:autostart", "yes", "no")
        for name in seen.autostart
        if name in ours
    ]
    tcp, notes = libvirt_tcp.changes(spec, service, minion, seen.tcp)
    changes += tcp
    if seen.stale and not any(map(_rereads, changes)):
        said = "restart, to read the present qemu.conf; domains keep running"
        changes.append(Change(Action.RUN, f"service:{service}", None, said, Disruption.RELOAD))
    others = sorted(set(seen.autostart) - ours)
    notes += [f"{name} is started by libvirt itself: not ours, left alone" for name in others]
    notes += _lock_notes(changes, seen)
    base = hashlib.sha256(repr(seen).encode()).hexdigest()[:16]
    return Plan(tuple(changes), base, tuple(notes))


def wanted_qemu_conf(spec: ClusterSpec, seen: Observed, minion: str = "") -> str | None:
    """Return the text that qemu.conf must get, None where it is as wanted."""
    text = seen.qemu_conf or ""
    wanted = _with_locking_off(settings(spec, minion), text)
    return qemu_conf.edit(text, wanted) if qemu_conf.diff(text, wanted) else None


def wanted_lockd_conf(spec: ClusterSpec, seen: Observed) -> str | None:
    """Return the text that qemu-lockd.conf must get, None where it is as wanted."""
    text, wanted = seen.lockd_conf or "", lockd_settings(spec)
    return qemu_conf.edit(text, wanted) if qemu_conf.diff(text, wanted) else None


def _conf_changes(spec: ClusterSpec, minion: str, seen: Observed) -> list[Change]:
    text = seen.qemu_conf or ""
    found = qemu_conf.diff(text, _with_locking_off(settings(spec, minion), text))
    found += qemu_conf.diff(seen.lockd_conf or "", lockd_settings(spec), "qemu-lockd.conf")
    return [_priced(change) if _is_locking(change) and seen.running else change for change in found]


def _with_locking_off(wanted: _Settings, text: str) -> _Settings:
    """Take back virtlockd where it is said no more; another lock manager is not ours."""
    if "lock_manager" not in wanted and qemu_conf.parse(text).get("lock_manager") == "lockd":
        return {**wanted, "lock_manager": "nop"}
    return wanted


def _is_locking(change: Change) -> bool:
    return change.address == "qemu.conf:lock_manager" or change.address.startswith(
        "qemu-lockd.conf:"
    )


def _priced(change: Change) -> Change:
    return Change(
        change.action, change.address, change.old, change.new, Disruption.RESOURCE_RESTART
    )


def _lock_notes(changes: Sequence[Change], seen: Observed) -> list[str]:
    if not seen.running or not any(map(_is_locking, changes)):
        return []
    names = ", ".join(seen.running)
    return [
        f"{names} runs here, and keeps the leases it has, or has none, until it next starts: put"
        " the node in standby first, so that this comes before the VMs come back"
    ]


def _rereads(change: Change) -> bool:
    """Tell whether ``change`` has the daemon restarted anyway."""
    return change.address.partition(":")[0] in ("qemu.conf", "qemu-lockd.conf", "libvirtd.conf")
