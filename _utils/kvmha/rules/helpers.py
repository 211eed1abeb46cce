"""What several rules need."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from kvmha.errors import Problem
from kvmha.spec.model import ClusterSpec


def repeated(items: Iterable[tuple[str, str, Any]], *, hint: str, code: str) -> Iterator[Problem]:
    """Yield a Problem for each value said before; an item is place, owner ('' for none), value."""
    first: dict[Any, str] = {}
    for place, owner, value in items:
        if value in first:
            yield Problem(place, f"{value} is already used by {first[value]}", hint, code)
        else:
            first[value] = f"'{owner}'" if owner else place


def known(word: str, names: Iterable[str]) -> str:
    """Return a hint about ``word``, which is none of ``names``: the nearest, or all of them."""
    listed = list(names)
    close = difflib.get_close_matches(word, listed, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(listed) or 'none'}"


def sbd_devices(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    """Yield place and path of every SBD device."""
    for index, device in enumerate(spec.fencing.disks):
        yield f"fencing.sbd.devices[{index}]", device


def filesystem_devices(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    """Yield place and path of every filesystem's device."""
    for index, filesystem in enumerate(spec.storage.filesystems):
        yield f"storage.filesystems[{index}].device", filesystem.device


def volume_group_devices(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    """Yield place and path of every disk of a volume group."""
    for i, group in enumerate(spec.storage.volume_groups):
        for j, device in enumerate(group.devices):
            yield f"storage.volume_groups[{i}].devices[{j}]", device


def vm_devices(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    """Yield place and path of every volume and device that a VM has for itself."""
    for i, vm in enumerate(spec.vms):
        for j, disk in enumerate(vm.disks):
            if disk.volume:
                yield f"vms[{i}].disks[{j}].volume", f"/dev/{disk.volume}"
            if disk.device:
                yield f"vms[{i}].disks[{j}].device", disk.device


def stored_on(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    """Yield place and path of everything that holds data: all that is not SBD's."""
    yield from filesystem_devices(spec)
    yield from volume_group_devices(spec)
    yield from vm_devices(spec)
