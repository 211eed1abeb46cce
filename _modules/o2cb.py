"""OCFS2's classic cluster stack: cluster.conf, its settings, its membership in the kernel.

Every function takes ``spec``, the document below the pillar key ``kvmha``, or one that says no
more than ``cluster``, ``nodes`` and ``storage`` for a cluster without Pacemaker; without it the
minion's own pillar is used.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from kvmha import platforms
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import load_storage
from kvmha.tools import o2cb as tool
from kvmha.tools.runner import Runner

__version__ = "0.1.0"


def __virtual__():
    return loadable("o2cb", __version__)


@user_errors
def plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what the files of this node lack: cluster.conf, settings, start at boot.

    Other clusters in cluster.conf, and other settings, are kept. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' o2cb.plan
    """
    return tool.plan_files(Runner(), _load(spec), _config()).to_dict()


@user_errors
def apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Do what ``plan`` says; return what was done. Safe at any time: starts nothing.

    ``expect`` is the digest of the plan that was agreed to; another plan is an error.

    CLI Example:

    .. code-block:: bash

        salt '*' o2cb.apply
    """
    return tool.apply_files(Runner(), _load(spec), _config(), expect).to_dict()


@user_errors
def online_plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what makes this node a member of the cluster in the kernel. Changes nothing.

    An error while the kernel runs another stack, or another cluster, with a volume mounted:
    there is one at a time. Timeouts that differ while a volume is mounted are a note.

    CLI Example:

    .. code-block:: bash

        salt '*' o2cb.online_plan
    """
    return tool.plan_online(Runner(), _load(spec)).to_dict()


@user_errors
def online_apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Do what ``online_plan`` says: start the service, register members, set timeouts.

    Mounts nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' o2cb.online_apply
    """
    return tool.apply_online(Runner(), _load(spec), expect).to_dict()


@user_errors
def absent_plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what takes this node out of the cluster. An error while a volume is mounted.

    CLI Example:

    .. code-block:: bash

        salt ha-host3 o2cb.absent_plan
    """
    return tool.plan_absent(Runner(), _load(spec), _config()).to_dict()


@user_errors
def absent_apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Do what ``absent_plan`` says: stop and disable the service, forget the cluster.

    CLI Example:

    .. code-block:: bash

        salt ha-host3 o2cb.absent_apply
    """
    return tool.apply_absent(Runner(), _load(spec), _config(), expect).to_dict()


@user_errors
def status(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what the kernel knows: stack, members, timeouts in force, what is mounted.

    CLI Example:

    .. code-block:: bash

        salt '*' o2cb.status
    """
    return tool.status(Runner(), _load(spec))


def _config() -> str:
    """Beside the settings of sbd: /etc/default or /etc/sysconfig."""
    return str(PurePath(platforms.for_grains(__grains__).sbd_config).with_name("o2cb"))


def _load(spec):
    return load_storage(__pillar__.get("kvmha", {}) if spec is None else spec)
