"""The nodes' answers to one question, put together; who does not answer costs little time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from kvmha import plain
from kvmha.ask import ask
from kvmha.spec.model import ClusterSpec
from kvmha.view.snapshot import NodeSeen, Snapshot

SILENT = 5.0


def look(
    cmd: Callable[..., Any],
    spec: ClusterSpec,
    raw: Mapping[str, Any],
    now: float,
    *,
    silent: float = SILENT,
    **options: Any,
) -> Snapshot:
    """Have all nodes look at once (``kvmha_view.look``) and return what they say.

    ``cmd`` is Salt's ``saltutil.cmd``, ``raw`` the document that ``spec`` was loaded from,
    ``now`` the time by the master's clock, ``options`` those of ``kvmha_view.look``. A node
    that shows no sign of life is given up after ``silent`` seconds, at least 2; one that is at
    work is waited for.
    """
    timeout, gather = patience(silent)
    answers = ask(
        partial(cmd, gather_job_timeout=gather),
        spec,
        "kvmha_view.look",
        {"spec": dict(raw), **options},
        timeout=timeout,
    )
    return snapshot(spec, answers, now)


def patience(silent: float) -> tuple[int, int]:
    """Return how ``silent`` seconds, at least 2, are spent: (timeout, gather_job_timeout).

    After the first Salt asks those who have not answered whether they are at work on it
    (``saltutil.find_job``); who does not answer that within the second is silent
    (``LocalClient.get_iter_returns``, which counts in whole seconds).
    """
    whole = max(round(silent), 2)
    gather = max(whole * 2 // 5, 1)
    return whole - gather, gather


def snapshot(
    spec: ClusterSpec, answers: Mapping[str, Mapping[str, Any] | None], now: float
) -> Snapshot:
    """Return the cluster at ``now`` from its nodes' answers: node -> data, or None for silence.

    An answer that is an error (``{"error": why}``) is of a node that lives, and sees nothing.
    """
    return Snapshot(now, tuple(_seen(node.name, answers.get(node.name)) for node in spec.nodes))


def _seen(name: str, answer: Mapping[str, Any] | None) -> NodeSeen:
    if answer is None:
        return NodeSeen(name)
    if "error" in answer:
        return NodeSeen(name, answered=True, errors={"look": str(answer["error"])})
    return plain.of(NodeSeen, {**answer, "name": name})
