"""Asking the nodes of a cluster, from the master."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
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


def ask_soon(
    publish: Callable[..., Iterable[Mapping[str, dict[str, Any]] | None]],
    cluster: ClusterSpec,
    function: str,
    kwargs: dict[str, Any],
    *,
    silent: float,
    clock: Callable[[], float],
) -> Answers:
    """Call ``function`` on all nodes, which takes all of them alike; as ``ask``, but in a hurry.

    A node is given up that has not answered ``silent`` seconds after the last other one did;
    when none answers, all are after three times that. So a busy cluster, where all are late, is
    not taken for a dead one, as it would be by asking after the job (``saltutil.find_job``): that
    takes a node as long as the answer itself. ``publish`` is given ids of minions, function and
    arguments, and yields what minions say as it comes, None at least once a second while nothing
    does. ``clock`` tells seconds.
    """
    minions = {node.minion_id: node.name for node in cluster.nodes}
    said: dict[str, dict[str, Any]] = {}
    last = clock()
    for more in publish(list(minions), function, kwargs):
        if more:
            said.update(more)
            last = clock()
        if minions.keys() <= said.keys() or clock() - last > silent * (1 if said else 3):
            break
    return {name: _answered(said.get(minion)) for minion, name in minions.items()}


def _answered(said: dict[str, Any] | None) -> dict[str, Any] | None:
    if not said or "ret" not in said:
        return None
    answer = said["ret"]
    if isinstance(answer, dict) and not said.get("retcode"):
        return answer
    return {"error": str(answer).removeprefix("ERROR: ")}
