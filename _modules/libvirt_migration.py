"""Live migration: the ssh keys of the nodes, and what each node says of the VMs it may get.

Every function takes ``spec``, the document below the pillar key ``kvmha``; without it the
minion's own pillar is used. The nodes' public keys are the pillar key ``kvmha_ssh``.
"""

from __future__ import annotations

import logging
from typing import Any

from kvmha.build import migration_access
from kvmha.plan import Plan
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.tools import migration
from kvmha.tools.openssh import Ssh
from kvmha.tools.runner import Runner

__version__ = "0.1.0"
__virtualname__ = "libvirt_migration"

log = logging.getLogger(__name__)


def __virtual__():
    return loadable(__virtualname__, __version__)


@user_errors
def plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return which keys this node lacks, or has too much, for VMs to move. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_migration.plan
    """
    return _plan(_load(spec))[2].to_dict()


@user_errors
def apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Make this node's key pair, and have it trust the other nodes' that are known.

    Keeps to our own key and to marked blocks in ``~/.ssh/config``, ``~/.ssh/authorized_keys``
    and ``/etc/ssh/ssh_known_hosts``; all of it goes when no VM moves by ssh any more. ``expect``
    is the digest of the plan that was shown. Safe at any time.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_migration.apply
    """
    cluster = _load(spec)
    want, seen, todo = _plan(cluster)
    todo.refuse_stale(expect)
    if todo:
        _ssh(cluster).apply(want, seen, todo)
        for change in todo.changes:
            log.info("done: %s", change.text())
    return todo.to_dict()


@user_errors
def identity(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return this node's public ``key`` and ``host_keys``; empty before it has a key.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_migration.identity
    """
    found = _ssh(_load(spec)).identity()
    return {"key": found.key, "host_keys": list(found.host_keys)} if found else {}


@user_errors
def facts(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what this node says of each VM that it may get by migration. Changes nothing.

    Judged, for all nodes together, by ``kvmha.gates.migration``. The libvirt of every other
    node is asked, at once; one that does not answer costs ``deadlines.answer``.

    CLI Example:

    .. code-block:: bash

        salt '*' libvirt_migration.facts
    """
    cluster = _load(spec)
    return migration.facts(Runner(), cluster, cluster.name_of_minion(__opts__["id"]))


def _plan(cluster: ClusterSpec) -> tuple[migration_access.Wanted, migration_access.Observed, Plan]:
    known = migration_access.identities(__pillar__.get("kvmha_ssh") or {})
    want = migration_access.wanted(cluster, cluster.name_of_minion(__opts__["id"]), known)
    seen = _ssh(cluster).observe()
    return want, seen, migration_access.plan(want, seen)


def _ssh(cluster: ClusterSpec) -> Ssh:
    return Ssh(Runner(), cluster.libvirt.migration.user)


def _load(spec: dict[str, Any] | None) -> ClusterSpec:
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)
