"""iSCSI sessions of a node as they should be."""

from __future__ import annotations

from kvmha.converge import converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"


def __virtual__():
    return loadable("iscsi", __version__)


def logged_in(name, spec=None, allow="reload"):
    """Ensure this node is logged in to the pillar's iSCSI targets, now and after each boot.

    Other targets are left alone, and nothing is logged out. ``allow: resource_restart``
    permits another initiator name while sessions are open.

    .. code-block:: yaml

        The SAN's targets are logged in:
          iscsi.logged_in:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return converge(
        name,
        plan=lambda: __salt__["iscsi.plan"](spec),
        apply=lambda digest: __salt__["iscsi.apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )


def logged_out(name, target=None, portals=None, allow="reload"):
    """Ensure this node has neither session nor record of ``target``, by default the name.

    With ``portals``, of those alone. Fails, naming the user, while a disk of it is in use.

    .. code-block:: yaml

        iqn.2026-11.com.example:old:
          iscsi.logged_out
    """
    iqn = target or name
    return converge(
        name,
        plan=lambda: __salt__["iscsi.logout_plan"](iqn, portals),
        apply=lambda digest: __salt__["iscsi.logout_apply"](iqn, portals, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )
