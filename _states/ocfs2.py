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


def mounted(name, filesystem=None, spec=None, allow="reload"):
    """Ensure this node mounts an OCFS2 volume, now and at boot, where there is no Pacemaker.

    ``spec`` says no more than ``cluster``, ``nodes`` and ``storage``. The cluster has to be
    online by then, and the volume formatted.

    .. code-block:: yaml

        vmstore is mounted:
          ocfs2.mounted:
            - filesystem: vmstore
            - spec: {{ pillar["ocfs2"] | json }}
            - require:
              - o2cb: OCFS2's own cluster is online
    """
    return _mount(name, filesystem or name, spec, allow, mounted=True)


def unmounted(name, filesystem=None, spec=None, allow="resource_restart"):
    """Ensure this node mounts an OCFS2 volume no more, and not at boot; its files stay.

    .. code-block:: yaml

        vmstore is not mounted:
          ocfs2.unmounted:
            - filesystem: vmstore
            - spec: {{ pillar["ocfs2"] | json }}
    """
    return _mount(name, filesystem or name, spec, allow, mounted=False)


def _mount(name, filesystem, spec, allow, *, mounted):
    return converge(
        name,
        plan=lambda: __salt__["ocfs2.mount_plan"](filesystem, spec, mounted=mounted),
        apply=lambda digest: __salt__["ocfs2.mount_apply"](
            filesystem, spec, expect=digest, mounted=mounted
        ),
        test=__opts__["test"],
        allow=allow,
    )
