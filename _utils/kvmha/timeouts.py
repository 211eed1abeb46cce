"""Timeouts that follow from token and watchdog: computed and shown, never asked.

Source of the formulas: what ``crm cluster health sbd`` of crmsh enforces, and sbd(8).
"""

from __future__ import annotations

from dataclasses import dataclass

from kvmha.spec.model import ClusterSpec

_COEFFICIENT = 650  # corosync.conf(5), token_coefficient
_STONITH_LEAST = 60_000
_START_LEAST = 90_000


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

    ``token`` and ``consensus`` are the real ones: with a nodelist corosync adds 650 ms, or
    what ``corosync.totem.token_coefficient`` says, to the token for every node beyond two and
    takes 1.2 times that as consensus unless one is written. crmsh reckons with the token as it
    is written, calls a smaller ``stonith_timeout`` or ``delay_start`` an error and a larger one
    a warning: so these two follow crmsh. ``delay_max`` is the random delay that keeps two nodes
    from fencing each other; ``start_limit`` is systemd's TimeoutStartSec for sbd.
    Those four are whole seconds, as their tools want them.
    """
    count = len(spec.nodes)
    written = spec.corosync.token
    membership = written + (spec.corosync.consensus or written * 12 // 10)
    said = spec.corosync.totem.token_coefficient
    token = written + max(count - 2, 0) * (_COEFFICIENT if said is None else said)
    watchdog = spec.fencing.sbd.watchdog_timeout
    msgwait = 2 * watchdog
    delay_max = 30_000 if count == 2 else 0
    delay_start = _ceiled(membership + delay_max + msgwait)
    return Timeouts(
        token=token,
        consensus=spec.corosync.consensus or token * 12 // 10,
        watchdog=watchdog,
        msgwait=msgwait,
        stonith_timeout=_ceiled(max(_with_reserve(msgwait), _STONITH_LEAST) + membership),
        delay_max=delay_max,
        delay_start=delay_start,
        start_limit=max(_with_reserve(delay_start), _START_LEAST),
    )


def _with_reserve(ms: int) -> int:
    """Return a fifth more, cut to whole seconds as crmsh's ``int(1.2 * seconds)`` does."""
    return ms * 12 // 10_000 * 1000


def _ceiled(ms: int) -> int:
    return -(-ms // 1000) * 1000
