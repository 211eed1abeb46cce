"""What libvirt needs on a node so that the cluster alone decides which domain runs where."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from kvmha.documents import qemu_conf
from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.spec.model import ClusterSpec

QEMU_CONF = "/etc/libvirt/qemu.conf"
AUTOSTART = "/etc/libvirt/qemu/autostart"
DROP_IN = "/etc/systemd/system/resource-agents-deps.target.d/kvmha-libvirt.conf"


@dataclass(frozen=True)
class Observed:
    """What there is: file texts (None: no file), and what libvirt starts on its own.

    ``active`` tells that the daemon runs, ``stale`` that it started before its qemu.conf was
    last written. ``autostart`` has domain names.
    """

    qemu_conf: str | None = None
    drop_in: str | None = None
    active: bool = False
    stale: bool = False
    autostart: Sequence[str] = ()


def drop_in(service: str) -> str | None:
    """Return the drop-in that stops the cluster before libvirt, None where none is needed.

    The agent VirtualDomain orders the cluster after libvirtd.service only. With a modular
    libvirt a reboot would stop the daemon first, the stop of a VM would fail, and the node
    would be fenced (resource-agents issue 2081).
    """
    if service == "libvirtd":
        return None
    return f"[Unit]\nAfter={service}.service\n"


def plan(spec: ClusterSpec, service: str, seen: Observed) -> Plan:
    """Return what has to change on a node whose libvirt daemon is ``service``.

    A restart of the daemon leaves running domains alone, so it counts as a reload.
    """
    changes = qemu_conf.diff(seen.qemu_conf or "", spec.libvirt.qemu_conf)
    wanted = drop_in(service)
    if wanted is not None and seen.drop_in != wanted:
        action = Action.CREATE if seen.drop_in is None else Action.UPDATE
        changes.append(Change(action, f"file:{DROP_IN}", seen.drop_in, wanted))
    ours = {vm.name for vm in spec.vms}
    changes += [
        Change(Action.UPDATE, f"domain:{name}:autostart", "yes", "no")
        for name in seen.autostart
        if name in ours
    ]
    if seen.stale and not any(change.address.startswith("qemu.conf:") for change in changes):
        said = "restart, to read the present qemu.conf; domains keep running"
        changes.append(Change(Action.RUN, f"service:{service}", None, said, Disruption.RELOAD))
    others = sorted(set(seen.autostart) - ours)
    notes = [f"{name} is started by libvirt itself: not ours, left alone" for name in others]
    base = hashlib.sha256(repr(seen).encode()).hexdigest()[:16]
    return Plan(tuple(changes), base, tuple(notes))


def wanted_qemu_conf(spec: ClusterSpec, seen: Observed) -> str | None:
    """Return the text that qemu.conf must get, None where it is as wanted."""
    text = seen.qemu_conf or ""
    if not qemu_conf.diff(text, spec.libvirt.qemu_conf):
        return None
    return qemu_conf.edit(text, spec.libvirt.qemu_conf)
