"""States of libvirt on a node: daemon, networks and pools; and of VMs on shared filesystems."""

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


def network_defined(
    name: str,
    network: str = "",
    spec: dict[str, Any] | None = None,
    allow: str = "reload",
) -> dict[str, Any]:
    """Ensure that a network of the pillar is defined, active, and started with libvirt.

    ``network`` is its name, by default the state's. ``allow: resource_restart`` permits to stop
    and start it while running domains are plugged into it: they may lose their link by that.

    .. code-block:: yaml

        lan:
          libvirt_domain.network_defined:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return _of("libvirt_network.", name, network or name, spec, allow)


def network_absent(
    name: str,
    network: str = "",
    spec: dict[str, Any] | None = None,
    allow: str = "reload",
) -> dict[str, Any]:
    """Ensure that libvirt has no such network, of the pillar or not, such as its ``default``.

    Fails, with their names, while running domains are plugged into it.

    .. code-block:: yaml

        default:
          libvirt_domain.network_absent: []
    """
    return _of("libvirt_network.absent_", name, network or name, spec, allow)


def pool_defined(
    name: str, pool: str = "", spec: dict[str, Any] | None = None, allow: str = "reload"
) -> dict[str, Any]:
    """Ensure that a pool of the pillar is defined, active, and started with libvirt.

    ``pool`` is its name, by default the state's. A folder is made where there is none.
    ``allow: resource_restart`` permits to stop and start a pool that is in use.

    .. code-block:: yaml

        images:
          libvirt_domain.pool_defined:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return _of("libvirt_pool.", name, pool or name, spec, allow)


def pool_absent(
    name: str, pool: str = "", spec: dict[str, Any] | None = None, allow: str = "reload"
) -> dict[str, Any]:
    """Ensure that libvirt has no such pool; what is in it stays. Fails while it is in use.

    .. code-block:: yaml

        old:
          libvirt_domain.pool_absent: []
    """
    return _of("libvirt_pool.absent_", name, pool or name, spec, allow)


def volume_present(
    name: str, volume: str = "", spec: dict[str, Any] | None = None, allow: str = "reload"
) -> dict[str, Any]:
    """Ensure that a volume of the pillar is there; one that exists is kept as it is.

    ``volume`` is ``POOL/NAME``, by default the state's name. Its pool has to be active.

    .. code-block:: yaml

        images/seed.qcow2:
          libvirt_domain.volume_present:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return _of("libvirt_pool.volume_", name, volume or name, spec, allow)


def volume_absent(
    name: str, volume: str = "", spec: dict[str, Any] | None = None, allow: str = "data_loss"
) -> dict[str, Any]:
    """Ensure that a volume that the pillar calls *absent* is gone, if consent names its path.

    ``volume`` is ``POOL/NAME``, by default the state's name. Fails while anybody uses it.

    .. code-block:: yaml

        images/old.raw:
          libvirt_domain.volume_absent:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return _of("libvirt_pool.volume_absent_", name, volume or name, spec, allow)


def _of(
    functions: str, name: str, what: str, spec: dict[str, Any] | None, allow: str
) -> dict[str, Any]:
    """Converge one object by ``plan`` and ``apply``; ``functions`` is how their names begin."""
    return converge(
        name,
        plan=lambda: __salt__[f"{functions}plan"](what, spec),
        apply=lambda digest: __salt__[f"{functions}apply"](what, spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
