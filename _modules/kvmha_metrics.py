"""Figures of the cluster for Prometheus, written on each node for node_exporter.

Functions with ``spec`` take the document below the pillar key ``kvmha``; without it the
minion's own pillar is used.
"""

from __future__ import annotations

from typing import Any

from kvmha import platforms
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import load
from kvmha.tools import monitoring
from kvmha.tools.runner import Runner

__version__ = "0.1.0"
__virtualname__ = "kvmha_metrics"


def __virtual__():
    return loadable(__virtualname__, __version__)


@user_errors
def plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what makes this node write its figures as ``monitoring`` says. Changes nothing.

    Without ``monitoring`` what was set up before is taken out; nothing is the answer where
    nothing was.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha_metrics.plan
    """
    return monitoring.plan(Runner(), _here(spec)).to_dict()


@user_errors
def apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Do what ``plan`` says: a timer that writes the figures, the exporter's service.

    Safe at any time: nothing of the cluster is touched. ``expect`` is the digest of the plan
    that was agreed to; another plan is an error.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha_metrics.apply
    """
    runner, node = Runner(), _here(spec)
    todo = monitoring.plan(runner, node)
    todo.refuse_stale(expect)
    if todo:
        monitoring.apply(runner, node, todo)
    return todo.to_dict()


@user_errors
def show(spec: dict[str, Any] | None = None) -> str:
    """Return the figures of this node as they would be written now. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha_metrics.show
    """
    here = _here(spec)
    said = {
        "node": here.node,
        "sbd_config": here.platform.sbd_config,
        "fencing_agent": here.platform.fencing_agent,
    }
    return monitoring.render(here.spec, monitoring.look(Runner(), here.spec, said))


def _here(spec: dict[str, Any] | None) -> Any:
    document = __pillar__.get("kvmha", {}) if spec is None else spec
    cluster = load(document)
    node = cluster.name_of_minion(__opts__["id"])
    return monitoring.here(cluster, document, platforms.for_grains(__grains__), node)
