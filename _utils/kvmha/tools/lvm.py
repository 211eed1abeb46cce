"""Volume groups of the cluster, through LVM's own commands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kvmha.build import clvm as build
from kvmha.build.cib import without
from kvmha.documents import lvm_conf, lvm_report
from kvmha.documents.lvm_report import Report
from kvmha.errors import CommandFailed, KvmhaError, Refused
from kvmha.plan import Action, Plan
from kvmha.spec.lvm import LVMLOCKD, LogicalVolume, VolumeGroup, path, volumes
from kvmha.spec.model import ClusterSpec
from kvmha.spec.shorthand.lvm import identity, resources
from kvmha.tools import blockdev, files, pacemaker
from kvmha.tools.runner import Result, Runner

_ROOT = Path("/")
_STOP = 180.0  # seconds: until a resource that was taken out has stopped everywhere
_LONG = 600.0  # seconds: a command waits for DLM to recover from a node's death
# lvm2's words for a lock that another host holds (lib/locking/lvmlockd.c).
_LOCKED = ("LV locked by other host", "VG locked by other host", "Failed to lock logical volume")


def group(spec: ClusterSpec, name: str) -> VolumeGroup:
    """Return the volume group called ``name``; raise KvmhaError naming those there are."""
    for one in spec.storage.volume_groups:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in spec.storage.volume_groups) or "none"
    raise KvmhaError(
        f"there is no volume group {name!r}", hint=f"storage.volume_groups has: {known}"
    )


def volume(spec: ClusterSpec, name: str) -> LogicalVolume:
    """Return the volume ``vg/lv``, to be there or to go; raise KvmhaError naming all there are."""
    for one in volumes(spec):
        if one.name == name:
            return one
    known = ", ".join(one.name for one in volumes(spec)) or "none"
    raise KvmhaError(f"there is no volume {name!r}", hint=f"the pillar has: {known}")


def plan_config(spec: ClusterSpec, root: Path = _ROOT) -> Plan:
    """Return what this node's lvm.conf needs to say."""
    return build.plan_config(spec, files.read(_config(root)))


def apply_config(spec: ClusterSpec, expect: str | None = None, root: Path = _ROOT) -> Plan:
    """Make lvm.conf say it; comments and all else in it stay. Raises StalePlan."""
    plan = plan_config(spec, root)
    plan.refuse_stale(expect)
    if plan:
        text = files.read(_config(root)) or ""
        files.write(_config(root), lvm_conf.edit(text, build.settings(spec)))
    return plan


def plan_group(runner: Runner, spec: ClusterSpec, name: str) -> Plan:
    """Return what is needed for the group called ``name`` to be on its disks."""
    wanted = group(spec, name)
    report = read(runner)
    return build.plan_group(spec, wanted, report.group(name), _disks(runner, wanted, report))


def apply_group(runner: Runner, spec: ClusterSpec, name: str, expect: str | None = None) -> Plan:
    """Make or extend the group called ``name``. To be run on one node, for the whole cluster.

    The locking daemon has to run on this node. Other nodes learn of a new group when
    LVM-activate starts there: it starts the group's lockspace first. Raises StalePlan.
    """
    wanted = group(spec, name)
    report = read(runner)
    disks = _disks(runner, wanted, report)
    found = report.group(name)
    plan = build.plan_group(spec, wanted, found, disks)
    plan.refuse_stale(expect)
    if not plan:
        return plan
    _require_locking(runner, spec)
    if found is not None:
        start_locks(runner, spec, name)
    for device in build.to_empty(spec, wanted, disks):
        blockdev.wipe(runner, device, build.note(spec, wanted))
    add = [device for device in wanted.devices if disks[device].group != name]
    _change(runner, build.commands(spec, wanted, exists=found is not None, add=add))
    left = build.plan_group(spec, wanted, *_seen(runner, wanted))
    if left:
        raise KvmhaError(f"{name} was changed, but still differs: {left.text()}")
    return plan


def plan_volume(runner: Runner, spec: ClusterSpec, name: str) -> Plan:
    """Return what is needed for the volume ``vg/lv`` to be there in its size."""
    wanted = volume(spec, name)
    found = read(runner).group(wanted.group.name)
    elsewhere = ""
    if build.grows(wanted, found) and build.is_idle(wanted, found):
        elsewhere = ", ".join(_active_on(runner, wanted))
    return build.plan_volume(wanted, found, elsewhere)


def apply_volume(runner: Runner, spec: ClusterSpec, name: str, expect: str | None = None) -> Plan:
    """Make the volume, or let it grow. To be run on one node, for the whole cluster.

    A new volume is wiped of what its extents carried for others before, and is left active on
    this node, in the mode it is to have, for who fills or formats it. Raises StalePlan.
    """
    wanted = volume(spec, name)
    plan = plan_volume(runner, spec, name)
    plan.refuse_stale(expect)
    for change in plan.changes:
        start_locks(runner, spec, wanted.group.name)
        command = build.lvcreate if change.action is Action.CREATE else build.lvextend
        _change(runner, command(wanted))
    return plan


def plan_held(runner: Runner, spec: ClusterSpec) -> Plan:
    """Return what this node must do for the volumes it has active to have their size here."""
    return Plan.joined(plan for _, plan in _held_plans(runner, spec))


def apply_held(runner: Runner, spec: ClusterSpec, expect: str | None = None) -> Plan:
    """Let exclusive volumes of this node grow, and refresh shared ones. Raises StalePlan."""
    listed = _held_plans(runner, spec)
    joined = Plan.joined(plan for _, plan in listed)
    joined.refuse_stale(expect)
    for wanted, plan in listed:
        for change in plan.changes:
            command = build.refresh if change.action is Action.RUN else build.lvextend
            _change(runner, command(wanted))
    return joined


def plan_removal(runner: Runner, spec: ClusterSpec, name: str) -> Plan:
    """Return what it takes for the volume ``vg/lv`` to be gone, its resource first."""
    wanted = volume(spec, name)
    found = read(runner).group(wanted.group.name)
    seen = found.volume(wanted.volume.name) if found else None
    resource = Plan()
    if pacemaker.query(runner) is not None:
        resource = pacemaker.plan(runner, without(resources(wanted)))
    plan = build.plan_removal(spec, wanted, seen, managed=bool(resource))
    return Plan.joined((resource, plan))


def apply_removal(runner: Runner, spec: ClusterSpec, name: str, expect: str | None = None) -> Plan:
    """Take the volume's resource out of the cluster, wait for that, and remove the volume.

    Not while any node has it active in spite of that: its lock cannot be had then. Raises
    StalePlan, and Refused where it is active or a resource needs it.
    """
    wanted = volume(spec, name)
    if wanted.present:
        raise Refused(
            f"refused: the pillar wants {name}", hint="say state: absent for it, and consent"
        )
    plan = plan_removal(runner, spec, name)
    plan.refuse_stale(expect)
    if any(change.address.startswith("cib:") for change in plan.changes):
        _stop(runner, wanted)
        pacemaker.apply(runner, without(resources(wanted)))
    if any(change.address.startswith("lv:") for change in plan.changes):
        start_locks(runner, spec, wanted.group.name)
        _change(runner, ["lvremove", "--yes", name])
    return plan


def read(runner: Runner) -> Report:
    """Return all groups and volumes that this node sees, by one query without locks."""
    done = runner.run(lvm_report.COMMAND, hint="install lvm2")
    return lvm_report.parse(done.stdout)


def start_locks(runner: Runner, spec: ClusterSpec, name: str) -> None:
    """Take part in the locking of a group; nothing if this node does already."""
    if spec.storage.lvm.backend == LVMLOCKD:
        _change(runner, ["vgchange", "--lockstart", name])


def status(runner: Runner, spec: ClusterSpec) -> dict[str, Any]:
    """Return what of the pillar's groups and volumes this node sees.

    Keys: ``backend``, ``groups`` {name: {there, lock, devices, free, missing}} and ``volumes``
    {vg/lv: {there, access, size, active, open, locked, path}}; sizes are bytes, ``locked`` is
    ``ex``, ``sh`` or empty, by this node.
    """
    report = read(runner)
    locks = held(runner) if spec.storage.lvm.backend == LVMLOCKD else {}
    groups: dict[str, Any] = {}
    for wanted in spec.storage.volume_groups:
        found = report.group(wanted.name)
        groups[wanted.name] = {"there": found is not None} | (
            {
                "lock": found.lock,
                "devices": list(found.devices),
                "free": found.free,
                "missing": found.missing,
            }
            if found
            else {}
        )
    return {
        "backend": spec.storage.lvm.backend,
        "groups": groups,
        "volumes": {one.name: _volume_status(one, report, locks) for one in volumes(spec)},
    }


def held(runner: Runner) -> dict[str, str]:
    """Return uuid of a volume -> ``ex`` or ``sh``: the locks that this node holds."""
    done = runner.run(["lvmlockctl", "--info"], ok=None)
    return lvm_report.locks(done.stdout) if done.returncode == 0 else {}


def _volume_status(
    wanted: LogicalVolume, report: Report, locks: Mapping[str, str]
) -> dict[str, Any]:
    found = report.group(wanted.group.name)
    seen = found.volume(wanted.volume.name) if found else None
    access = {"access": "shared" if wanted.shared else "exclusive"}
    if seen is None:
        return {"there": False, **access}
    return {
        "there": True,
        "size": seen.size,
        "active": seen.active,
        "open": seen.open,
        "locked": locks.get(seen.uuid, ""),
        "path": path(wanted.name),
        **access,
    }


def _held_plans(runner: Runner, spec: ClusterSpec) -> list[tuple[LogicalVolume, Plan]]:
    report = read(runner)
    wanted = [one for one in volumes(spec) if one.present]
    return [
        (one, build.plan_held(one, report.group(one.group.name), blockdev.size)) for one in wanted
    ]


def _disks(runner: Runner, wanted: VolumeGroup, report: Report) -> dict[str, build.DiskSeen]:
    owners = {os.path.realpath(name): (name, "") for name in report.idle}
    for each in report.groups:
        owners.update({os.path.realpath(name): (name, each.name) for name in each.devices})
    return {device: _disk(runner, device, owners) for device in wanted.devices}


def _disk(runner: Runner, device: str, owners: Mapping[str, tuple[str, str]]) -> build.DiskSeen:
    blockdev.require(device)
    known, owner = owners.get(os.path.realpath(device), ("", ""))
    if owner:
        return build.DiskSeen(known=known, group=owner)
    return build.DiskSeen(
        signatures=blockdev.probe(runner, device),
        note=blockdev.read_note(device),
        in_use=blockdev.in_use(device),
        known=known,
    )


def _seen(runner: Runner, wanted: VolumeGroup) -> tuple[Any, dict[str, build.DiskSeen]]:
    report = read(runner)
    return report.group(wanted.name), _disks(runner, wanted, report)


def _stop(runner: Runner, wanted: LogicalVolume) -> None:
    """Stop the resource of a volume everywhere, before it is taken out.

    Of a resource that is no longer in the CIB Pacemaker knows no timeout: its stop would have
    the default 20 s, and a node that takes longer would be fenced.
    """
    clone, primitive = resources(wanted)
    option = ["--meta", "--set-parameter", "target-role", "--parameter-value", "Stopped"]
    resource = clone if wanted.shared else primitive
    runner.run(["crm_resource", "--resource", resource, *option])
    pacemaker.settle(runner, _STOP)


def _active_on(runner: Runner, wanted: LogicalVolume) -> list[str]:
    """Return where Pacemaker has the resource of a volume."""
    listed = pacemaker.status(runner)["resources"]
    return [
        node
        for one in listed
        if one["id"] == identity(wanted) and one["active"]
        for node in one["nodes"]
    ]


def _change(runner: Runner, command: list[str]) -> Result:
    try:
        return runner.run(command, timeout=_LONG)
    except CommandFailed as error:
        if any(words in error.output for words in _LOCKED):
            raise Refused(
                f"refused: another node has it active: {error.output}",
                hint="crm_mon shows where; stop the resource, or run this on that node",
            ) from None
        raise


def _require_locking(runner: Runner, spec: ClusterSpec) -> None:
    daemon = spec.storage.lvm.backend
    if runner.run(["pgrep", "-x", daemon], ok=(0, 1)).returncode:
        raise KvmhaError(
            f"{daemon} does not run on this node: no shared volume group can be made",
            hint="does Pacemaker run its clone here? pacemaker.apply part=locking, then crm_mon -1",
        )


def _config(root: Path) -> Path:
    return root / build.CONFIG.lstrip("/")
