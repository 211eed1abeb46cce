"""How a node that fails is made certain to be off: the words of ``fencing``."""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.spec.cib_parts import Scalar
from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said

SBD = "sbd"  # what the levels call SBD's disks
OK, DEGRADED, LOST = "ok", "degraded", "lost"


@vocabulary(frozen=True)
class Sbd:
    """``fencing.sbd``: a watchdog on every node, and the shared disks for poison pills."""

    devices: tuple[str, ...] = said(
        "device",
        "One to three shared disks, by stable names; none: diskless, the watchdog alone.",
        many=True,
        default=(),
        example=["/dev/disk/by-id/scsi-sbd"],
    )
    watchdog_timeout: int = said(
        "duration",
        "Time a node lives without its disks or, diskless, without quorum.",
        default=15000,
        example="15s",
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
    delay_max: int | None = said(
        "duration",
        "Longest random delay of a poison pill; unsaid: 30s on two nodes, else none.",
        default=None,
        minimum=0,
        example="30s",
    )


@vocabulary(frozen=True)
class FencingDevice:
    """``fencing.devices[]``: a fence agent with what it is told."""

    name: str = said("name", "Its name; Pacemaker's is `fencing-<name>`.", example="ipmi1")
    agent: str = said("text", "The agent.", example="fence_ipmilan")
    params: Mapping[str, Scalar] = said(
        "scalars",
        "Parameters of the agent.",
        default=dict,
        example={"ip": "10.0.0.11", "lanplus": True},
    )
    secrets: Mapping[str, Scalar] = said(
        "scalars",
        "Parameters, and under which key of the pillar's `kvmha_secrets` their values are.",
        default=dict,
        example={"password": "ipmi1"},
    )
    nodes: tuple[str, ...] = said(
        "name", "Nodes that it can fence.", many=True, default=(), example=["ha-host1"]
    )
    ports: Mapping[str, Scalar] = said(
        "scalars",
        "What the device calls each node: an outlet, a domain. Stands in place of `nodes`.",
        default=dict,
        example={"ha-host1": "outlet-7"},
    )
    delay: int | None = said(
        "duration",
        "Time to wait before it fences. Unsaid: on two nodes 15s for the first node's own device.",
        default=None,
        minimum=0,
        example="15s",
    )
    delay_max: int | None = said(
        "duration",
        "Longest random time beside that. Unsaid: on two nodes 30s for a device of both.",
        default=None,
        minimum=0,
        example="30s",
    )

    @property
    def targets(self) -> tuple[str, ...]:
        """The nodes that it can fence, however they are said."""
        return (*self.nodes, *(name for name in self.ports if name not in self.nodes))


@vocabulary(frozen=True)
class Level:
    """``fencing.levels[]``: devices that together fence nodes, tried in the order of levels."""

    nodes: tuple[str, ...] = said(
        "name", "The nodes; none: all.", many=True, default=(), example=["ha-host1"]
    )
    level: int = said("integer", "Its place.", minimum=1, maximum=9, example=1)
    devices: tuple[str, ...] = said(
        "name", "Devices by name; `sbd` is SBD.", many=True, example=["ipmi1"]
    )


@vocabulary(frozen=True)
class Fencing:
    """``fencing``: how a node that fails is made certain to be off."""

    sbd: Sbd | None = said(
        "object",
        "Storage-based fencing; may be left out beside `devices`.",
        of=Sbd,
        default=None,
    )
    devices: tuple[FencingDevice, ...] = said(
        "object", "Other fencing devices.", of=FencingDevice, many=True, default=()
    )
    levels: tuple[Level, ...] = said(
        "object",
        "Which devices are tried first; without levels, any one that can fence a node.",
        of=Level,
        many=True,
        default=(),
    )
    priority_delay: int | None = said(
        "duration",
        "Head start of the side whose resources have the higher priority; unsaid: 60s on two"
        " nodes, else none.",
        default=None,
        minimum=0,
        example="60s",
    )

    @property
    def disks(self) -> tuple[str, ...]:
        """SBD's disks; none where it is diskless or not used."""
        return self.sbd.devices if self.sbd else ()

    @property
    def diskless(self) -> bool:
        """Whether SBD is used with the watchdog alone."""
        return self.sbd is not None and not self.sbd.devices

    def level(self, readable: int) -> str:
        """Return what so many of SBD's disks are good for: ok, degraded, or lost.

        ``degraded``: some are gone, and nodes can still be fenced over the others. ``lost``:
        they cannot, since sbd wants a poison pill on more than half of the disks (sbd(8)); so
        of two disks none may go. Diskless SBD has none to lose.
        """
        if readable == len(self.disks):
            return OK
        return DEGRADED if 2 * readable > len(self.disks) else LOST
