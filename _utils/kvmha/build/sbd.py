"""What SBD needs on a node and on its disks, and what is still missing of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kvmha import consent, timeouts
from kvmha.consent import Signature
from kvmha.documents import sysconfig
from kvmha.documents.sbd_header import Header
from kvmha.documents.sbd_header import Timeouts as OnDisk
from kvmha.errors import KvmhaError
from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.spec.fencing import DEGRADED
from kvmha.spec.model import ClusterSpec
from kvmha.values import boolean

DROPIN = "/etc/systemd/system/sbd.service.d/kvmha.conf"
MODULES_FILE = "/etc/modules-load.d/kvmha-watchdog.conf"
LOAD = "kernel:module.load"
_OURS = "# Managed by kvmha.\n"
_DISKS = "SBD_DEVICE"
TWO_DISKS = "two disks are weak: nodes live on when one is lost, but cannot be fenced over it"
_AT_START = ":SBD_DELAY_START"  # right when sbd starts again, and no matter until then
_YES_NO = {"SBD_PACEMAKER", "SBD_DELAY_START"}


@dataclass(frozen=True)
class NodeSeen:
    """What was observed on a node. A file that does not exist is None."""

    config: str | None
    dropin: str | None
    modules_file: str | None
    has_module: bool
    has_watchdog: bool
    running: bool


@dataclass(frozen=True)
class DeviceSeen:
    """What was observed of one of SBD's disks; ``error`` is why it cannot be read."""

    signatures: tuple[Signature, ...] = ()
    header: Header | None = None
    slots: Mapping[str, str] | None = None
    in_use: str = ""
    error: str = ""


def settings(spec: ClusterSpec) -> dict[str, str]:
    """Return the settings of sbd's configuration file; those not named are the user's.

    None where SBD is not used. Without devices SBD_DEVICE is taken out: sbd's start script
    takes any that is set for a device.

    SBD_DELAY_START is in seconds: a node that reboots fast must not join before the others
    have stopped waiting for its death (sbd(8)). ``1`` would mean yes, that is, msgwait.
    """
    sbd = spec.fencing.sbd
    if sbd is None:
        return {}
    derived = timeouts.derive(spec)
    delay = _seconds(derived.delay_start)
    return {
        _DISKS: ";".join(sbd.devices),
        "SBD_PACEMAKER": "yes",
        "SBD_STARTMODE": "always",
        "SBD_DELAY_START": str(delay) if delay > 1 else "yes",
        "SBD_WATCHDOG_DEV": sbd.watchdog_device,
        "SBD_WATCHDOG_TIMEOUT": str(_seconds(derived.watchdog)),
        "SBD_TIMEOUT_ACTION": "flush,reboot",
    }


def same(key: str, old: str, new: str) -> bool:
    """Tell whether two values of ``key`` mean the same to sbd."""
    if key == _DISKS:
        return _devices(old) == _devices(new)
    if key in _YES_NO and not (old.isdigit() or new.isdigit()):
        try:
            return boolean(old) == boolean(new)
        except ValueError:
            return False
    return old == new


def dropin(spec: ClusterSpec) -> str | None:
    """Return the systemd drop-in that leaves sbd the time of its start delay; None without SBD.

    corosync waits for it: sbd's own unit is only ordered before Pacemaker, so that a node
    that reboots fast is a member again while it is still being fenced, and Pacemaker starts
    nothing elsewhere until that member's resources are known. Diskless it is the other way
    round: sbd is ready only when it sees the cluster, so corosync cannot wait for it.
    """
    limit = _seconds(timeouts.derive(spec).start_limit)
    if not limit:
        return None
    first = "" if spec.fencing.diskless else "[Unit]\nBefore=corosync.service\n"
    return f"{_OURS}{first}[Service]\nTimeoutStartSec={limit}\n"


def modules_file(spec: ClusterSpec) -> str | None:
    """Return what modules-load.d(5) is to load at boot; None where nothing is named."""
    module = spec.fencing.sbd.watchdog_module if spec.fencing.sbd else ""
    return f"{_OURS}{module}\n" if module else None


def plan_node(spec: ClusterSpec, seen: NodeSeen, config_path: str) -> Plan:
    """Return what makes this node ready for sbd; raise KvmhaError if no watchdog can be there.

    A running sbd reads its settings at its next start only, with the cluster of the node:
    changing one then is CLUSTER_STOP, but for what only counts at a start. Everything else is
    harmless. Notes tell the formulas.
    """
    no_watchdog = missing_watchdog(spec, seen)
    if no_watchdog:
        raise no_watchdog
    current = sysconfig.parse(seen.config) if seen.config is not None else None
    cost = Disruption.CLUSTER_STOP if seen.running else Disruption.NONE
    wanted = settings(spec)
    if not (current and current.get(_DISKS)) and not wanted.get(_DISKS):
        wanted.pop(_DISKS, None)
    differ = sysconfig.diff(config_path, current, wanted, disruption=cost, same=same)
    changes = [
        replace(one, disruption=Disruption.NONE) if one.address.endswith(_AT_START) else one
        for one in differ
    ]
    late = ("takes effect when the cluster of this node starts again",) if seen.running else ()
    changes += _file(DROPIN, seen.dropin, dropin(spec))
    changes += _file(MODULES_FILE, seen.modules_file, modules_file(spec))
    if spec.fencing.sbd and spec.fencing.sbd.watchdog_module and not seen.has_module:
        changes.append(Change(Action.RUN, LOAD, None, spec.fencing.sbd.watchdog_module))
    notes = (*_about_disks(spec), *timeouts.node_notes(spec), *(late if changes else ()))
    return Plan(tuple(changes), fingerprint(seen), notes)


def _about_disks(spec: ClusterSpec) -> tuple[str, ...]:
    if spec.fencing.diskless:
        return ("diskless: the watchdog of a node that loses quorum resets it, no disk is used",)
    if len(spec.fencing.disks) == 2:
        return (TWO_DISKS,)
    return ()


def missing_watchdog(spec: ClusterSpec, seen: NodeSeen) -> KvmhaError | None:
    """Return what to tell where the watchdog is missing and no module is left to be loaded."""
    sbd = spec.fencing.sbd
    if sbd is None or seen.has_watchdog or (sbd.watchdog_module and not seen.has_module):
        return None
    module = sbd.watchdog_module
    why = f"although {module} is loaded" if module else "no driver made it"
    hint = "name the right one in kvmha:fencing:sbd:watchdog_device"
    if not module:
        hint += ", or a driver in kvmha:fencing:sbd:watchdog_module (softdog fits any host)"
    return KvmhaError(f"there is no watchdog {sbd.watchdog_device}: {why}", hint=hint)


def header(spec: ClusterSpec) -> OnDisk:
    """Return the timeouts that every disk of SBD has to carry."""
    derived = timeouts.derive(spec)
    return OnDisk(_seconds(derived.watchdog), _seconds(derived.msgwait))


def plan_devices(
    spec: ClusterSpec, seen: Mapping[str, DeviceSeen], *, running: bool = False
) -> Plan:
    """Return which disks need a header; raise Refused, naming all that must not be touched.

    A header with the right timeouts is never made again, so its slots live on. ``running``
    is whether sbd runs on this node: then no header is replaced, consent or not. Disks that
    cannot be read are noted where sbd runs on without them; otherwise KvmhaError names them.
    """
    wanted = header(spec)
    overwrite = spec.consent.overwrite
    gone = _gone(spec, seen, running=running)
    reasons, changes = [], []
    for device, found in seen.items():
        if found.error:
            continue
        if found.header and found.header.timeouts == wanted:
            continue
        reasons.append(_reason(device, found, wanted, overwrite))
        old = _described(found) or None
        action = Action.UPDATE if old else Action.CREATE
        cost = consent.cost(found.signatures)
        changes.append(Change(action, f"sbd:{device}:header", old, str(wanted), cost))
    consent.refuse(reasons)
    _refuse_in_use(seen, changes, running=running)
    return Plan(tuple(changes), fingerprint(sorted(seen.items())), gone)


def _gone(spec: ClusterSpec, seen: Mapping[str, DeviceSeen], *, running: bool) -> tuple[str, ...]:
    """Return notes of disks that sbd does without; raise KvmhaError where it could not."""
    errors = [found.error for found in seen.values() if found.error]
    if not errors:
        return ()
    lives = running and spec.fencing.level(len(seen) - len(errors)) == DEGRADED
    if not lives:
        hint = "is the SAN attached (multipath -ll, iscsiadm -m session), is the name right?"
        raise KvmhaError("; ".join(errors), hint=hint)
    return tuple(f"SBD lives without a disk: {error}" for error in errors)


def device_of(change: Change) -> str:
    """Return the disk that a change of ``plan_devices`` is about."""
    return change.address.removeprefix("sbd:").removesuffix(":header")


def _reason(device: str, found: DeviceSeen, wanted: OnDisk, overwrite: Sequence[str]) -> str:
    if found.header is None or device in overwrite:
        return consent.foreign(device, found.signatures, overwrite)
    nodes = ", ".join(found.slots or {}) or "no node yet"
    return (
        f"{device} carries an SBD header with other timeouts ({found.header.timeouts}; wanted: "
        f"{wanted}), used by: {nodes}"
    )


def _refuse_in_use(
    seen: Mapping[str, DeviceSeen], changes: Sequence[Change], *, running: bool
) -> None:
    devices = [device_of(change) for change in changes]
    busy = [f"{device} is {seen[device].in_use}" for device in devices if seen[device].in_use]
    busy += [
        f"{device}: sbd of this node may be using it"
        for device in devices
        if running and seen[device].header
    ]
    if busy:
        raise KvmhaError("; ".join(busy), hint="stop the cluster on all nodes, then run this again")


def _described(found: DeviceSeen) -> str:
    if found.header:
        return str(found.header.timeouts)
    return consent.described(found.signatures)


def _file(path: str, old: str | None, new: str | None) -> list[Change]:
    if old == new:
        return []
    action = Action.CREATE if old is None else Action.UPDATE if new is not None else Action.DELETE
    return [Change(action, f"file:{path}", old, new)]


def _devices(text: str) -> list[str]:
    return [device.strip() for device in text.split(";") if device.strip()]


def fingerprint(seen: object) -> str:
    """Return a short name for exactly what was observed, for a plan's base."""
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def _seconds(ms: int) -> int:
    return -(-ms // 1000)
