"""Volume groups that the cluster shares, locked by lvmlockd (or clvmd) under Pacemaker.

Every function takes ``spec``, the document below the pillar key ``kvmha``; without it the
minion's own pillar is used. What changes a group or a volume is to be run on one node for the
whole cluster, while Pacemaker runs the locking daemon there.
"""

from __future__ import annotations

from typing import Any

from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import load
from kvmha.tools import lvm
from kvmha.tools.runner import Runner

__version__ = "0.1.0"


def __virtual__():
    return loadable("clvm", __version__)


@user_errors
def config_plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what this node's lvm.conf needs to say for the locking. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' clvm.config_plan
    """
    return lvm.plan_config(_load(spec)).to_dict()


@user_errors
def config_apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Do what ``config_plan`` says; comments and all else in the file stay. Safe at any time.

    These are the settings that the resource agents set too when they start.

    CLI Example:

    .. code-block:: bash

        salt '*' clvm.config_apply
    """
    return lvm.apply_config(_load(spec), expect).to_dict()


@user_errors
def vg_plan(vg: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what is needed for volume group ``vg`` to be on its disks. Changes nothing.

    Content on a disk that is to become part of it is an error that says what it is, unless the
    pillar's ``consent:overwrite`` names the disk; then the change is *data_loss*.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 clvm.vg_plan vg-vms
    """
    return lvm.plan_group(Runner(), _load(spec), vg).to_dict()


@user_errors
def vg_apply(
    vg: str, spec: dict[str, Any] | None = None, expect: str | None = None
) -> dict[str, Any]:
    """Make volume group ``vg``, or add disks to it; none is ever taken out.

    ``expect`` is the digest of the plan that was agreed to; another plan is an error.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 clvm.vg_apply vg-vms
    """
    return lvm.apply_group(Runner(), _load(spec), vg, expect).to_dict()


@user_errors
def lv_plan(lv: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what is needed for volume ``lv`` (``vg/lv``) to be as the pillar says.

    For one with ``state: absent`` that is its removal. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 clvm.lv_plan vg-vms/db1
    """
    cluster = _load(spec)
    if lvm.volume(cluster, lv).present:
        return lvm.plan_volume(Runner(), cluster, lv).to_dict()
    return lvm.plan_removal(Runner(), cluster, lv).to_dict()


@user_errors
def lv_apply(
    lv: str, spec: dict[str, Any] | None = None, expect: str | None = None
) -> dict[str, Any]:
    """Do what ``lv_plan`` says: make the volume, let it grow, or remove it with consent.

    A new volume is left active on this node, for who fills or formats it. One that any node
    has active is not removed. ``expect`` is the digest of the plan that was agreed to.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 clvm.lv_apply vg-vms/db1
    """
    cluster = _load(spec)
    if lvm.volume(cluster, lv).present:
        return lvm.apply_volume(Runner(), cluster, lv, expect).to_dict()
    return lvm.apply_removal(Runner(), cluster, lv, expect).to_dict()


@user_errors
def held_plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return which volumes that this node has active are not in their size here.

    CLI Example:

    .. code-block:: bash

        salt '*' clvm.held_plan
    """
    return lvm.plan_held(Runner(), _load(spec)).to_dict()


@user_errors
def held_apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Let exclusive volumes of this node grow, and show it the new size of shared ones.

    CLI Example:

    .. code-block:: bash

        salt '*' clvm.held_apply
    """
    return lvm.apply_held(Runner(), _load(spec), expect).to_dict()


@user_errors
def status(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the pillar's volume groups, volumes and this node's locks on them.

    CLI Example:

    .. code-block:: bash

        salt '*' clvm.status
    """
    return lvm.status(Runner(), _load(spec))


def _load(spec):
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)
