"""States of the cluster's CIB."""

from __future__ import annotations

from typing import Any

from kvmha.converge import converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"
__virtualname__ = "pacemaker"


def __virtual__():
    return loadable(__virtualname__, __version__)


def configured(
    name: str, spec: dict[str, Any] | None = None, part: str = "vms", allow: str = "reload"
) -> dict[str, Any]:
    """Ensure that the CIB holds what ``spec`` says, up to ``part``; the rest of it is kept.

    ``part`` is ``fencing``, ``locking``, ``filesystems`` or ``vms``, each with all before it.
    ``allow: resource_restart`` permits changes for which running resources are restarted,
    stopped or moved. Safe on several nodes at once: one changes, the others find it done.

    .. code-block:: yaml

        fencing is configured:
          pacemaker.configured:
            - part: fencing
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["pacemaker.plan"](spec, part),
        apply=lambda digest: __salt__["pacemaker.apply"](spec, part, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
