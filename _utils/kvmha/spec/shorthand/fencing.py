"""Fencing in Pacemaker's words: ``fencing-sbd``, and the properties that follow from it."""

from __future__ import annotations

from kvmha import timeouts
from kvmha.spec.cib_resources import Resource
from kvmha.spec.model import ClusterSpec
from kvmha.spec.shorthand.words import op, values

# What keeps two nodes from fencing each other at once; taken out again at three nodes
# (SUSE's `crm cluster health sbd` enforces the same values).
DELAY_MAX = {"pcmk_delay_max": "30s"}
PRIORITY_DELAY = {"priority-fencing-delay": "60s"}
PRIORITY = {"priority": "1"}


def properties(spec: ClusterSpec) -> dict[str, str]:
    """Return the cluster's properties."""
    seconds = -(-timeouts.derive(spec).stonith_timeout // 1000)
    return {
        "stonith-enabled": "true",
        "stonith-timeout": f"{seconds}s",
        # Without quorum DLM blocks, so nothing on it can be stopped: only freeze is possible.
        "no-quorum-policy": "freeze" if spec.storage.uses_dlm else "stop",
        **(PRIORITY_DELAY if is_two(spec) else {}),
    }


def rsc_defaults(spec: ClusterSpec) -> dict[str, str]:
    """Return the defaults of all resources."""
    # Above the largest preference, so that a VM stays where it is when a node comes back.
    return {"resource-stickiness": "200", **(PRIORITY if is_two(spec) else {})}


def devices(spec: ClusterSpec, agent: str) -> list[Resource]:
    """Return the fencing devices; ``agent`` is the platform's ``stonith`` type for SBD."""
    disks = {"devices": ",".join(spec.fencing.sbd.devices)} if agent == "fence_sbd" else {}
    sbd = Resource(
        id="fencing-sbd",
        agent=f"stonith:{agent}",
        params=values({**disks, **(DELAY_MAX if is_two(spec) else {})}),
        ops=(
            op("start", "60s"),
            op("monitor", "60s", interval="120s"),
        ),
    )
    return [sbd]


def is_two(spec: ClusterSpec) -> bool:
    """Tell whether the nodes are so few that they could fence each other at once."""
    return len(spec.nodes) == 2
