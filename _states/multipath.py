"""Several paths to one disk, on a node."""

from __future__ import annotations

from kvmha.converge import converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"


def __virtual__():
    return loadable("multipath", __version__)


def managed(name, spec=None, allow="reload"):
    """Ensure multipath runs here, now and after each boot, with what the pillar says of it.

    Safe at any time; the rest of multipath.conf is kept. Come before the login to iSCSI
    targets: a path is then claimed before anything else can take the disk for its own.

    .. code-block:: yaml

        Disks with several paths are one disk:
          multipath.managed:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["multipath.plan"](spec),
        apply=lambda digest: __salt__["multipath.apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )


def alias_absent(name, alias=None, allow="reload"):
    """Ensure no disk is called ``alias``, by default the name, in multipath.conf.

    .. code-block:: yaml

        oldstore:
          multipath.alias_absent
    """
    wanted = alias or name
    return converge(
        name,
        plan=lambda: __salt__["multipath.alias_absent_plan"](wanted),
        apply=lambda digest: __salt__["multipath.alias_absent_apply"](wanted, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
