"""An existing libvirt VM under the cluster; for the orchestration on the master."""

from __future__ import annotations

from typing import Any

from kvmha.converge import converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"
__virtualname__ = "kvmha_adopt"


def __virtual__():
    return loadable(__virtualname__, __version__)


def adopted(
    name: str,
    spec: dict[str, Any],
    vm: str = "",
    *,
    node: str = "",
    live: bool = False,
    confirm: str = "",
    allow: str = "resource_restart",
) -> dict[str, Any]:
    """Ensure that the cluster runs VM ``vm``, which ``node``'s libvirt has; disks stay in place.

    Shuts it down first unless ``live``. ``confirm`` must be the VM's name once more.

    .. code-block:: yaml

        web9 is the cluster's:
          kvmha_adopt.adopted:
            - vm: web9
            - confirm: web9
            - spec: {{ pillar["kvmha"] | json }}
    """
    words = {"spec": spec, "vm": vm or name, "node": node, "live": live}
    return converge(
        name,
        plan=lambda: __salt__["kvmha_adopt.plan"](**words),
        apply=lambda digest: __salt__["kvmha_adopt.apply"](**words, confirm=confirm, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
