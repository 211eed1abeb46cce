"""Rules for fencing, and for what must not be switched off around it."""

from __future__ import annotations

from collections.abc import Iterator

from kvmha import timeouts
from kvmha.errors import Problem
from kvmha.rules.helpers import repeated, sbd_devices
from kvmha.rules.objects import Objects, value_of
from kvmha.rules.registry import objects_rule, rule
from kvmha.spec.cib_resources import Resource
from kvmha.spec.model import ClusterSpec
from kvmha.spec.storage import SHARED
from kvmha.values import boolean, duration, milliseconds

_WATCHDOG_LEAST = 5_000
_WATCHDOG_MOST = 600_000
_WATCHDOG = "fencing.sbd.watchdog_timeout"
_STACKED = ("/dev/md", "/dev/drbd")


@rule("fencing.sbd.devices")
def sbd_devices_are_at_most_three(spec: ClusterSpec) -> Iterator[Problem]:
    """Want up to three devices: none, one, two, or three of which a majority decides (sbd(8)).

    Two are allowed and weak: a node lives on with one of them, and cannot be fenced over it.
    """
    count = len(spec.fencing.disks)
    if count > 3:
        hint = "one, or three on independent storage"
        yield Problem("fencing.sbd.devices", f"{count} devices", hint, "SBD_DEVICE_COUNT")


@rule()
def sbd_devices_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want each SBD device once: the same disk twice is no majority (sbd(8))."""
    devices = ((place, "", device) for place, device in sbd_devices(spec))
    yield from repeated(devices, hint="name another disk", code="SBD_DEVICE_DUPLICATE")


@rule()
def sbd_devices_are_bare(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse MD and DRBD below SBD, which needs what every node writes to be one disk.

    Source: SUSE's administration guide, "Storage protection and SBD", requirements.
    """
    for place, device in sbd_devices(spec):
        if device.startswith(_STACKED):
            message = f"{device} is no plain shared disk"
            yield Problem(place, message, "SBD wants a disk without MD or DRBD", "SBD_STACKED")


@rule("fencing.sbd.devices", "nodes", "corosync.quorum.device.model")
def diskless_sbd_has_a_majority(spec: ClusterSpec) -> Iterator[Problem]:
    """Want three nodes, or a qdevice, for SBD without devices.

    Source: SUSE's administration guide, "Setting up diskless SBD": a node that loses quorum
    resets itself, and of two nodes with ``two_node`` none ever does.
    """
    if spec.fencing.diskless and len(spec.nodes) < 3 and not spec.corosync.quorum.device.model:
        message = f"{len(spec.nodes)} nodes without a disk have no majority to lose"
        hint = "name a shared disk, add a node, or set up a qdevice (corosync.quorum.device)"
        yield Problem("fencing.sbd.devices", message, hint, "DISKLESS_WITHOUT_MAJORITY")


@rule("fencing.sbd", "fencing.sbd.devices", "corosync.quorum.device", _WATCHDOG)
def watchdog_outlasts_the_qdevice(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a watchdog that bites later than a qdevice answers, for SBD without devices.

    Source: SUSE's administration guide, "Setting up diskless SBD", and `crm cluster health
    sbd`: while members change, quorum waits up to the qdevice's ``sync_timeout``.
    """
    derived = timeouts.derive(spec)
    if spec.fencing.diskless and derived.sync_timeout >= derived.watchdog:
        wait, most = duration(derived.sync_timeout), duration(max(derived.watchdog - 5000, 1000))
        message = f"{duration(derived.watchdog)} is not longer than the qdevice's {wait}"
        hint = (
            f"write {duration(derived.sync_timeout + 5000)}, or {most} in"
            " corosync.quorum.device.sync_timeout"
        )
        yield Problem(_WATCHDOG, message, hint, "WATCHDOG_BEFORE_QDEVICE")


@rule("fencing.sbd.watchdog_timeout")
def watchdog_timeout_is_sane(spec: ClusterSpec) -> Iterator[Problem]:
    """Want whole seconds, from sbd's default of 5 up to 600.

    Source: sbd(8), ``-1 N`` in seconds. Below, slow storage fences healthy nodes; above, no
    virtual machine comes back in a useful time, and hardware watchdogs end near there.
    """
    if spec.fencing.sbd is None:
        return
    timeout = spec.fencing.sbd.watchdog_timeout
    place = "fencing.sbd.watchdog_timeout"
    if not _WATCHDOG_LEAST <= timeout <= _WATCHDOG_MOST:
        hint = f"from {duration(_WATCHDOG_LEAST)} to {duration(_WATCHDOG_MOST)}"
        yield Problem(place, f"{duration(timeout)} is out of range", hint, "WATCHDOG_TIMEOUT")
    elif timeout % 1000:
        message = f"{duration(timeout)} is not in whole seconds"
        hint = f"write {timeout // 1000 + 1}s"
        yield Problem(place, message, hint, "WATCHDOG_TIMEOUT")


@rule("cib.properties")
def fencing_stays_on(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse fencing switched off: DLM's ``controld`` does not start without it."""
    for name in ("stonith-enabled", "fencing-enabled"):
        value = spec.cib.property(name)
        if value is not None and not _is_true(value):
            hint = "take it out: without fencing the same VM can run twice"
            yield Problem(f"cib.properties.{name}", "fencing has to be on", hint, "FENCING_OFF")


@rule("cib.properties")
def quorum_is_heeded(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse ``no-quorum-policy`` ignore and suicide, which Pacemaker calls obsolete."""
    policy = spec.cib.property("no-quorum-policy")
    if str(policy).lower() in ("ignore", "suicide"):
        hint = "freeze suits cluster filesystems and is the default here: take it out"
        message = f"{policy!r} lets a node without quorum do harm"
        yield Problem("cib.properties.no-quorum-policy", message, hint, "QUORUM_IGNORED")


@objects_rule("cib.properties", "cib.resources[].params", "cib.resources[].agent")
def cluster_filesystems_freeze(objects: Objects) -> Iterator[Problem]:
    """Refuse to stop or demote without quorum what stands on a cluster filesystem.

    Source: SUSE's administration guide, "Global Cluster Options": DLM waits for quorum, so an
    unmount hangs, its stop fails, and the node is fenced. ``freeze`` waits with it.
    """
    policy = str(objects.cib.property("no-quorum-policy")).lower()
    shared = [one.place for one in objects.all if _is_shared(objects, one.resource)]
    if policy in ("stop", "demote") and shared:
        message = f"{policy!r} cannot end what waits for DLM ({shared[0]})"
        hint = "freeze is the default here: take it out"
        yield Problem("cib.properties.no-quorum-policy", message, hint, "QUORUM_WITHOUT_FREEZE")


@objects_rule("cib.resources[].agent", "cib.resources[].template", "cib.resources[].meta")
def fencing_is_enabled(objects: Objects) -> Iterator[Problem]:
    """Want a fencing device that is not stopped: DLM and SBD's own node wait for one.

    Source: Pacemaker Explained, "Fencing": a device whose target-role is Stopped is not used.
    """
    devices = [one for one in objects.all if objects.agent(one.resource).startswith("stonith:")]
    roles = {str(value_of(one.resource.meta, "target-role")).lower() for one in devices}
    if roles == {"stopped"}:
        message = "every fencing device has the target-role Stopped"
        hint = "take it out: without fencing nothing is recovered"
        yield Problem(f"{devices[0].place}.meta.target-role", message, hint, "FENCING_STOPPED")


@rule("cib.properties", "nodes", "corosync.token", "corosync.consensus", _WATCHDOG)
def fencing_has_time(spec: ClusterSpec) -> Iterator[Problem]:
    """Want no shorter ``stonith-timeout`` than fencing takes.

    Source: ``kvmha.timeouts``, which follows `crm cluster health sbd`.
    """
    derived = timeouts.derive(spec)
    least = duration(derived.stonith_timeout)
    formula = timeouts.cluster_notes(spec)[0].partition(" = ")[2]
    for name in ("stonith-timeout", "fencing-timeout"):
        said = _milliseconds(spec.cib.property(name))
        if said is not None and said < derived.stonith_timeout:
            message = f"{duration(said)} is less than the {least} that fencing takes"
            hint = f"take it out: {formula} is set"
            yield Problem(f"cib.properties.{name}", message, hint, "FENCING_TIMEOUT_SHORT")


@rule("cib.properties", "fencing.sbd", "fencing.sbd.devices")
def watchdog_alone_does_not_fence(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse ``stonith-watchdog-timeout`` beside SBD devices, which do the fencing, or without SBD.

    Source: SUSE's administration guide, "Setting up SBD with devices": unset or 0. With it, a
    node is taken for fenced after that time, though its poison pill may not be read yet.
    Without SBD Pacemaker does not stay up (lib/common/watchdog.c).
    """
    for name, value in _watchdog_timeouts(spec):
        if not spec.fencing.diskless and _milliseconds(value) != 0:
            message = f"{value} is for SBD without devices"
            hint = "take it out, or set 0"
            yield Problem(f"cib.properties.{name}", message, hint, "WATCHDOG_FENCING")


@rule("cib.properties", "fencing.sbd", "fencing.sbd.devices", _WATCHDOG)
def watchdog_fencing_has_time(spec: ClusterSpec) -> Iterator[Problem]:
    """Want twice the watchdog's time, or nothing, as ``stonith-watchdog-timeout`` without devices.

    Source: Pacemaker Explained, ``stonith-watchdog-timeout``; -1 stands for that time. With 0
    nobody would ever be sure that a node is off.
    """
    sbd = spec.fencing.sbd
    for name, value in _watchdog_timeouts(spec):
        said = -1 if str(value).strip() == "-1" else _milliseconds(value)
        if sbd and spec.fencing.diskless and said != -1 and (said or 0) < 2 * sbd.watchdog_timeout:
            message = f"{value} is less than the {duration(2 * sbd.watchdog_timeout)} it takes"
            hint = "take it out: 2 * watchdog_timeout is set"
            yield Problem(f"cib.properties.{name}", message, hint, "WATCHDOG_FENCING_SHORT")


def _watchdog_timeouts(spec: ClusterSpec) -> Iterator[tuple[str, str | int | bool]]:
    for name in ("stonith-watchdog-timeout", "fencing-watchdog-timeout"):
        value = spec.cib.property(name)
        if value is not None:
            yield name, value


def _is_shared(objects: Objects, resource: Resource) -> bool:
    if not objects.agent(resource).endswith(":Filesystem") or resource.kind == "template":
        return False
    kind = objects.parameter(resource, "fstype")
    # OCFS2's classic stack has a lock manager of its own, which does not wait for our quorum.
    of_its_own = kind == "ocfs2" and objects.spec.storage.ocfs2.stack == "o2cb"
    return kind in SHARED and not of_its_own


def _milliseconds(value: str | int | bool | None) -> int | None:
    """Return a property of Pacemaker's, for whom a bare number is seconds, in milliseconds."""
    try:
        return None if value is None else milliseconds(str(value), unit="s")
    except ValueError:
        return None


def _is_true(value: str | int | bool) -> bool:
    try:
        return boolean(value)
    except ValueError:
        return False
