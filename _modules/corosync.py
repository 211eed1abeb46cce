"""corosync on this node: its configuration, its key, and what it says of the cluster.

Every function takes ``spec``, the document below the pillar key ``kvmha``; without it the
minion's own pillar is used. Nothing here starts or stops corosync.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kvmha.errors import KvmhaError
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterPart, ClusterSpec, is_part, load, load_part
from kvmha.tools import corosync
from kvmha.tools.runner import Runner

__version__ = "0.1.0"
__virtualname__ = "corosync"


def __virtual__():
    return loadable(__virtualname__, __version__)


@user_errors
def export(path: str | None = None) -> dict[str, Any]:
    """Return the pillar document that describes what stands in ``corosync.conf``.

    Needs no cluster, no pillar and no running corosync. ``path`` is another file than this
    node's own. The result is a spec by itself, to ``plan`` and ``apply``: with the file it was
    taken from the plan is empty, without one it makes an equal one, but for comments. What has
    no word in the vocabulary stands under ``more``. An error names the lines of what cannot
    be said: ``totem.key``, which is a secret and never shown, and two values of one key
    that both count.

    CLI Example:

    .. code-block:: bash

        salt-call --local corosync.export
        salt-call --local corosync.export path=/root/old-cluster/corosync.conf
    """
    return corosync.export_conf(_path(path))


@user_errors
def plan(spec: dict[str, Any] | None = None, path: str | None = None) -> dict[str, Any]:
    """Return what would change in this node's ``corosync.conf``. Changes nothing.

    ``spec`` is the document below the pillar key ``kvmha``, by default the minion's own, or
    an export. A disruption of ``reload`` is taken over by the running corosync,
    ``cluster_stop`` only when corosync starts again on all nodes. ``path`` is another file,
    a change of which disturbs nothing. Notes name what stands in the file and not in the
    pillar, unless ``unmanaged`` says otherwise.

    CLI Example:

    .. code-block:: bash

        salt '*' corosync.plan
    """
    live = _path(path) == corosync.CONF
    return corosync.plan_conf(Runner(), _spec(spec), _path(path), live=live).to_dict()


@user_errors
def apply(
    spec: dict[str, Any] | None = None, expect: str | None = None, path: str | None = None
) -> dict[str, Any]:
    """Write this node's ``corosync.conf``; reload it where corosync can take it over running.

    Safe at any time: corosync is never restarted. ``expect`` is the digest of the plan that
    was shown; another plan is an error. So is a file that ``corosync -t`` does not accept:
    nothing is written then. With another ``path`` that file is written, and corosync is
    neither asked nor reloaded.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 corosync.apply
    """
    live = _path(path) == corosync.CONF
    return corosync.apply_conf(Runner(), _spec(spec), expect, _path(path), live=live).to_dict()


@user_errors
def authkey_plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return whether this node's ``authkey`` would change, by fingerprints. Changes nothing.

    The key is the base64 text under the pillar key ``kvmha_authkey``.

    CLI Example:

    .. code-block:: bash

        salt '*' corosync.authkey_plan
    """
    return corosync.plan_authkey(Runner(), _member(spec), _authkey()).to_dict()


@user_errors
def authkey_apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Write this node's ``authkey``, readable by root alone.

    A running corosync goes on with the key it has read, so a changed key needs the cluster
    stopped. ``expect`` is the digest of the plan that was shown. An error without the pillar
    key ``kvmha_authkey``.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 corosync.authkey_apply
    """
    return corosync.apply_authkey(Runner(), _member(spec), _authkey(), expect).to_dict()


@user_errors
def status() -> dict[str, Any]:
    """Return what corosync here says: running, quorate, votes, members, links, conf_sha256.

    CLI Example:

    .. code-block:: bash

        salt '*' corosync.status
    """
    return corosync.status(Runner())


def _path(path: str | None) -> Path:
    return Path(path) if path else corosync.CONF


def _spec(spec: dict[str, Any] | None) -> ClusterSpec | ClusterPart:
    """Return the cluster, or the part of one that an export describes."""
    data = __pillar__.get("kvmha", {}) if spec is None else spec
    return load_part(data) if is_part(data) else _member(data)


def _authkey() -> str | None:
    return __pillar__.get("kvmha_authkey") or None


def _member(spec: dict[str, Any] | None) -> ClusterSpec:
    """Return the cluster, which this minion must be a node of."""
    cluster = load(__pillar__.get("kvmha", {}) if spec is None else spec)
    minions = [node.minion_id for node in cluster.nodes]
    if __opts__["id"] not in minions:
        raise KvmhaError(
            f"minion {__opts__['id']} is no node of cluster {cluster.cluster.name}",
            hint=f"its nodes' minions are {', '.join(minions)}: see nodes[].minion",
        )
    return cluster
