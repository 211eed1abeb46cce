"""Timing a failover while fencing is under way."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kvmha.wait import eventually


def measure(
    *,
    fence: Callable[[], object],
    is_lost: Callable[[], bool],
    host_now: Callable[[], str],
    timeout: float,
    interval: float = 0.5,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Fence a node and return host and seconds as ``kvmha.proof.Proof`` has them.

    ``fence`` returns when the node is certain to be off; ``is_lost`` tells whether the others
    have lost it, ``host_now`` where the VM is started by then, empty for nowhere. Raises
    TimedOut, or what ``fence`` raises.
    """
    began = clock()
    with ThreadPoolExecutor(max_workers=1) as worker:
        fencing = worker.submit(fence)
        # A fencing that fails loses nobody: its error says more than the deadline would.
        eventually(
            lambda: "" if is_lost() or _failed(fencing) else "the node is still a member",
            timeout=timeout,
            interval=interval,
        )
        detected = clock()
        fencing.result()
        fenced = clock()
    eventually(
        lambda: "" if host_now() else "the virtual machine is started nowhere else",
        timeout=timeout,
        interval=interval,
    )
    ended = clock()
    return {
        "host": host_now(),
        "seconds": round(ended - began, 1),
        "detection": round(detected - began, 1),
        "fencing": round(fenced - began, 1),
        "start": round(ended - fenced, 1),
    }


def _failed(fencing: Any) -> bool:
    return bool(fencing.done() and fencing.exception())
