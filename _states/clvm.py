"""Shared volume groups and their volumes as they should be."""

from __future__ import annotations

from kvmha.converge import converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"


def __virtual__():
    return loadable("clvm", __version__)


def configured(name, spec=None, allow="none"):
    """Ensure this node's lvm.conf lets LVM's commands lock shared groups. Safe at any time.

    .. code-block:: yaml

        LVM locks what the nodes share:
          clvm.configured:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["clvm.config_plan"](spec),
        apply=lambda digest: __salt__["clvm.config_apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )


def vg_created(name, vg=None, spec=None, allow="data_loss"):
    """Ensure a volume group of the pillar is on all its disks.

    For one node, once for the cluster, while the locking daemon runs. ``vg`` is its name, by
    default the state's name. ``allow`` may be *data_loss*, since nothing is overwritten but
    what the pillar's ``consent:overwrite`` names.

    .. code-block:: yaml

        Volume group vg-vms is on its disks:
          clvm.vg_created:
            - vg: vg-vms
            - spec: {{ pillar["kvmha"] | json }}
    """
    wanted = vg or name
    return converge(
        name,
        plan=lambda: __salt__["clvm.vg_plan"](wanted, spec),
        apply=lambda digest: __salt__["clvm.vg_apply"](wanted, spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )


def lv_present(name, lv=None, spec=None, allow="none"):
    """Ensure a volume of the pillar is there and has its size. It is never made smaller.

    For one node, once for the cluster. ``lv`` is ``vg/lv``, by default the state's name.

    .. code-block:: yaml

        Volume vg-vms/db1 is there:
          clvm.lv_present:
            - lv: vg-vms/db1
            - spec: {{ pillar["kvmha"] | json }}
    """
    return _volume(name, lv or name, spec, allow)


def lv_absent(name, lv=None, spec=None, allow="data_loss"):
    """Ensure a volume that the pillar calls *absent* is gone, if its consent names the path.

    For one node, once for the cluster. Fails while any node has the volume active.

    .. code-block:: yaml

        Volume vg-vms/old1 is gone:
          clvm.lv_absent:
            - lv: vg-vms/old1
            - spec: {{ pillar["kvmha"] | json }}
    """
    return _volume(name, lv or name, spec, allow)


def sizes_current(name, spec=None, allow="none"):
    """Ensure that this node gives volumes it has active the size that the pillar says.

    For every node: only the one that has an exclusive volume can let it grow, and a shared one
    that has grown elsewhere has to be looked at anew.

    .. code-block:: yaml

        Volumes in use have their size:
          clvm.sizes_current:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["clvm.held_plan"](spec),
        apply=lambda digest: __salt__["clvm.held_apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )


def _volume(name, lv, spec, allow):
    return converge(
        name,
        plan=lambda: __salt__["clvm.lv_plan"](lv, spec),
        apply=lambda digest: __salt__["clvm.lv_apply"](lv, spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
