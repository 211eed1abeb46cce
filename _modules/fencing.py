"""Fencing of the whole cluster: what there is, whether it would work, and a test in earnest.

Every function takes ``spec``, the document below the pillar key ``kvmha``; without it the
minion's own pillar is used. What fences is configured by ``pacemaker`` (part ``fencing``) and
``sbd``.
"""

from __future__ import annotations

from typing import Any

from kvmha.errors import KvmhaError
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.tools import fencing
from kvmha.tools.runner import Runner

__version__ = "0.1.0"
__virtualname__ = "fencing"


def __virtual__():
    return loadable(__virtualname__, __version__)


@user_errors
def status(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return whether nodes could be fenced now, by which devices, and who has been fenced.

    ``devices`` tells of each whether it is ``registered`` and what its monitor said
    (``error``), ``nodes`` which devices can fence each node, ``history`` whom the cluster has
    fenced, newest first. Fences nothing; asks every device for its status.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 fencing.status
    """
    return fencing.status(Runner(), _load(spec))


@user_errors
def test(node: str, confirm: str = "", spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Fence ``node`` on purpose and measure it; without ``confirm`` tell what would happen.

    Cuts the node's power: what runs there dies and is recovered elsewhere. ``confirm`` must be
    the cluster's name. Returns ``fenced`` and ``back``: seconds until fencing was certain and
    until the node was online again; ``record``, the cluster's own; ``would``, what it was
    expected to do. Without ``confirm``: ``would``, ``placement`` (where resources run before
    and after), and ``problems`` for which it would be refused: no quorum, a node that is away,
    a device that does not answer.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 fencing.test ha-host2
        salt ha-host1 fencing.test ha-host2 confirm=alpha
    """
    cluster = _load(spec)
    here = _here(cluster)
    name = cluster.cluster.name
    if not confirm:
        hint = f"nothing was fenced; confirm={name} cuts the power of {node}"
        return {"hint": hint, **fencing.preview(Runner(), cluster, node, here)}
    if confirm != name:
        raise KvmhaError(
            f"fencing {node} was not confirmed: its power is cut, whatever runs there dies",
            hint=f"say the name of its cluster: confirm={name}",
        )
    return fencing.test(Runner(), cluster, node, here)


def _here(cluster: ClusterSpec) -> str:
    """Return the name of this node; empty on a minion that is none."""
    names = [node.name for node in cluster.nodes if node.minion_id == __opts__["id"]]
    return names[0] if names else ""


def _load(spec: dict[str, Any] | None) -> ClusterSpec:
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)
