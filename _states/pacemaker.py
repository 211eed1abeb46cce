"""States of the cluster's CIB."""

from __future__ import annotations

from typing import Any

from kvmha.converge import committed
from kvmha.salt_edge import loadable

__version__ = "0.1.0"
__virtualname__ = "pacemaker"


def __virtual__():
    return loadable(__virtualname__, __version__)


def configured(
    name: str,
    spec: dict[str, Any] | None = None,
    part: str = "vms",
    allow: str = "reload",
    settle: str | int = 0,
) -> dict[str, Any]:
    """Ensure that the CIB holds what ``spec`` says, up to ``part``; the rest of it is kept.

    ``part`` is ``fencing``, ``locking``, ``filesystems`` or ``vms``, each with all before it.
    ``allow: resource_restart`` permits changes for which running resources are restarted,
    stopped or moved. ``settle`` is how long to wait until the cluster has done what follows
    from the change. Safe on several nodes at once: one changes, the others find it done. A run
    without a change starts one program, one with a change four, however many objects there are.

    .. code-block:: yaml

        fencing is configured:
          pacemaker.configured:
            - part: fencing
            - spec: {{ pillar["kvmha"] | json }}
    """
    return committed(
        name,
        plan=lambda: __salt__["pacemaker.plan"](spec, part),
        apply=lambda: __salt__["pacemaker.apply"](spec, part, allow=allow, settle=settle),
        test=__opts__["test"],
        allow=allow,
    )
