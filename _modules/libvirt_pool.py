"""Storage pools of this node's libvirt, and their volumes. Their states are in ``libvirt_domain``.

``spec`` is the document below the pillar key ``kvmha``; without it the minion's own pillar is
used. Where libvirt does not answer, since the cluster was not started yet, systemd is made to
listen for it.
"""

from __future__ import annotations

from typing import Any

from kvmha import platforms
from kvmha.build import libvirt_objects as build
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.tools import libvirt_objects, services
from kvmha.tools.libvirt import Libvirt
from kvmha.tools.runner import Runner

__version__ = "0.1.0"


def __virtual__():
    return loadable("libvirt_pool", __version__)


@user_errors
def plan(pool: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what makes ``pool`` as the pillar says, active, and started with libvirt.

    A folder is made where there is none; nothing else is ever built. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_pool.plan images
    """
    wanted = build.pool(_load(spec), pool)
    return libvirt_objects.plan(Libvirt(Runner()), wanted).to_dict()


@user_errors
def apply(
    pool: str, spec: dict[str, Any] | None = None, expect: str | None = None
) -> dict[str, Any]:
    """Do what ``plan`` says. ``expect`` is the digest of the plan that was shown.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_pool.apply images
    """
    cluster, runner = _load(spec), Runner()
    wanted = build.pool(cluster, pool)
    done = libvirt_objects.apply(Libvirt(runner), wanted, expect, _wake(runner, cluster))
    return done.to_dict()


@user_errors
def absent_plan(pool: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what makes libvirt forget ``pool``; what is in it stays. Changes nothing.

    An error names the running domains, and the mounts, that use a volume of it.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_pool.absent_plan old
    """
    _load(spec)
    return libvirt_objects.plan_absent(Libvirt(Runner()), "pool", pool).to_dict()


@user_errors
def absent_apply(
    pool: str, spec: dict[str, Any] | None = None, expect: str | None = None
) -> dict[str, Any]:
    """Stop ``pool`` and have libvirt forget it, never while it is used; what is in it stays.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_pool.absent_apply old
    """
    runner = Runner()
    wake = _wake(runner, _load(spec))
    return libvirt_objects.apply_absent(Libvirt(runner), "pool", pool, expect, wake).to_dict()


@user_errors
def volume_plan(volume: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what is missing of ``volume``, ``POOL/NAME`` of the pillar. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_pool.volume_plan images/seed.qcow2
    """
    found = build.volume(_load(spec), volume)
    return libvirt_objects.plan_volume(Libvirt(Runner()), *found).to_dict()


@user_errors
def volume_apply(
    volume: str, spec: dict[str, Any] | None = None, expect: str | None = None
) -> dict[str, Any]:
    """Make ``volume`` where it is missing. One that exists is never written.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_pool.volume_apply images/seed.qcow2
    """
    found = build.volume(_load(spec), volume)
    return libvirt_objects.apply_volume(Libvirt(Runner()), *found, expect).to_dict()


@user_errors
def volume_absent_plan(volume: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what it takes for ``volume``, which the pillar calls absent, to be gone.

    An error names who uses it, or says that ``consent:overwrite`` does not have its path.
    Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_pool.volume_absent_plan images/old.raw
    """
    cluster = _load(spec)
    found = build.volume(cluster, volume)
    return libvirt_objects.plan_volume_absent(Libvirt(Runner()), cluster, *found).to_dict()


@user_errors
def volume_absent_apply(
    volume: str, spec: dict[str, Any] | None = None, expect: str | None = None
) -> dict[str, Any]:
    """Destroy ``volume`` and what is on it, with consent, and never while it is used.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_pool.volume_absent_apply images/old.raw
    """
    cluster = _load(spec)
    found = build.volume(cluster, volume)
    libvirt = Libvirt(Runner())
    return libvirt_objects.apply_volume_absent(libvirt, cluster, *found, expect).to_dict()


def _wake(runner: Runner, cluster: ClusterSpec) -> libvirt_objects.Wake:
    sockets = platforms.libvirt_sockets(platforms.for_grains(__grains__), cluster)
    return lambda: services.started(runner, sockets)


def _load(spec: dict[str, Any] | None) -> ClusterSpec:
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)
