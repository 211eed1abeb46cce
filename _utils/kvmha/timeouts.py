"""Timeouts that follow from token and watchdog: computed and shown, never asked.

Source of the formulas: what ``crm cluster health sbd`` of crmsh enforces, and sbd(8).
"""

from __future__ import annotations

from dataclasses import dataclass

from kvmha.spec.model import ClusterSpec
from kvmha.values import milliseconds

_COEFFICIENT = 650  # corosync.conf(5), token_coefficient
_STONITH_LEAST = 60_000
_START_LEAST = 90_000
_DELAY_MAX = 30_000
_PRIORITY_DELAY = 60_000
_SYNC_TIMEOUT = 30_000  # corosync-qdevice(8), sync_timeout


@dataclass(frozen=True)
class Timeouts:
    """Every timeout of the cluster, in milliseconds; 0 is none.

    ``membership`` is token and consensus as they are written; ``watchdog_fencing`` is
    ``stonith-watchdog-timeout``; ``sync_timeout`` is a qdevice's.
    """

    token: int
    consensus: int
    membership: int
    watchdog: int
    msgwait: int
    watchdog_fencing: int
    stonith_timeout: int
    delay_max: int
    priority_delay: int
    delay_start: int
    start_limit: int
    sync_timeout: int


def derive(spec: ClusterSpec) -> Timeouts:
    """Return the timeouts of ``spec``.

    ``token`` and ``consensus`` are the real ones: with a nodelist corosync adds 650 ms, or
    what ``corosync.totem.token_coefficient`` says, to the token for every node beyond two and
    takes 1.2 times that as consensus unless one is written. crmsh reckons with the token as it
    is written, calls a smaller ``stonith_timeout`` or ``delay_start`` an error and a larger one
    a warning: so these two follow crmsh. ``delay_max`` is the random delay that keeps two nodes
    from fencing each other over SBD's disks; ``start_limit`` is systemd's TimeoutStartSec for
    sbd. All but those of corosync are whole seconds, as their tools want them.
    """
    count, sbd = len(spec.nodes), spec.fencing.sbd
    written = spec.corosync.token
    membership = written + (spec.corosync.consensus or written * 12 // 10)
    said = spec.corosync.totem.token_coefficient
    token = written + max(count - 2, 0) * (_COEFFICIENT if said is None else said)
    watchdog = sbd.watchdog_timeout if sbd else 0
    twice = 2 * watchdog  # msgwait of the disks, stonith-watchdog-timeout without
    random = _said(sbd.delay_max if sbd else 0, _DELAY_MAX if are_two(spec) else 0)
    delay_max = random if spec.fencing.disks else 0
    alone = _watchdog_fencing(spec, _ceiled(twice)) if spec.fencing.diskless else 0
    delay_start = _ceiled(membership + delay_max + twice) if sbd else 0
    return Timeouts(
        token=token,
        consensus=spec.corosync.consensus or token * 12 // 10,
        membership=membership,
        watchdog=watchdog,
        msgwait=twice if spec.fencing.disks else 0,
        watchdog_fencing=alone,
        stonith_timeout=_ceiled(max(_with_reserve(max(alone, twice)), _STONITH_LEAST) + membership),
        delay_max=delay_max,
        priority_delay=_said(spec.fencing.priority_delay, _PRIORITY_DELAY if are_two(spec) else 0),
        delay_start=delay_start,
        start_limit=max(_with_reserve(delay_start), _START_LEAST) if sbd else 0,
        sync_timeout=_sync_timeout(spec),
    )


def are_two(spec: ClusterSpec) -> bool:
    """Tell whether the nodes are so few that they could fence each other at once.

    A qdevice gives its vote to one half, and the other does not fence.
    """
    return len(spec.nodes) == 2 and not spec.corosync.quorum.device.model


def _watchdog_fencing(spec: ClusterSpec, derived: int) -> int:
    """Return the longer time that the pillar may say, ``derived`` where it says none."""
    for name in ("stonith-watchdog-timeout", "fencing-watchdog-timeout"):
        try:
            return max(milliseconds(str(spec.cib.property(name)), unit="s"), derived)
        except ValueError:
            continue
    return derived


def _sync_timeout(spec: ClusterSpec) -> int:
    device = spec.corosync.quorum.device
    return (device.sync_timeout or _SYNC_TIMEOUT) if device.model else 0


def _said(said: int | None, derived: int) -> int:
    return derived if said is None else _ceiled(said)


def _with_reserve(ms: int) -> int:
    """Return a fifth more, cut to whole seconds as crmsh's ``int(1.2 * seconds)`` does."""
    return ms * 12 // 10_000 * 1000


def _ceiled(ms: int) -> int:
    return -(-ms // 1000) * 1000


# --- the formulas in words ---------------------------------------------------------------------


def node_notes(spec: ClusterSpec) -> tuple[str, ...]:
    """Return how each timeout of sbd on a node comes about, as sentences; none without SBD."""
    found, sbd = derive(spec), spec.fencing.sbd
    if not sbd:
        return ()
    start = f"token + consensus {_s(found.membership)} + "
    if found.delay_max:
        start += f"pcmk_delay_max {_s(found.delay_max)} + "
    start += f"msgwait {_s(found.msgwait)}" if sbd.devices else f"2 * watchdog {_s(found.watchdog)}"
    lines = [
        f"SBD_DELAY_START {_s(found.delay_start)} = {start}",
        f"TimeoutStartSec {_s(found.start_limit)} = max(1.2 * SBD_DELAY_START, 90s)",
    ]
    if sbd.devices:
        lines.insert(0, f"msgwait {_s(found.msgwait)} = 2 * watchdog {_s(found.watchdog)}")
    elif found.sync_timeout:
        lines.append(
            f"SBD_WATCHDOG_TIMEOUT {_s(found.watchdog)} is longer than the qdevice's sync_timeout"
            f" {_s(found.sync_timeout)}"
        )
    return tuple(lines)


def cluster_notes(spec: ClusterSpec) -> tuple[str, ...]:
    """Return how each timeout of fencing in the CIB comes about, as sentences."""
    found = derive(spec)
    longest = "60s"
    if spec.fencing.disks:
        longest = f"max(1.2 * msgwait {_s(found.msgwait)}, 60s)"
    elif spec.fencing.diskless:
        longest = f"max(1.2 * stonith-watchdog-timeout {_s(found.watchdog_fencing)}, 60s)"
    lines = [
        f"stonith-timeout {_s(found.stonith_timeout)} = {longest} + token + consensus"
        f" {_s(found.membership)}"
    ]
    if found.watchdog_fencing:
        lines.append(
            f"stonith-watchdog-timeout {_s(found.watchdog_fencing)} = 2 * watchdog"
            f" {_s(found.watchdog)}"
        )
    if found.delay_max:
        lines.append(f"pcmk_delay_max {_s(found.delay_max)}: {_TWO}")
    if found.priority_delay:
        lines.append(f"priority-fencing-delay {_s(found.priority_delay)}: {_TWO}")
    return tuple(lines)


_TWO = "two nodes must not fence each other at once"


def _s(ms: int) -> str:
    return f"{ms // 1000}s" if ms % 1000 == 0 else f"{ms}ms"
