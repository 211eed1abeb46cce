"""iSCSI: this node's initiator name, its records of targets, and its sessions.

Functions with ``spec`` take the document below the pillar key ``kvmha``; without it the
minion's own pillar is used. CHAP passwords come from the pillar key ``kvmha_secrets``. They
are in no return, log or process list: plans show eight digits of their SHA-256.
"""

from __future__ import annotations

from typing import Any

from kvmha import platforms
from kvmha.plan import Plan
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.tools import iscsi as tool
from kvmha.tools import services
from kvmha.tools.runner import Runner
from kvmha.tools.services import Unit

__version__ = "0.1.0"


def __virtual__():
    return loadable("iscsi", __version__)


@user_errors
def plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what makes this node logged in to the pillar's targets. Changes nothing.

    That is: the initiator name, iscsid now and at boot, a record of each portal with its CHAP
    settings and timeouts, and a session. Other targets are left alone. A changed initiator
    name is *resource_restart* while sessions are open.

    CLI Example:

    .. code-block:: bash

        salt '*' iscsi.plan
    """
    return _plan(Runner(), _load(spec)).to_dict()


@user_errors
def apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Do what ``plan`` says; return what was done. Logs out of nothing.

    Every login is tried; the error of one that failed says why and what to look at. ``expect``
    is the digest of the plan that was agreed to; another plan is an error.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 iscsi.apply
    """
    cluster, runner = _load(spec), Runner()
    todo = _plan(runner, cluster)
    todo.refuse_stale(expect)
    if todo:
        services.apply(runner, todo)
        tool.apply(runner, cluster, cluster.name_of_minion(__opts__["id"]), _secrets(), todo)
    return todo.to_dict()


@user_errors
def logout_plan(target: str, portals: list[str] | None = None) -> dict[str, Any]:
    """Return what makes this node forget ``target``, an IQN, or only some of its ``portals``.

    An error names who uses a disk that would vanish. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 iscsi.logout_plan iqn.2026-11.com.example:old
    """
    return tool.plan_out(target, portals or []).to_dict()


@user_errors
def logout_apply(
    target: str, portals: list[str] | None = None, expect: str | None = None
) -> dict[str, Any]:
    """Log out of ``target`` and delete its records; never while its disks are in use.

    Mounted, held by LVM or device-mapper, or open in a process: each is a use. A multipath map
    that nobody uses is taken apart first. ``expect`` is the digest of the plan that was shown.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 iscsi.logout_apply iqn.2026-11.com.example:old
    """
    todo = tool.plan_out(target, portals or [])
    todo.refuse_stale(expect)
    if todo:
        tool.apply_out(Runner(), todo)
    return todo.to_dict()


@user_errors
def status() -> dict[str, Any]:
    """Return ``initiator``, this node's name, and ``sessions``: portals and disks by target.

    CLI Example:

    .. code-block:: bash

        salt '*' iscsi.status
    """
    found: dict[str, dict[str, list[str]]] = {}
    for path, disks in tool.sessions().items():
        found.setdefault(path.iqn, {})[path.where] = disks
    return {"initiator": tool.initiator_name(), "sessions": found}


def _plan(runner: Runner, cluster: ClusterSpec) -> Plan:
    if not cluster.storage.iscsi.targets:
        return Plan()
    login = platforms.for_grains(__grains__).iscsi_service
    # The second logs in at boot; now the records decide.
    units = services.plan(runner, [Unit("iscsid", running=True), Unit(login)])
    return Plan.joined(
        [units, tool.plan(cluster, cluster.name_of_minion(__opts__["id"]), _secrets())]
    )


def _secrets() -> dict[str, str]:
    return {str(key): str(value) for key, value in (__pillar__.get("kvmha_secrets") or {}).items()}


def _load(spec: dict[str, Any] | None) -> ClusterSpec:
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)
