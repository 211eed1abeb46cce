"""How a node that fails is made certain to be off: the words of ``fencing``."""

from __future__ import annotations

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said


@vocabulary(frozen=True)
class Sbd:
    """``fencing.sbd``: fencing by poison pill over shared disks, with a watchdog."""

    devices: tuple[str, ...] = said(
        "device",
        "One to three shared disks, by stable names.",
        many=True,
        example=["/dev/disk/by-id/scsi-sbd"],
    )
    watchdog_timeout: int = said(
        "duration", "Time a node lives without its disks.", default=15000, example="15s"
    )
    watchdog_device: str = said(
        "path", "The watchdog.", default="/dev/watchdog", example="/dev/watchdog"
    )
    watchdog_module: str = said(
        "text",
        "Kernel module to load for it; empty: none. `softdog` where the host has no hardware one.",
        default="",
        example="softdog",
    )


@vocabulary(frozen=True)
class Fencing:
    """``fencing``: how a node that fails is made certain to be off."""

    sbd: Sbd = said("object", "Storage-based fencing.", of=Sbd)
