"""States of virtlockd, which keeps a VM from running on two nodes."""

from __future__ import annotations

from typing import Any

from kvmha.converge import converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"
__virtualname__ = "virtlockd"


def __virtual__():
    return loadable(__virtualname__, __version__)


def lockspace_made(
    name: str, spec: dict[str, Any] | None = None, allow: str = "reload"
) -> dict[str, Any]:
    """Ensure that virtlockd's leases have their folder on the shared filesystem.

    virtlockd would make one by itself, but below the mount point when the filesystem comes
    later than the daemon.

    .. code-block:: yaml

        Leases of disks have their place:
          virtlockd.lockspace_made:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["virtlockd.lockspace_plan"](spec),
        apply=lambda digest: __salt__["virtlockd.lockspace_apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
