"""OCFS2 as a cluster filesystem, under Pacemaker or on a cluster stack of its own.

Every function takes ``spec``, the document below the pillar key ``kvmha``; without it the
minion's own pillar is used. Where there is no Pacemaker it says no more than ``cluster``,
``nodes`` and ``storage``.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from kvmha import platforms
from kvmha.plan import Plan
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import load_storage
from kvmha.tools import mounts
from kvmha.tools import ocfs2 as tool
from kvmha.tools.runner import Runner

__version__ = "0.1.0"


def __virtual__():
    return loadable("ocfs2", __version__)


@user_errors
def plan(filesystem: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what is needed for ``filesystem``, by name, to be on its disk. Changes nothing.

    Nothing when the disk carries a volume with that label for this cluster. Anything else on
    it is an error that says what it is, unless the pillar's ``consent:overwrite`` names the
    disk; then the change is *data_loss*. A disk in use is an error in any case.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 ocfs2.plan vmstore
    """
    return tool.plan_format(Runner(), _load(spec), filesystem).to_dict()


@user_errors
def apply(
    filesystem: str, spec: dict[str, Any] | None = None, expect: str | None = None
) -> dict[str, Any]:
    """Do what ``plan`` says, with mkfs.ocfs2; return what was done.

    To be run on one node for the whole cluster; mounts nothing. A run that was cut short is
    begun again by the next. ``expect`` is the digest of the plan that was agreed to; another
    plan is an error.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 ocfs2.apply vmstore
    """
    return tool.apply_format(Runner(), _load(spec), filesystem, expect).to_dict()


@user_errors
def stack_plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what makes this node able to mount OCFS2 under Pacemaker. Changes nothing.

    That is: the modules, now and at boot, the cluster stack ``pcmk``, and the service of the
    classic stack out of the way. Safe at any time.

    CLI Example:

    .. code-block:: bash

        salt '*' ocfs2.stack_plan
    """
    return _stack_plan(spec).to_dict()


@user_errors
def stack_apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Do what ``stack_plan`` says; return what was done. Mounts nothing.

    ``expect`` is the digest of the plan that was agreed to; another plan is an error.

    CLI Example:

    .. code-block:: bash

        salt '*' ocfs2.stack_apply
    """
    if _load(spec).storage.ocfs2_stack != "pcmk":
        return _stack_plan(spec).to_dict()
    return tool.apply_stack(Runner(), _o2cb_config(), expect).to_dict()


@user_errors
def mount_plan(
    filesystem: str, spec: dict[str, Any] | None = None, mounted: bool = True
) -> dict[str, Any]:
    """Return what makes ``filesystem`` mounted here, now and at boot. Changes nothing.

    For a cluster without Pacemaker, which would mount by itself. With ``mounted`` False, what
    makes it not mounted.

    CLI Example:

    .. code-block:: bash

        salt '*' ocfs2.mount_plan vmstore spec='{...}'
    """
    return mounts.plan(_load(spec), filesystem, mounted=mounted).to_dict()


@user_errors
def mount_apply(
    filesystem: str,
    spec: dict[str, Any] | None = None,
    expect: str | None = None,
    mounted: bool = True,
) -> dict[str, Any]:
    """Do what ``mount_plan`` says: the line in /etc/fstab, and the mount.

    CLI Example:

    .. code-block:: bash

        salt '*' ocfs2.mount_apply vmstore spec='{...}'
    """
    return mounts.apply(Runner(), _load(spec), filesystem, expect, mounted=mounted).to_dict()


@user_errors
def status(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the cluster stack of this node, and what every filesystem's disk carries.

    CLI Example:

    .. code-block:: bash

        salt '*' ocfs2.status
    """
    return tool.status(Runner(), _load(spec))


def _stack_plan(spec):
    return tool.plan_stack(_o2cb_config()) if _load(spec).storage.ocfs2_stack == "pcmk" else Plan()


def _o2cb_config() -> str:
    """Beside the settings of sbd: /etc/default or /etc/sysconfig."""
    return str(PurePath(platforms.for_grains(__grains__).sbd_config).with_name("o2cb"))


def _load(spec):
    return load_storage(__pillar__.get("kvmha", {}) if spec is None else spec)
