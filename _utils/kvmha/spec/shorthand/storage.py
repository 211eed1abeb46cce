"""Storage in Pacemaker's words: ``dlm``, ``fs-<name>``."""

from __future__ import annotations

from kvmha.spec.cib_resources import Resource
from kvmha.spec.shorthand.words import op, values
from kvmha.spec.storage import Filesystem


def dlm() -> Resource:
    """Return the distributed lock manager's control daemon."""
    return Resource(
        id="dlm",
        agent="ocf:pacemaker:controld",
        ops=(
            op("start", "90s"),
            op("stop", "100s"),
            op("monitor", "60s", interval="60s"),
        ),
    )


def filesystem(filesystem: Filesystem) -> Resource:
    """Return what mounts ``filesystem``."""
    return Resource(
        id=f"fs-{filesystem.name}",
        agent="ocf:heartbeat:Filesystem",
        params=values(
            {
                "device": filesystem.device,
                "directory": filesystem.mount,
                "fstype": filesystem.type,
                **({"options": filesystem.options} if filesystem.options else {}),
            }
        ),
        ops=(
            # A mount may have to wait for a dead node's journal.
            op("start", "180s"),
            op("stop", "180s", on_fail="fence"),
            op("monitor", "60s", interval="20s"),
        ),
    )
