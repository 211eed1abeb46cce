"""Timing a failover while fencing is under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kvmha.wait import eventually


def measure(
    *,
    fence: Callable[[], object],
    is_lost: Callable[[], bool],
    hosts_now: Callable[[], Sequence[str]],
    node: str,
    timeout: float,
    interval: float = 0.5,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Fence ``node`` and return host and seconds as ``kvmha.proof.Proof`` has them.

    ``fence`` returns when the node is certain to be off; ``is_lost`` tells whether the others
    have lost it, ``hosts_now`` on which nodes the VM is started. Raises TimedOut, or what
    ``fence`` raises.
    """
    hosts: list[str] = []

    def away() -> str:
        found = hosts_now()
        hosts[:] = [host for host in found if host != node]
        return "" if hosts else f"the virtual machine is started on {', '.join(found) or 'no node'}"

    began = clock()
    with ThreadPoolExecutor(max_workers=1) as worker:
        fencing = worker.submit(fence)
        # A fencing that fails loses nobody: its error says more than the deadline would.
        eventually(
            lambda: "" if is_lost() or _failed(fencing) else f"{node} is still a member",
            timeout=timeout,
            interval=interval,
        )
        detected = clock()
        fencing.result()
        fenced = clock()
    eventually(away, timeout=timeout, interval=interval)
    ended = clock()
    return {
        "host": hosts[0],
        "seconds": round(ended - began, 1),
        "detection": round(detected - began, 1),
        "fencing": round(fenced - began, 1),
        "start": round(ended - fenced, 1),
    }


def _failed(fencing: Any) -> bool:
    return bool(fencing.done() and fencing.exception())
