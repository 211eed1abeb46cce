"""Timeouts that follow from token and watchdog: computed and shown, never asked.

Source of the formulas: what ``crm cluster health sbd`` of crmsh enforces, and sbd(8).
"""

from __future__ import annotations

from dataclasses import dataclass

from kvmha.spec.model import ClusterSpec


@dataclass(frozen=True)
class Timeouts:
    """Every timeout of the cluster, in milliseconds."""

    token: int
    consensus: int
    watchdog: int
    msgwait: int
    stonith_timeout: int
    delay_max: int
    delay_start: int
    start_limit: int


def derive(spec: ClusterSpec) -> Timeouts:
    """Return the timeouts of ``spec``.

    ``token`` is the real one: with a nodelist corosync adds 650 ms for every node beyond
    two (corosync.conf(5), token_coefficient). ``delay_max`` is the random delay that keeps
    two nodes from fencing each other; ``start_limit`` is systemd's TimeoutStartSec for sbd.
    """
    count = len(spec.nodes)
    token = spec.corosync.token + max(count - 2, 0) * 650
    consensus = spec.corosync.consensus or token * 12 // 10
    watchdog = spec.fencing.sbd.watchdog_timeout
    msgwait = 2 * watchdog
    delay_max = 30_000 if count == 2 else 0
    delay_start = token + consensus + delay_max + msgwait
    return Timeouts(
        token=token,
        consensus=consensus,
        watchdog=watchdog,
        msgwait=msgwait,
        stonith_timeout=max(msgwait * 12 // 10, 60_000) + token + consensus,
        delay_max=delay_max,
        delay_start=delay_start,
        start_limit=max(delay_start * 12 // 10, 90_000),
    )
