"""Rules for shared storage without Pacemaker: those that look at no more, and one of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from kvmha.errors import Problem
from kvmha.rules.registry import RULES

_SHARED_WITH_A_CLUSTER = (
    "node_ids_differ",
    "node_names_differ",
    "filesystem_names_differ",
    "filesystem_labels_fit",
    "mounts_differ",
    "mounts_spare_the_system",
    "slots_suffice",
    "o2cb_can_say_it",
    "keepalives_come_in_time",
)


def check_storage(part: Any, *, unread: Collection[str] = ()) -> tuple[Problem, ...]:
    """Return what the rules find in ``part``, a ``StoragePart``."""
    rules = (RULES[name] for name in _SHARED_WITH_A_CLUSTER)
    found = [one for rule in rules if not rule.is_blind(unread) for one in rule.check(part)]
    return (*found, *_needs_no_pacemaker(part))


def _needs_no_pacemaker(part: Any) -> Iterator[Problem]:
    """Want the classic stack: DLM and exclusive mounts are Pacemaker's to run."""
    for i, each in enumerate(part.storage.filesystems):
        if part.storage.needs_dlm(each) or not each.is_shared:
            message = f"{each.name} ({each.type}) needs Pacemaker, and this names no fencing"
            hint = "storage.ocfs2.stack: o2cb, or the whole document of a cluster"
            place = f"storage.filesystems[{i}].type"
            yield Problem(place, message, hint, "NEEDS_PACEMAKER")
