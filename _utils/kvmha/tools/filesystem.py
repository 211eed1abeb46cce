"""XFS and ext4 on shared disks: for one node at a time."""

from __future__ import annotations

from dataclasses import replace

from kvmha.build import filesystem as build
from kvmha.build import formatting as rules
from kvmha.plan import Plan
from kvmha.spec.model import ClusterSpec
from kvmha.tools import blockdev, formatting
from kvmha.tools.runner import Runner


def plan(runner: Runner, spec: ClusterSpec, name: str) -> Plan:
    """Return what is needed for filesystem ``name`` to be on its disk. Changes nothing."""
    wanted = formatting.of_kind(spec, name, build.KINDS)
    return build.plan(spec, wanted, _observe(runner, wanted.device))


def apply(runner: Runner, spec: ClusterSpec, name: str, expect: str | None = None) -> Plan:
    """Make filesystem ``name``. To be run on one node. Raises StalePlan."""
    item = formatting.of_kind(spec, name, build.KINDS)
    seen = _observe(runner, item.device)
    todo = build.plan(spec, item, seen)
    todo.refuse_stale(expect)
    if todo:
        wanted = build.wanted(spec, item)
        formatting.carry_out(
            runner,
            todo,
            wanted,
            seen,
            build.mkfs(item, seen.size),
            is_there=lambda: _is_whole(runner, wanted),
        )
    return todo


def _observe(runner: Runner, device: str) -> rules.DiskSeen:
    seen = formatting.observe(runner, device)
    return replace(seen, unfinished=build.is_unfinished(blockdev.read(device, 0, blockdev.PAGE)))


def _is_whole(runner: Runner, wanted: rules.Wanted) -> bool:
    seen = _observe(runner, wanted.filesystem.device)
    return rules.is_labelled(wanted, seen) and not seen.unfinished
