"""Figures of the cluster for Prometheus, on a node."""

from __future__ import annotations

from kvmha.converge import converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"
__virtualname__ = "kvmha_metrics"


def __virtual__():
    return loadable(__virtualname__, __version__)


def managed(name, spec=None, allow="reload"):
    """Ensure this node writes its figures, and runs the exporter, as ``monitoring`` says.

    Safe at any time. Without ``monitoring`` in the pillar nothing is written, and what was set
    up before is taken out. On a platform without ha_cluster_exporter that is said, and no
    failure.

    .. code-block:: yaml

        Prometheus finds the cluster's figures:
          kvmha_metrics.managed:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["kvmha_metrics.plan"](spec),
        apply=lambda digest: __salt__["kvmha_metrics.apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
