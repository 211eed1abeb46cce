"""GFS2 on the shared disks."""

from __future__ import annotations

from typing import Any

from kvmha.build import gfs2 as build
from kvmha.documents import gfs2_volume
from kvmha.documents.gfs2_volume import Volume
from kvmha.errors import KvmhaError
from kvmha.plan import Action, Plan
from kvmha.spec.model import ClusterSpec
from kvmha.spec.storage import Filesystem
from kvmha.tools import blockdev, formatting, host
from kvmha.tools.runner import Runner

_INSTALL = "install gfs2-utils"


def plan(runner: Runner, spec: ClusterSpec, name: str) -> Plan:
    """Return what is needed for filesystem ``name`` to be on its disk. Changes nothing."""
    wanted = formatting.of_kind(spec, name, ("gfs2",))
    return build.plan(spec, wanted, _observe(runner, wanted))


def apply(runner: Runner, spec: ClusterSpec, name: str, expect: str | None = None) -> Plan:
    """Make filesystem ``name``, or give it the journals it lacks. On one node for all.

    Raises StalePlan when the plan is not the expected one.
    """
    wanted = formatting.of_kind(spec, name, ("gfs2",))
    seen = _observe(runner, wanted)
    todo = build.plan(spec, wanted, seen)
    todo.refuse_stale(expect)
    more = [change for change in todo.changes if change.address.endswith(":journals")]
    if more and seen.volume:
        runner.run(build.jadd(wanted, seen.volume), timeout=600, hint=_INSTALL)
    making = Plan(tuple(change for change in todo.changes if change not in more))
    if making:
        command = _command(spec, wanted, seen, making)
        formatting.carry_out(
            runner,
            making,
            build.wanted(spec, wanted),
            seen.disk,
            command,
            is_there=lambda: build.ours(spec, wanted, inspect(wanted.device)),
        )
    return todo


def inspect(device: str) -> Volume | None:
    """Return the GFS2 volume on ``device``, None where there is none. Reads only."""
    try:
        return gfs2_volume.read(lambda offset, length: blockdev.read(device, offset, length))
    except ValueError as error:
        raise KvmhaError(f"{device}: {error}", hint="fsck.gfs2 -n, with it unmounted") from None


def status(spec: ClusterSpec) -> dict[str, dict[str, Any]]:
    """Return what every GFS2 is like, seen from this node.

    Name -> {device, formatted, table, journals, mounted (here), error}.
    """
    mounts = host.mounts()
    found = {}
    for item in spec.storage.filesystems:
        if item.type == "gfs2":
            found[item.name] = _status(spec, item, mounts)
    return found


def _status(
    spec: ClusterSpec, item: Filesystem, mounts: dict[str, dict[str, str]]
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "device": item.device,
        "formatted": False,
        "mounted": mounts.get(item.mount, {}).get("type") == "gfs2",
        "error": "",
    }
    try:
        blockdev.require(item.device)
        volume = inspect(item.device)
    except KvmhaError as error:
        return answer | {"error": str(error)}
    if volume is None:
        return answer | {"error": f"{item.device} carries no GFS2"}
    formatted = build.ours(spec, item, volume)
    return answer | {"formatted": formatted, "table": volume.table, "journals": volume.journals}


def _observe(runner: Runner, item: Filesystem) -> build.Seen:
    disk = formatting.observe(runner, item.device)
    mounted = host.mounts().get(item.mount, {}).get("type") == "gfs2"
    carries = any(signature.type == "gfs2" for signature in disk.signatures)
    return build.Seen(disk, inspect(item.device) if carries else None, mounted)


def _command(spec: ClusterSpec, item: Filesystem, seen: build.Seen, making: Plan) -> list[str]:
    if all(change.action is Action.DELETE for change in making.changes):
        return []
    return build.mkfs(spec, item, seen.disk.size)
