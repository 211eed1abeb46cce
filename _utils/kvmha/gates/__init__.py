"""Gates: what a stage of the main job must leave behind, judged from what the nodes see.

A judge is pure. It gets the spec and node name -> what ``kvmha_view.observe`` returned there (None
for a node that did not answer), and returns what is wrong, where, and what to do; nothing
means that the gate is open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kvmha.errors import KvmhaError
from kvmha.gates import cluster, disks, storage, validated, vms
from kvmha.spec.model import ClusterSpec, Deadlines

Observations = Mapping[str, Mapping[str, Any] | None]
Judge = Callable[[ClusterSpec, Observations], list[str]]

ASPECTS = (
    "corosync",
    "pacemaker",
    "verify",
    "sbd",
    "fencing",
    "mounts",
    "marks",
    "domains",
    "heartbeats",
    "files",
    "proof",
    "disks",
)


@dataclass(frozen=True)
class Gate:
    """A judge, the aspects it looks at, and the time until it is given up."""

    judge: Judge
    aspects: tuple[str, ...]
    deadline: Callable[[Deadlines], int]
    waits_for: str


GATES = {
    "disks": Gate(
        disks.judge,
        ("disks",),
        lambda deadlines: deadlines.answer,
        "every shared disk to be on every node",
    ),
    "quorate": Gate(
        cluster.judge_quorate,
        ("corosync", "pacemaker"),
        lambda deadlines: deadlines.membership,
        "all nodes to be members and online in Pacemaker",
    ),
    "fencing": Gate(
        cluster.judge_fencing,
        ("pacemaker", "sbd"),
        lambda deadlines: deadlines.resources,
        "the fencing resource to run and every node to be known to the SBD disks",
    ),
    "storage": Gate(
        storage.judge_mounted,
        ("pacemaker", "mounts"),
        lambda deadlines: deadlines.resources,
        "every filesystem to be mounted on every node",
    ),
    "vms": Gate(
        vms.judge_running,
        ("pacemaker", "domains"),
        lambda deadlines: deadlines.resources,
        "every virtual machine to run on exactly one node",
    ),
    "validated": Gate(
        validated.judge,
        ASPECTS,
        lambda deadlines: deadlines.heartbeat,
        "checksums from all nodes and a heartbeat from every guest",
    ),
}


def of(name: str) -> Gate:
    """Return the gate called ``name``; raise KvmhaError for any other name."""
    try:
        return GATES[name]
    except KeyError:
        raise KvmhaError(f"there is no gate {name!r}", hint=", ".join(GATES)) from None
