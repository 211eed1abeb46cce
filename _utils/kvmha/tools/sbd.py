"""SBD on this node and on the shared disks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kvmha import consent, timeouts
from kvmha.build import sbd as build
from kvmha.documents import sbd_header, sysconfig
from kvmha.errors import KvmhaError
from kvmha.plan import Plan
from kvmha.spec.fencing import Sbd
from kvmha.spec.model import ClusterSpec
from kvmha.tools import blockdev, files, kernel, services
from kvmha.tools.runner import Runner
from kvmha.wait import eventually

_ROOT = Path("/")
_NOTE = "making an SBD header"


def plan_node(runner: Runner, spec: ClusterSpec, config: str, root: Path = _ROOT) -> Plan:
    """Return what makes this node ready for sbd; ``config`` is the path of its settings."""
    return Plan.joined(_plans(runner, spec, config, root))


def apply_node(
    runner: Runner, spec: ClusterSpec, config: str, expect: str | None = None, root: Path = _ROOT
) -> Plan:
    """Write settings, drop-in and module list, load the watchdog's module, enable sbd.

    Starts and stops nothing: sbd comes and goes with corosync. Raises KvmhaError when the
    watchdog is not there in the end, StalePlan when the plan is not the expected one.
    """
    ours, unit = _plans(runner, spec, config, root)
    plan = Plan.joined((ours, unit))
    plan.refuse_stale(expect)
    if not plan:
        return plan
    _write_settings(ours, config, root)
    written = _write_files(ours, root)
    if build.DROPIN in written:
        runner.run(["systemctl", "daemon-reload"])
    if any(change.address == build.LOAD for change in ours.changes) and spec.fencing.sbd:
        _load_watchdog(runner, spec.fencing.sbd, root)
    for change in unit.changes:  # without --now: sbd refuses to be stopped by hand
        runner.run(["systemctl", change.new, "sbd"])
    return plan


def _plans(runner: Runner, spec: ClusterSpec, config: str, root: Path) -> tuple[Plan, Plan]:
    running = services.show(runner, ["sbd", "pacemaker"])
    seen = _observe(spec, config, root, running=any(up(state) for state in running.values()))
    service = services.Unit("sbd", enabled=spec.fencing.sbd is not None)
    return build.plan_node(spec, seen, config), services.plan(runner, [service])


def up(state: tuple[str, str, str]) -> bool:
    """Tell whether a unit with this state, of ``services.show``, runs or is about to."""
    return state[1] in ("active", "activating", "reloading", "deactivating")


def _observe(spec: ClusterSpec, config: str, root: Path, *, running: bool) -> build.NodeSeen:
    sbd = spec.fencing.sbd
    module = sbd.watchdog_module if sbd else ""
    return build.NodeSeen(
        config=files.read(_below(root, config)),
        dropin=files.read(_below(root, build.DROPIN)),
        modules_file=files.read(_below(root, build.MODULES_FILE)),
        has_module=bool(module) and kernel.has(module, root),
        has_watchdog=sbd is not None and _below(root, sbd.watchdog_device).exists(),
        running=running,
    )


def _write_settings(plan: Plan, config: str, root: Path) -> None:
    path = _below(root, config)
    text = files.read(path)
    current = sysconfig.parse(text) if text is not None else None
    new = sysconfig.changed(current, config, plan.changes).render()
    if new != (text or ""):
        files.write(path, new)


def _write_files(plan: Plan, root: Path) -> set[str]:
    """Write what the plan says of whole files; return their paths."""
    written = set()
    for change in plan.changes:
        if not change.address.startswith("file:"):
            continue
        path = change.address.removeprefix("file:")
        if change.new is None:
            _below(root, path).unlink(missing_ok=True)
        else:
            files.write(_below(root, path), change.new)
        written.add(path)
    return written


def _load_watchdog(runner: Runner, sbd: Sbd, root: Path) -> None:
    kernel.load(runner, [sbd.watchdog_module], root)
    device = _below(root, sbd.watchdog_device)
    missing = (
        f"{sbd.watchdog_module} is loaded, but there is no {sbd.watchdog_device}: "
        "name the right one in kvmha:fencing:sbd:watchdog_device"
    )
    eventually(lambda: "" if device.exists() else missing, timeout=10, interval=0.2)


def _below(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


# --- the shared disks --------------------------------------------------------------------------


def plan_devices(runner: Runner, spec: ClusterSpec) -> Plan:
    """Return which of SBD's disks need a header; raise Refused where consent is missing.

    Raises KvmhaError when a disk cannot be read, unless sbd runs here and can do without it.
    """
    seen = _observe_devices(runner, spec)
    asked = any(found.header or found.error for found in seen.values())
    running = asked and runs(runner)
    return build.plan_devices(spec, seen, running=running)


def apply_devices(runner: Runner, spec: ClusterSpec, expect: str | None = None) -> Plan:
    """Make the headers that are missing. To be run on one node, for the whole cluster.

    Foreign content, for which there is consent by now, is wiped first: what ``sbd create``
    leaves between its slots would be read as somebody's slots.
    """
    plan = plan_devices(runner, spec)
    plan.refuse_stale(expect)
    for change in plan.changes:
        device = build.device_of(change)
        if change.old is not None:
            blockdev.wipe(runner, device, _NOTE)
        create(runner, device, build.header(spec))
        blockdev.erase_note(device)
    return plan


def create(runner: Runner, device: str, timeouts: sbd_header.Timeouts) -> None:
    """Write a header and empty slots on ``device``, whatever is there."""
    numbers = {
        "-1": timeouts.watchdog,
        "-2": timeouts.allocate,
        "-3": timeouts.loop,
        "-4": timeouts.msgwait,
    }
    options = [word for key, value in numbers.items() for word in (key, str(value))]
    runner.run(["sbd", "-d", device, *options, "create"], timeout=300)


def _observe_devices(runner: Runner, spec: ClusterSpec) -> dict[str, build.DeviceSeen]:
    seen = {}
    for device in spec.fencing.disks:
        try:
            seen[device] = _observe_device(runner, device)
        except (KvmhaError, OSError) as error:
            seen[device] = build.DeviceSeen(error=_why(device, error))
    return seen


def _observe_device(runner: Runner, device: str) -> build.DeviceSeen:
    signatures = blockdev.probe(runner, device)
    header, slots = read_header(device)
    if blockdev.read_note(device) == _NOTE and header is None:
        signatures = tuple(item for item in signatures if item.type != consent.UNKNOWN)
    return build.DeviceSeen(signatures, header, slots, blockdev.in_use(device))


def read_header(device: str) -> tuple[sbd_header.Header | None, dict[str, str]]:
    """Return the header of ``device`` and node -> message; starts no program."""
    blockdev.require(device)
    header = sbd_header.parse(blockdev.read(device, 0, blockdev.PAGE))
    if header is None:
        return None, {}
    return header, sbd_header.parse_slots(blockdev.read(device, 0, header.length), header)


def status(runner: Runner, spec: ClusterSpec) -> dict[str, Any]:
    """Return what sbd, its disks and the watchdog are like, seen from this node.

    Keys: ``mode`` (disk, diskless, or off where SBD is not used), ``level`` of the disks (ok;
    degraded: nodes can be fenced without those that are gone; lost: they cannot), ``devices``
    {device: {slots: {node: message}, timeouts, uuid, error}}, ``service`` {active, enabled},
    ``watchdog`` {device, exists, identity}. A node that is well has the message ``clear`` on
    every device. Starts one program.
    """
    _, active, enabled = services.show(runner, ["sbd"])["sbd"]
    sbd = spec.fencing.sbd
    device = sbd.watchdog_device if sbd else ""
    devices = {path: _device_status(path) for path in spec.fencing.disks}
    readable = sum(not view["error"] for view in devices.values())
    return {
        "mode": ("diskless" if spec.fencing.diskless else "disk") if sbd else "off",
        "level": spec.fencing.level(readable),
        "devices": devices,
        "service": {"active": active, "enabled": enabled in ("enabled", "enabled-runtime")},
        "watchdog": {
            "device": device,
            "exists": bool(device) and Path(device).exists(),
            "identity": _identity(device),
        },
    }


def _device_status(path: str) -> dict[str, Any]:
    empty: dict[str, Any] = {"slots": {}, "timeouts": {}, "uuid": "", "error": ""}
    try:
        header, slots = read_header(path)
    except (KvmhaError, OSError) as error:
        return empty | {"error": _why(path, error)}
    if header is None:
        return empty | {"error": f"{path} carries no SBD header"}
    return empty | {"slots": slots, "timeouts": vars(header.timeouts), "uuid": header.uuid}


def _why(path: str, error: KvmhaError | OSError) -> str:
    if isinstance(error, OSError):
        return f"{path} cannot be read: {error.strerror or error}"
    return error.message


def runs(runner: Runner) -> bool:
    """Tell whether sbd runs on this node."""
    return up(services.show(runner, ["sbd"])["sbd"])


def _identity(device: str) -> str:
    """/dev/watchdog is the old name of the first one, /dev/watchdog0."""
    name = Path(device).name
    name = "watchdog0" if name == "watchdog" else name
    return (files.read(f"/sys/class/watchdog/{name}/identity") or "").strip()


# --- a message that does no harm ---------------------------------------------------------------


def test(runner: Runner, spec: ClusterSpec, node: str) -> dict[str, str]:
    """Send the message ``test`` to ``node`` over every disk; return each disk's slot thereafter.

    ``clear`` is a message that was read: sbd there logs it and goes on, no harm is done. Takes
    msgwait, since ``sbd message`` waits for it. Raises KvmhaError where there is nobody to
    send to, and when a message was not read.
    """
    if not spec.fencing.disks:
        raise KvmhaError(
            "there is no SBD disk to send a message over",
            hint="fencing.test tries the fencing that there is",
        )
    _refuse_unread(_slots(spec, node), f"{node} cannot be sent a message")
    disks = [word for device in spec.fencing.disks for word in ("-d", device)]
    limit = timeouts.derive(spec).msgwait / 1000 + 60
    runner.run(["sbd", *disks, "message", node, "test"], timeout=limit)
    slots = _slots(spec, node)
    _refuse_unread(slots, f"{node} has not read its message")
    return slots


def _slots(spec: ClusterSpec, node: str) -> dict[str, str]:
    return {one: read_header(one)[1].get(node, "without a slot") for one in spec.fencing.disks}


def _refuse_unread(slots: dict[str, str], what: str) -> None:
    wrong = [f"on {device} it is {said}" for device, said in slots.items() if said != "clear"]
    if wrong:
        hint = "does sbd run there, and does it read the disk? see sbd.status on that node"
        raise KvmhaError(f"{what}: {'; '.join(wrong)}", hint=hint)
