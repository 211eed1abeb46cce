"""corosync.conf's section ``quorum`` as the pillar says it."""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import optional

Free = Mapping[str, str | int | bool]

_MORE = "Other keys of the section."


@vocabulary(frozen=True)
class DeviceNet:
    """``corosync.quorum.device.net``: the qnetd server that a qdevice asks."""

    host: str | None = optional("text", "Name or address of the server.", "qnetd.example.org")
    port: int | None = optional("integer", "Its port.", 5403, minimum=1, maximum=65535)
    algorithm: str | None = optional(
        "text",
        "Who gets the vote: ffsplit (half of an even number), lms (last man standing).",
        "ffsplit",
        choices=("ffsplit", "lms", "2nodelms", "test"),
    )
    tie_breaker: str | None = optional(
        "word", "Who wins among equals: lowest, highest or a nodeid.", "lowest"
    )
    tls: str | None = optional("text", "Encryption.", "on", choices=("on", "off", "required"))
    connect_timeout: int | None = optional("duration", "Time to connect.", "8s", minimum=0)
    force_ip_version: int | None = optional("integer", "4, 6, or 0 for both.", 0)
    keep_active_partition_tie_breaker: bool | None = optional(
        "boolean", "Among equals, prefer who had quorum (ffsplit).", True
    )
    more: Free = optional("scalars", _MORE, {"new_key": "value"}, key="*")


@vocabulary(frozen=True)
class Heuristics:
    """``corosync.quorum.device.heuristics``: commands that tell whether a node is of use."""

    mode: str | None = optional("text", "When they run.", "sync", choices=("on", "sync", "off"))
    interval: int | None = optional("duration", "Time between runs.", "30s")
    timeout: int | None = optional("duration", "Time for a run.", "5s")
    sync_timeout: int | None = optional("duration", "Time for a run while members change.", "15s")
    exec: Free = optional(
        "scalars", "Commands by name.", {"ping": "/bin/ping -q -c 1 192.168.56.1"}, key="exec_*"
    )
    more: Free = optional("scalars", _MORE, {"new_key": "value"}, key="*")


@vocabulary(frozen=True)
class Device:
    """``corosync.quorum.device``: a qdevice, which gives votes beside the nodes."""

    model: str | None = optional("text", "Kind of device.", "net", choices=("net", "disk"))
    votes: int | None = optional("integer", "Its votes.", 1, minimum=0)
    timeout: int | None = optional("duration", "Silence after which its votes are gone.", "10s")
    sync_timeout: int | None = optional("duration", "The same while members change.", "30s")
    master_wins: bool | None = optional("boolean", "Its node keeps quorum alone.", False)
    net: DeviceNet = optional("object", "The server of model net.", of=DeviceNet)
    disk: Free = optional("scalars", "Keys of model disk.", {"path": "/dev/vdc"}, key="disk.*")
    heuristics: Heuristics = optional("object", "Commands that weigh a node.", of=Heuristics)
    more: Free = optional("scalars", _MORE, {"new_key": "value"}, key="*")


@vocabulary(frozen=True)
class Quorum:
    """``corosync.quorum``: votes and who has quorum."""

    provider: str | None = optional(
        "text", "Algorithm; beside `nodes`, corosync_votequorum unless said.", "corosync_votequorum"
    )
    expected_votes: int | None = optional(
        "integer", "All votes; default: those of the nodelist and its device.", 3, minimum=0
    )
    votes: int | None = optional("integer", "Votes of each node, without a nodelist.", 1, minimum=0)
    two_node: bool | None = optional(
        "boolean",
        "One of two votes is enough; beside `nodes`, for two votes without a qdevice unless said.",
        True,
    )
    wait_for_all: bool | None = optional("boolean", "See all nodes once before quorum.", True)
    last_man_standing: bool | None = optional(
        "boolean", "Reckon expected votes anew after a loss.", False
    )
    last_man_standing_window: int | None = optional(
        "duration", "Wait before that.", "10s", minimum=0
    )
    auto_tie_breaker: bool | None = optional("boolean", "Half of the votes can be enough.", False)
    auto_tie_breaker_node: str | None = optional(
        "word", "Which half: lowest, highest or a list of nodeids.", "lowest"
    )
    allow_downscale: bool | None = optional("boolean", "A clean stop lowers expected votes.", False)
    expected_votes_tracking: bool | None = optional(
        "boolean", "Never reckon with fewer votes than ever seen.", False
    )
    leaving_timeout: int | None = optional("duration", "Time a leaving node has.", "10s", minimum=0)
    cancel_wait_for_all: bool | None = optional("boolean", "Stop waiting for all, once.", False)
    device: Device = optional("object", "A qdevice.", of=Device)
    more: Free = optional("scalars", _MORE, {"quorumdev_poll": "10000"}, key="*")
