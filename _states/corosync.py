"""States of corosync on a node."""

from __future__ import annotations

from typing import Any

from kvmha.converge import converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"
__virtualname__ = "corosync"


def __virtual__():
    return loadable(__virtualname__, __version__)


def managed(
    name: str,
    spec: dict[str, Any] | None = None,
    allow: str = "reload",
    path: str | None = None,
) -> dict[str, Any]:
    """Ensure that this node's ``corosync.conf`` says what ``spec`` says.

    ``spec`` is a cluster or what ``corosync.export`` returned. ``allow: cluster_stop`` permits
    a change that corosync takes over only when it starts again on all nodes; this state
    writes the file and restarts nothing. ``path`` is another file than corosync's own.

    .. code-block:: yaml

        corosync knows the cluster:
          corosync.managed:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["corosync.plan"](spec, path=path),
        apply=lambda digest: __salt__["corosync.apply"](spec, expect=digest, path=path),
        test=__opts__["test"],
        allow=allow,
    )


def authkey_managed(
    name: str, spec: dict[str, Any] | None = None, allow: str = "reload"
) -> dict[str, Any]:
    """Ensure that this node has the cluster's key, from the pillar key ``kvmha_authkey``.

    Only fingerprints are shown. ``allow: cluster_stop`` permits another key while corosync
    runs with the old one.

    .. code-block:: yaml

        the nodes share a key:
          corosync.authkey_managed:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["corosync.authkey_plan"](spec),
        apply=lambda digest: __salt__["corosync.authkey_apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
