"""OCFS2 on this node and on the shared disks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kvmha.build import ocfs2 as build
from kvmha.documents import ocfs2_volume, sysconfig
from kvmha.documents.ocfs2_volume import Volume
from kvmha.errors import CommandFailed, KvmhaError
from kvmha.plan import Plan
from kvmha.spec.storage import Filesystem
from kvmha.spec.storage_part import HasStorage
from kvmha.tools import blockdev, files, formatting, host, kernel
from kvmha.tools.runner import Runner

_ROOT = Path("/")


def plan_format(runner: Runner, spec: HasStorage, name: str) -> Plan:
    """Return what is needed for filesystem ``name`` to be on its disk. Changes nothing."""
    wanted = formatting.of_kind(spec, name, ("ocfs2",))
    return build.plan_format(spec, wanted, _observe(runner, spec, wanted.device))


def apply_format(
    runner: Runner,
    spec: HasStorage,
    name: str,
    expect: str | None = None,
    prepare: Callable[[Runner], None] | None = None,
) -> Plan:
    """Make filesystem ``name``. To be run on one node, for the whole cluster.

    ``prepare`` readies the kernel, by default with ``ready_kernel`` under Pacemaker; on the
    classic stack that is ``kvmha.tools.o2cb``'s. While mkfs runs the disk carries a note of ours
    in its last MiB, outside the volume: whoever plans next knows that what is there is the rest
    of this run. Raises KvmhaError when the volume that is read back
    is not the wanted one; StalePlan when the plan is not the expected one.
    """
    wanted = formatting.of_kind(spec, name, ("ocfs2",))
    device = wanted.device
    seen = _observe(runner, spec, device)
    plan = build.plan_format(spec, wanted, seen)
    plan.refuse_stale(expect)
    if not plan:
        return plan
    made = plan.changes[0]
    if made.address.endswith(":stack"):
        runner.run(build.restamp(spec, wanted), timeout=300)
    elif made.address == f"ocfs2:{device}":
        if prepare or spec.storage.ocfs2.stack == build.PCMK:
            (prepare or ready_kernel)(runner)
        note = build.note(spec, wanted)
        if build.must_wipe(seen):
            blockdev.wipe(runner, device, note)
        else:
            blockdev.write_note(device, note)
        runner.run(build.mkfs(spec, wanted, seen.size), timeout=3600)
        _verify(runner, spec, wanted)
    blockdev.erase_note(device)
    if plan.changes[-1].address.endswith(":slots"):
        hint = "the cluster stack has to be online: start dlm (pcmk), or o2cb"
        runner.run(build.add_slots(wanted), timeout=600, hint=hint)
    return plan


def _verify(runner: Runner, spec: HasStorage, wanted: Filesystem) -> None:
    volume = inspect(runner, wanted.device)
    if volume is None or not (build.ours(spec, wanted, volume) and volume.whole):
        raise KvmhaError(
            f"mkfs.ocfs2 succeeded, but {wanted.device} does not carry the whole volume: {volume}",
            hint="see the kernel's log for errors of the disk",
        )


def _observe(runner: Runner, spec: HasStorage, device: str) -> build.DiskSeen:
    signatures = blockdev.probe(runner, device)
    volume, inspected = None, True
    if any(item.type == "ocfs2" for item in signatures):
        try:
            volume = inspect(runner, device)
        except CommandFailed as error:
            if error.returncode != 127:
                raise
            inspected = False
    return build.DiskSeen(
        signatures=signatures,
        volume=volume,
        size=blockdev.size(device),
        note=blockdev.read_note(device),
        in_use=blockdev.in_use(device),
        inspected=inspected,
        online=kernel.is_online(spec.storage.ocfs2.stack, spec.cluster.name),
    )


def inspect(runner: Runner, device: str) -> Volume | None:
    """Return the OCFS2 volume on ``device``, None where there is none. Reads only."""
    done = runner.run(
        ["debugfs.ocfs2", device],
        stdin=ocfs2_volume.COMMANDS,
        ok=None,
        hint="install ocfs2-tools",
    )
    return ocfs2_volume.parse(done.stdout)


def ready_kernel(runner: Runner, root: Path = _ROOT) -> None:
    """Load OCFS2 with its plugin for Pacemaker, and make that the stack of this node."""
    kernel.load(runner, build.MODULES, root)
    if kernel.stack(root) != build.PCMK:
        kernel.set_stack(build.PCMK, root)


def plan_stack(config: str, root: Path = _ROOT) -> Plan:
    """Return what makes this node able to mount; ``config`` is the path of o2cb's settings."""
    loadable = [name for name in build.MODULES if kernel.needs_loading_at_boot(name, root)]
    seen = build.StackSeen(
        modules_file=files.read(root / build.MODULES_FILE.lstrip("/")),
        missing=tuple(name for name in build.MODULES if not kernel.has(name, root)),
        loadable=tuple(loadable),
        stack=kernel.stack(root),
        o2cb=files.read(root / config.lstrip("/")),
    )
    return build.plan_stack(seen, config)


def apply_stack(runner: Runner, config: str, expect: str | None = None, root: Path = _ROOT) -> Plan:
    """Do what ``plan_stack`` found; mounts nothing. Raises StalePlan."""
    plan = plan_stack(config, root)
    plan.refuse_stale(expect)
    if not plan:
        return plan
    ready_kernel(runner, root)
    for change in plan.changes:
        if change.address == f"file:{build.MODULES_FILE}":
            files.write(root / build.MODULES_FILE.lstrip("/"), change.new)
    _write_o2cb(plan, config, root)
    return plan


def _write_o2cb(plan: Plan, config: str, root: Path) -> None:
    path = root / config.lstrip("/")
    text = files.read(path)
    new = sysconfig.changed(sysconfig.parse(text or ""), config, plan.changes).render()
    if text is not None and new != text:
        files.write(path, new)


def status(runner: Runner, spec: HasStorage) -> dict[str, Any]:
    """Return what every filesystem is like, seen from this node.

    Keys: ``stack`` (empty: OCFS2 is not loaded) and ``filesystems`` {name: {device, formatted,
    label, cluster, slots, mounted (here), mounted_by (node numbers), error}}.
    """
    mounts = host.mounts()
    items = [item for item in spec.storage.filesystems if item.type == "ocfs2"]
    found = {item.name: _status(runner, spec, item, mounts) for item in items}
    return {"stack": kernel.stack(), "filesystems": found}


def _status(
    runner: Runner, spec: HasStorage, item: Filesystem, mounts: dict[str, dict[str, str]]
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "device": item.device,
        "formatted": False,
        "mounted": mounts.get(item.mount, {}).get("type") == "ocfs2",
        "error": "",
    }
    try:
        blockdev.require(item.device)
        volume = inspect(runner, item.device)
    except KvmhaError as error:
        return answer | {"error": str(error)}
    if volume is None:
        return answer | {"error": f"{item.device} carries no OCFS2"}
    return answer | {
        "formatted": build.ours(spec, item, volume) and volume.whole,
        "label": volume.label,
        "cluster": volume.cluster,
        "slots": volume.slots,
        "mounted_by": list(volume.mounted),
    }
