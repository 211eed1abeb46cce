"""Asking the nodes of a cluster, from the master."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from kvmha.spec.model import ClusterSpec

Answers = dict[str, dict[str, Any] | None]


def ask(
    cmd: Callable[..., Any],
    cluster: ClusterSpec,
    function: str,
    kwargs: dict[str, Any],
    *,
    timeout: float,
    nodes: Collection[str] = (),
) -> Answers:
    """Call ``function`` on all nodes or those named; return node -> answer, None for silence.

    ``cmd`` is Salt's ``saltutil.cmd``. An answer that is an error is ``{"error": text}``.
    ``timeout`` is the seconds after which Salt asks whether the job still runs; one that does is
    waited for.
    """
    minions = {
        node.minion_id: node.name for node in cluster.nodes if not nodes or node.name in nodes
    }
    said = cmd(list(minions), function, tgt_type="list", kwarg=kwargs, timeout=int(timeout))
    return {name: _answered(said.get(minion)) for minion, name in minions.items()}


def _answered(said: dict[str, Any] | None) -> dict[str, Any] | None:
    if not said or "ret" not in said:
        return None
    answer = said["ret"]
    if isinstance(answer, dict) and not said.get("retcode"):
        return answer
    return {"error": str(answer).removeprefix("ERROR: ")}
