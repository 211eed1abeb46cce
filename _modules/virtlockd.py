"""virtlockd's leases on a shared filesystem: where they are kept, and which there are.

Every function takes ``spec``, the document below the pillar key ``kvmha``; without it the
minion's own pillar is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kvmha.build import libvirt_host
from kvmha.errors import KvmhaError
from kvmha.plan import Action, Change, Plan
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.tools import host

__version__ = "0.1.0"
__virtualname__ = "virtlockd"


def __virtual__():
    return loadable(__virtualname__, __version__)


@user_errors
def lockspace_plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return whether the folder of the leases must still be made. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 virtlockd.lockspace_plan
    """
    return _plan(_load(spec)).to_dict()


@user_errors
def lockspace_apply(
    spec: dict[str, Any] | None = None, expect: str | None = None
) -> dict[str, Any]:
    """Make the folder of the leases on its filesystem, which has to be mounted here.

    It is never removed: a lease in it may be held. Safe at any time.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 virtlockd.lockspace_apply
    """
    cluster = _load(spec)
    plan = _plan(cluster)
    plan.refuse_stale(expect)
    if plan:
        filesystem = cluster.lockspace
        if not _is_mounted(filesystem):
            raise KvmhaError(
                f"there is no place for leases: {filesystem.mount} is not mounted here",
                hint=f"is the resource fs-{filesystem.name} started? see: crm_mon -1r",
            )
        Path(libvirt_host.lockspace(filesystem.mount)).mkdir(mode=0o700, exist_ok=True)
    return plan.to_dict()


def _plan(cluster: ClusterSpec) -> Plan:
    filesystem = cluster.lockspace
    if filesystem is None:
        return Plan()
    folder = libvirt_host.lockspace(filesystem.mount)
    if _is_mounted(filesystem) and Path(folder).is_dir():
        return Plan()
    return Plan((Change(Action.CREATE, f"folder:{folder}", None, "for virtlockd's leases"),))


def _is_mounted(filesystem: Any) -> bool:
    return host.mounts().get(filesystem.mount, {}).get("type") == filesystem.type


def _load(spec: dict[str, Any] | None) -> ClusterSpec:
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)
