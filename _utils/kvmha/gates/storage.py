"""Shared filesystems: mounted everywhere, and coherent."""

from __future__ import annotations

from kvmha.gates import answers, pacemaker_view, volumes
from kvmha.gates.answers import Observations
from kvmha.spec.model import ClusterSpec


def judge_mounted(spec: ClusterSpec, seen: Observations) -> list[str]:
    """Every filesystem is mounted where it should be, with its type; volumes are active."""
    found = [*answers.silent(seen), *answers.broken(seen, "pacemaker", "mounts")]
    found += volumes.inactive(spec, seen)
    found += _single(spec, seen)
    for node, mounts in answers.of(seen, "mounts"):
        for filesystem in spec.storage.filesystems:
            mount = mounts.get(filesystem.mount)
            if mount is None and not filesystem.is_shared:
                continue
            if mount is None:
                found.append(f"{node}: {filesystem.mount} ({filesystem.name}) is not mounted")
            elif mount["type"] != filesystem.type:
                found.append(
                    f"{node}: {filesystem.mount} is {mount['type']}, not {filesystem.type}"
                    " (hint: something else is mounted there)"
                )
    for _node, status in answers.of(seen, "pacemaker"):
        found.extend(pacemaker_view.troubles(status))
    return list(dict.fromkeys(found))


def _single(spec: ClusterSpec, seen: Observations) -> list[str]:
    """What is not shared is mounted on one node, no more and no less."""
    views = dict(answers.of(seen, "mounts"))
    found = []
    for filesystem in spec.storage.filesystems:
        where = [node for node, mounts in views.items() if filesystem.mount in mounts]
        if filesystem.is_shared or len(where) == 1 or (not where and len(views) < len(seen)):
            continue
        place = f"on {', '.join(where)} at once" if where else "on no node"
        found.append(
            f"{filesystem.mount} ({filesystem.name}, {filesystem.type}) is mounted {place}"
            f" (hint: see crm_mon -1r for fs-{filesystem.name})"
        )
    return found


def judge_coherent(spec: ClusterSpec, seen: Observations) -> list[str]:
    """What each node wrote (``marked``) is what every node reads (``marks``)."""
    written = dict(answers.of(seen, "marked"))
    found = []
    for reader, marks in answers.of(seen, "marks"):
        for filesystem in (each.name for each in spec.storage.filesystems if each.is_shared):
            for writer, marked in written.items():
                read = marks.get(filesystem, {}).get(writer, "")
                if read != marked.get(filesystem):
                    found.append(
                        f"{reader}: {filesystem} shows {'another' if read else 'no'} file than"
                        f" {writer} wrote (hint: see dmesg of both for dlm and {filesystem})"
                    )
    return found
