"""GFS2 on shared disks, as it should be."""

from __future__ import annotations

from kvmha.converge import converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"


def __virtual__():
    return loadable("gfs2", __version__)


def formatted(name, filesystem=None, spec=None, allow="data_loss"):
    """Ensure a disk carries the GFS2 of a filesystem of the pillar.

    For one node, once for the cluster. ``filesystem`` is its name there, by default the
    state's name. Does nothing to one that is right. ``allow`` may be *data_loss*, since
    nothing is overwritten but what the pillar's ``consent:overwrite`` names.

    .. code-block:: yaml

        Filesystem data exists:
          gfs2.formatted:
            - filesystem: data
            - spec: {{ pillar["kvmha"] | json }}
    """
    wanted = filesystem or name
    return converge(
        name,
        plan=lambda: __salt__["gfs2.plan"](wanted, spec),
        apply=lambda digest: __salt__["gfs2.apply"](wanted, spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
