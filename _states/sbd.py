"""SBD as it should be, on a node and on the shared disks."""

from __future__ import annotations

from kvmha.converge import converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"


def __virtual__():
    return loadable("sbd", __version__)


def managed(name, spec=None, allow="reload"):
    """Ensure this node is ready for sbd: settings, watchdog, start time, service enabled.

    Without ``fencing.sbd`` in the pillar: that sbd does not start with the cluster. Starts and
    stops nothing. Other settings for an sbd that runs are *cluster_stop*: they take effect
    when the cluster of this node starts again.

    .. code-block:: yaml

        SBD is ready to start with the cluster:
          sbd.managed:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["sbd.plan"](spec),
        apply=lambda digest: __salt__["sbd.apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )


def initialized(name, spec=None, allow="data_loss"):
    """Ensure every disk of SBD, if there is one, carries a header with the cluster's timeouts.

    For one node, once for the cluster. Never makes a header again that is right, so nodes
    that use it are undisturbed. ``allow`` may be *data_loss*, since nothing is overwritten
    but what the pillar's ``consent:overwrite`` names.

    .. code-block:: yaml

        SBD's disks carry its header:
          sbd.initialized:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["sbd.device_plan"](spec),
        apply=lambda digest: __salt__["sbd.device_apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
