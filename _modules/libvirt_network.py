"""Networks of this node's libvirt. Their states are ``libvirt_domain.network_defined`` and so on.

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
    return loadable("libvirt_network", __version__)


@user_errors
def plan(network: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what makes ``network`` as the pillar says, active, and started with libvirt.

    What the pillar has no word for is kept. *resource_restart* where it has to be stopped and
    started while running domains are plugged into it. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_network.plan lan
    """
    wanted = build.network(_load(spec), network)
    return libvirt_objects.plan(Libvirt(Runner()), wanted).to_dict()


@user_errors
def apply(
    network: str, spec: dict[str, Any] | None = None, expect: str | None = None
) -> dict[str, Any]:
    """Do what ``plan`` says. ``expect`` is the digest of the plan that was shown.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_network.apply lan
    """
    cluster, runner = _load(spec), Runner()
    wanted = build.network(cluster, network)
    done = libvirt_objects.apply(Libvirt(runner), wanted, expect, _wake(runner, cluster))
    return done.to_dict()


@user_errors
def absent_plan(network: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what makes libvirt forget ``network``, whether the pillar knows it or not.

    An error names the running domains that are plugged into it. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_network.absent_plan default
    """
    _load(spec)
    return libvirt_objects.plan_absent(Libvirt(Runner()), "network", network).to_dict()


@user_errors
def absent_apply(
    network: str, spec: dict[str, Any] | None = None, expect: str | None = None
) -> dict[str, Any]:
    """Stop ``network`` and have libvirt forget it; never while a running domain is on it.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_network.absent_apply default
    """
    runner = Runner()
    wake = _wake(runner, _load(spec))
    libvirt = Libvirt(runner)
    return libvirt_objects.apply_absent(libvirt, "network", network, expect, wake).to_dict()


def _wake(runner: Runner, cluster: ClusterSpec) -> libvirt_objects.Wake:
    sockets = platforms.libvirt_sockets(platforms.for_grains(__grains__), cluster)
    return lambda: services.started(runner, sockets)


def _load(spec: dict[str, Any] | None) -> ClusterSpec:
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)
