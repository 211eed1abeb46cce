"""The nodes' answers to one question, put together; who does not answer costs little time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kvmha import plain
from kvmha.ask import ask_soon
from kvmha.spec.model import ClusterSpec
from kvmha.view.snapshot import NodeSeen, Snapshot

Publish = Callable[..., Iterable[Mapping[str, dict[str, Any]] | None]]
SILENT = 5.0
_OWN = 0.7  # of that a node's own look may take, so that it tells what hangs and is not silent


def look(
    publish: Publish,
    clock: Callable[[], float],
    spec: ClusterSpec,
    raw: Mapping[str, Any],
    now: float,
    *,
    silent: float = SILENT,
    **options: Any,
) -> Snapshot:
    """Have all nodes look at once (``kvmha_view.look``) and return what they say.

    ``publish`` and ``clock`` are those of ``ask_soon``, ``raw`` the document that ``spec`` was
    loaded from, ``now`` the time by the master's clock, ``options`` those of
    ``kvmha_view.look``. A node that shows no sign of life is given up ``silent`` seconds after
    the others.
    """
    asked = {"spec": dict(raw), "seconds": round(silent * _OWN, 1), **options}
    answers = ask_soon(publish, spec, "kvmha_view.look", asked, silent=silent, clock=clock)
    return snapshot(spec, answers, now)


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
