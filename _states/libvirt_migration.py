"""States of live migration on a node."""

from __future__ import annotations

from typing import Any

from kvmha.converge import converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"
__virtualname__ = "libvirt_migration"


def __virtual__():
    return loadable(__virtualname__, __version__)


def ready(name: str, spec: dict[str, Any] | None = None, allow: str = "reload") -> dict[str, Any]:
    """Ensure that this node has its key for migrations, and trusts those of the other nodes.

    Without a VM that moves by ssh, ensures that nothing of that is left.

    .. code-block:: yaml

        Nodes may send each other virtual machines:
          libvirt_migration.ready:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["libvirt_migration.plan"](spec),
        apply=lambda digest: __salt__["libvirt_migration.apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
