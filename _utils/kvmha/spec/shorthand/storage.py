"""Storage in Pacemaker's words: ``dlm``, ``fs-<name>``."""

from __future__ import annotations

from kvmha.spec.cib import Constraint
from kvmha.spec.cib_resources import Resource
from kvmha.spec.model import ClusterSpec
from kvmha.spec.shorthand import lvm
from kvmha.spec.shorthand.words import after, clone, op, values
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


def resource(filesystem: Filesystem) -> Resource:
    """Return what mounts ``filesystem``: on every node, or on one where it is not shared."""
    one = _primitive(filesystem)
    return clone(one) if filesystem.is_shared else one


def constraints(spec: ClusterSpec, filesystem: Filesystem) -> list[Constraint]:
    """Return after what ``filesystem`` is mounted: its locks, and what its device stands on."""
    found = []
    if spec.storage.needs_dlm(filesystem):
        found += after(filesystem.resource, "dlm-clone", "locking")
    if spec.nodes and not filesystem.is_shared:
        found.append(_begins_on_the_first(spec, filesystem))
    base = lvm.base(spec, filesystem.device.removeprefix("/dev/"))
    if base:
        found += after(filesystem.resource, base, "device")
    return found


def _begins_on_the_first(spec: ClusterSpec, filesystem: Filesystem) -> Constraint:
    """Return what starts a single mount on the first node, where VMs on it are written.

    The score is below the stickiness: once it has moved, it stays.
    """
    node, name = spec.nodes[0].name, f"fs-{filesystem.name}"
    identity = f"location-{name}-first"
    return Constraint(kind="location", id=identity, rsc=name, node=node, score="10")


def _primitive(filesystem: Filesystem) -> Resource:
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
