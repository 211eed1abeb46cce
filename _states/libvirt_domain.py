"""States of libvirt on a node, and of the VMs on the shared filesystem."""

from __future__ import annotations

from typing import Any

from kvmha.converge import converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"
__virtualname__ = "libvirt_domain"


def __virtual__():
    return loadable(__virtualname__, __version__)


def defined(
    name: str,
    spec: dict[str, Any] | None = None,
    vm: str = "",
    allow: str = "reload",
    live: bool = False,
) -> dict[str, Any]:
    """Ensure that folder, disks and domain XML of a VM are on its shared filesystem.

    ``vm`` is the VM's name, by default the state's. Its disks are made when missing and never
    written again. ``allow: resource_restart`` permits a change that a running VM takes only
    when it next starts; ``data_loss`` permits an empty disk in place of one that vanished. With
    ``live`` a VM that runs here takes at once what it can: memory within its balloon, processors
    within their maximum, disks and network cards; that costs no restart.

    .. code-block:: yaml

        VM web1 is on the shared filesystem:
          libvirt_domain.defined:
            - vm: web1
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["libvirt_domain.plan"](spec, vm or name, live=live),
        apply=lambda digest: __salt__["libvirt_domain.apply"](
            spec, vm or name, expect=digest, live=live
        ),
        test=__opts__["test"],
        allow=allow,
    )


def host_managed(
    name: str, spec: dict[str, Any] | None = None, allow: str = "reload"
) -> dict[str, Any]:
    """Ensure that libvirt on this node is set up and leaves domains to the cluster.

    A running daemon is restarted to read a changed qemu.conf; VMs survive that.

    .. code-block:: yaml

        libvirt leaves the virtual machines to the cluster:
          libvirt_domain.host_managed:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["libvirt_domain.host_plan"](spec),
        apply=lambda digest: __salt__["libvirt_domain.host_apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
