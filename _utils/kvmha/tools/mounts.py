"""OCFS2 mounted by the system itself, where there is no Pacemaker to do it."""

from __future__ import annotations

from pathlib import Path

from kvmha.documents import fstab
from kvmha.errors import KvmhaError
from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.spec.storage import Filesystem
from kvmha.spec.storage_part import HasStorage, StoragePart
from kvmha.tools import files, formatting, host
from kvmha.tools.runner import Runner

FSTAB = "/etc/fstab"
_HINT = "is the cluster online (o2cb.online), is the disk formatted? see: dmesg"


def line(item: Filesystem) -> str:
    """Return the line of fstab: after the network and the cluster stack are up."""
    options = ",".join(filter(None, (item.options, "_netdev", "x-systemd.requires=o2cb.service")))
    return f"{item.device} {item.mount} {item.type} {options} 0 0"


def plan(spec: HasStorage, name: str, *, mounted: bool, path: str = FSTAB) -> Plan:
    """Return what makes filesystem ``name`` mounted here, now and at boot, or not mounted.

    Raises KvmhaError for a cluster with Pacemaker, which mounts by itself, and when something
    else is mounted there.
    """
    item = formatting.of_kind(spec, name, ("ocfs2",))
    if not isinstance(spec, StoragePart):
        hint = "the resource is fs-" + item.name
        raise KvmhaError(f"{item.mount} is Pacemaker's to mount", hint=hint)
    text = files.read(path) or ""
    changes = list(fstab.diff(text, item.mount, line(item) if mounted else None))
    there = host.mounts().get(item.mount)
    if there and there["type"] != item.type:
        hint = "unmount it, or choose another folder"
        raise KvmhaError(f"{item.mount} is {there['type']} of {there['device']}", hint=hint)
    if mounted and not there:
        changes.append(Change(Action.RUN, f"mount:{item.mount}", None, item.device))
    if there and not mounted:
        cost = Disruption.RESOURCE_RESTART
        changes.append(Change(Action.DELETE, f"mount:{item.mount}", there["device"], None, cost))
    return Plan(tuple(changes), f"{text}{there}")


def apply(
    runner: Runner,
    spec: HasStorage,
    name: str,
    expect: str | None = None,
    *,
    mounted: bool,
    path: str = FSTAB,
) -> Plan:
    """Do what ``plan`` found. Raises StalePlan when the plan is not the expected one."""
    todo = plan(spec, name, mounted=mounted, path=path)
    todo.refuse_stale(expect)
    item = formatting.of_kind(spec, name, ("ocfs2",))
    for change in todo.changes:
        if change.address.startswith("fstab:"):
            text = files.read(path) or ""
            files.write(path, fstab.changed(text, item.mount, line(item) if mounted else None))
            runner.run(["systemctl", "daemon-reload"])
        elif mounted:
            Path(item.mount).mkdir(parents=True, exist_ok=True)
            runner.run(["mount", item.mount], timeout=300, hint=_HINT)
        else:
            hint = f"see who uses it: fuser -vm {item.mount}"
            runner.run(["umount", item.mount], timeout=300, hint=hint)
    return todo
