"""OCFS2 as it should be, on a node and on the shared disks."""

from __future__ import annotations

from kvmha.converge import converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"


def __virtual__():
    return loadable("ocfs2", __version__)


def formatted(name, filesystem=None, spec=None, allow="data_loss"):
    """Ensure a disk carries the OCFS2 volume of a filesystem of the pillar.

    For one node, once for the cluster. ``filesystem`` is its name there, by default the
    state's name. Does nothing to a volume that is right. ``allow`` may be *data_loss*, since
    nothing is overwritten but what the pillar's ``consent:overwrite`` names.

    .. code-block:: yaml

        Filesystem vmstore exists:
          ocfs2.formatted:
            - filesystem: vmstore
            - spec: {{ pillar["kvmha"] | json }}
    """
    wanted = filesystem or name
    return converge(
        name,
        plan=lambda: __salt__["ocfs2.plan"](wanted, spec),
        apply=lambda digest: __salt__["ocfs2.apply"](wanted, spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )


def stack_ready(name, spec=None, allow="reload"):
    """Ensure this node can mount OCFS2 under Pacemaker. Safe at any time.

    .. code-block:: yaml

        OCFS2 talks to Pacemaker:
          ocfs2.stack_ready:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["ocfs2.stack_plan"](spec),
        apply=lambda digest: __salt__["ocfs2.stack_apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
