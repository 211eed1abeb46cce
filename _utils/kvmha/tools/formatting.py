"""Looking at a disk before a filesystem is made on it, and making it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kvmha.build import formatting as build
from kvmha.errors import KvmhaError
from kvmha.plan import Action, Plan
from kvmha.spec.storage import Filesystem
from kvmha.spec.storage_part import HasStorage
from kvmha.tools import blockdev
from kvmha.tools.runner import Runner


def filesystem(spec: HasStorage, name: str) -> Filesystem:
    """Return the filesystem that is called ``name``; raise KvmhaError naming those there are."""
    for item in spec.storage.filesystems:
        if item.name == name:
            return item
    known = ", ".join(item.name for item in spec.storage.filesystems) or "none"
    raise KvmhaError(f"there is no filesystem {name!r}", hint=f"storage.filesystems has: {known}")


def of_kind(spec: HasStorage, name: str, kinds: Sequence[str]) -> Filesystem:
    """Return the filesystem ``name``; raise KvmhaError unless its type is one of ``kinds``."""
    found = filesystem(spec, name)
    if found.type not in kinds:
        hint = f"{found.maker}.formatted is the state for it"
        raise KvmhaError(f"{name} is {found.type}, not {' or '.join(kinds)}", hint=hint)
    return found


def observe(runner: Runner, device: str) -> build.DiskSeen:
    """Return what ``device`` carries, and who uses it on this node. Changes nothing."""
    return build.DiskSeen(
        signatures=blockdev.probe(runner, device),
        size=blockdev.size(device),
        note=blockdev.read_note(device),
        in_use=blockdev.in_use(device),
    )


def carry_out(
    runner: Runner,
    todo: Plan,
    wanted: build.Wanted,
    seen: build.DiskSeen,
    mkfs: Sequence[str],
    *,
    is_there: Callable[[], bool],
) -> None:
    """Do what ``build.formatting.plan`` found; raise KvmhaError when it is not there then."""
    device = wanted.filesystem.device
    if any(change.action is not Action.DELETE for change in todo.changes):
        if seen.signatures:
            blockdev.wipe(runner, device, wanted.note)
        else:
            blockdev.write_note(device, wanted.note)
        runner.run(mkfs, timeout=3600)
        if not is_there():
            raise KvmhaError(
                f"{mkfs[0]} succeeded, but {device} does not carry what it should",
                hint="see the kernel's log for errors of the disk",
            )
    if todo:
        blockdev.erase_note(device)
