"""Rules for fencing, and for what must not be switched off around it."""

from __future__ import annotations

from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.helpers import repeated, sbd_devices
from kvmha.rules.registry import rule
from kvmha.spec.model import ClusterSpec
from kvmha.values import boolean, duration

_WATCHDOG_LEAST = 5_000
_WATCHDOG_MOST = 600_000
_STACKED = ("/dev/md", "/dev/drbd")


@rule("fencing.sbd.devices")
def sbd_devices_are_one_or_three(spec: ClusterSpec) -> Iterator[Problem]:
    """Want one or three devices: a majority of them decides (sbd(8))."""
    count = len(spec.fencing.sbd.devices)
    if count not in (0, 1, 3):
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


@rule("fencing.sbd.watchdog_timeout")
def watchdog_timeout_is_sane(spec: ClusterSpec) -> Iterator[Problem]:
    """Want whole seconds, from sbd's default of 5 up to 600.

    Source: sbd(8), ``-1 N`` in seconds. Below, slow storage fences healthy nodes; above, no
    virtual machine comes back in a useful time, and hardware watchdogs end near there.
    """
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


def _is_true(value: str | int | bool) -> bool:
    try:
        return boolean(value)
    except ValueError:
        return False
