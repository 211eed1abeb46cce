"""OCFS2's classic cluster stack on a node, as it should be; with Pacemaker and without."""

from __future__ import annotations

from kvmha.converge import converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"


def __virtual__():
    return loadable("o2cb", __version__)


def managed(name, spec=None, allow="reload"):
    """Ensure ``cluster.conf`` and the service's settings say the cluster. Starts nothing.

    .. code-block:: yaml

        OCFS2's own cluster is described:
          o2cb.managed:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["o2cb.plan"](spec),
        apply=lambda digest: __salt__["o2cb.apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )


def online(name, spec=None, allow="reload"):
    """Ensure this node is a member of the cluster; after ``o2cb.managed``. Mounts nothing.

    .. code-block:: yaml

        OCFS2's own cluster is online:
          o2cb.online:
            - spec: {{ pillar["kvmha"] | json }}
            - require:
              - o2cb: OCFS2's own cluster is described
    """
    return converge(
        name,
        plan=lambda: __salt__["o2cb.online_plan"](spec),
        apply=lambda digest: __salt__["o2cb.online_apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )


def absent(name, spec=None, allow="resource_restart"):
    """Ensure this node is no member of the cluster; fails while a volume is mounted.

    .. code-block:: yaml

        This node has left OCFS2's cluster:
          o2cb.absent:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["o2cb.absent_plan"](spec),
        apply=lambda digest: __salt__["o2cb.absent_apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
