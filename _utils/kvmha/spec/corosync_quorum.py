"""corosync.conf's section ``quorum`` as the pillar says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kvmha.spec.fields import word

Free = Mapping[str, str | int | bool]

_MORE = "Other keys of the section."


@dataclass(frozen=True)
class DeviceNet:
    """``corosync.quorum.device.net``: the qnetd server that a qdevice asks."""

    host: str | None = word("text", "Name or address of the server.", "qnetd.example.org")
    port: int | None = word("integer", "Its port.", 5403, minimum=1, maximum=65535)
    algorithm: str | None = word(
        "text",
        "Who gets the vote: ffsplit (half of an even number), lms (last man standing).",
        "ffsplit",
        choices=("ffsplit", "lms", "2nodelms", "test"),
    )
    tie_breaker: str | None = word(
        "text", "Who wins among equals: lowest, highest or a nodeid.", "lowest"
    )
    tls: str | None = word("text", "Encryption.", "on", choices=("on", "off", "required"))
    connect_timeout: int | None = word("duration", "Time to connect.", "8s", minimum=0)
    force_ip_version: int | None = word("integer", "4, 6, or 0 for both.", 0)
    keep_active_partition_tie_breaker: bool | None = word(
        "boolean", "Among equals, prefer who had quorum (ffsplit).", True
    )
    more: Free = word("scalars", _MORE, {"new_key": "value"}, key="*")


@dataclass(frozen=True)
class Heuristics:
    """``corosync.quorum.device.heuristics``: commands that tell whether a node is of use."""

    mode: str | None = word("text", "When they run.", "sync", choices=("on", "sync", "off"))
    interval: int | None = word("duration", "Time between runs.", "30s")
    timeout: int | None = word("duration", "Time for a run.", "5s")
    sync_timeout: int | None = word("duration", "Time for a run while members change.", "15s")
    exec: Free = word(
        "scalars", "Commands by name.", {"ping": "/bin/ping -q -c 1 192.168.56.1"}, key="exec_*"
    )
    more: Free = word("scalars", _MORE, {"new_key": "value"}, key="*")


@dataclass(frozen=True)
class Device:
    """``corosync.quorum.device``: a qdevice, which gives votes beside the nodes."""

    model: str | None = word("text", "Kind of device.", "net", choices=("net", "disk"))
    votes: int | None = word("integer", "Its votes.", 1, minimum=0)
    timeout: int | None = word("duration", "Silence after which its votes are gone.", "10s")
    sync_timeout: int | None = word("duration", "The same while members change.", "30s")
    master_wins: bool | None = word("boolean", "Its node keeps quorum alone.", False)
    net: DeviceNet = word("object", "The server of model net.", of=DeviceNet)
    disk: Free = word("scalars", "Keys of model disk.", {"path": "/dev/vdc"}, key="disk.*")
    heuristics: Heuristics = word("object", "Commands that weigh a node.", of=Heuristics)
    more: Free = word("scalars", _MORE, {"new_key": "value"}, key="*")


@dataclass(frozen=True)
class Quorum:
    """``corosync.quorum``: votes and who has quorum."""

    provider: str | None = word(
        "text", "Algorithm; beside `nodes`, corosync_votequorum unless said.", "corosync_votequorum"
    )
    expected_votes: int | None = word(
        "integer", "All votes; default: those of the nodelist and its device.", 3, minimum=0
    )
    votes: int | None = word("integer", "Votes of each node, without a nodelist.", 1, minimum=0)
    two_node: bool | None = word(
        "boolean",
        "One of two votes is enough; beside `nodes`, for two votes without a qdevice unless said.",
        True,
    )
    wait_for_all: bool | None = word("boolean", "See all nodes once before quorum.", True)
    last_man_standing: bool | None = word(
        "boolean", "Reckon expected votes anew after a loss.", False
    )
    last_man_standing_window: int | None = word("duration", "Wait before that.", "10s", minimum=0)
    auto_tie_breaker: bool | None = word("boolean", "Half of the votes can be enough.", False)
    auto_tie_breaker_node: str | None = word(
        "text", "Which half: lowest, highest or a list of nodeids.", "lowest"
    )
    allow_downscale: bool | None = word("boolean", "A clean stop lowers expected votes.", False)
    expected_votes_tracking: bool | None = word(
        "boolean", "Never reckon with fewer votes than ever seen.", False
    )
    leaving_timeout: int | None = word("duration", "Time a leaving node has.", "10s", minimum=0)
    cancel_wait_for_all: bool | None = word("boolean", "Stop waiting for all, once.", False)
    device: Device = word("object", "A qdevice.", of=Device)
    more: Free = word("scalars", _MORE, {"quorumdev_poll": "10000"}, key="*")
