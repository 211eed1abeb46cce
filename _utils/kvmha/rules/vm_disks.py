"""Rules for what a virtual machine's disks stand on, and what they are filled from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.registry import rule
from kvmha.spec.model import ClusterSpec
from kvmha.spec.vm_disks import Disk
from kvmha.spec.vms import Vm

_CHECKSUM = re.compile(r"(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\Z", re.IGNORECASE)
_REACHABLE = ("salt://", "http://", "https://", "/")
OURS = ("serial.log", "monitor", "disks.json", "seed.iso", "answers.iso")


@rule("vms[].disks[].file", "vms[].disks[].volume", "vms[].disks[].device")
def disks_have_one_place(spec: ClusterSpec) -> Iterator[Problem]:
    """Want each disk to be one of a file, a volume and a device."""
    for place, _, disk in _disks(spec):
        said = [key for key in ("file", "volume", "device") if getattr(disk, key)]
        if len(said) != 1:
            message = f"says {' and '.join(said)}" if said else "says not where it is"
            yield Problem(place, message, "one of file, volume, device", "DISK_PLACE")


@rule("storage.filesystems[].mount")
def disk_files_stay_inside(spec: ClusterSpec) -> Iterator[Problem]:
    """Keep disks below the VM's folder or its filesystem, and off the files that we put there."""
    for place, vm, disk in _disks(spec):
        filesystem = spec.filesystem_of(vm)
        mount = f"{filesystem.mount}/" if filesystem else "/"
        inside = disk.file.removeprefix(mount) if disk.file.startswith(mount) else disk.file
        parts = inside.split("/")
        if disk.file and (".." in parts or "" in parts):
            message = f"{disk.file!r} leaves the VM's folder"
            hint = f"a relative path without '..', or one below {mount}"
            yield Problem(f"{place}.file", message, hint, "DISK_OUTSIDE")
        elif disk.file in (f"{vm.name}.xml", *OURS):
            message = f"{disk.file} is a file of ours in the VM's folder"
            yield Problem(f"{place}.file", message, "for example disk0.raw", "DISK_RESERVED")


@rule()
def disk_files_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a file per disk: QEMU refuses to open one twice for writing."""
    first: dict[tuple[str, str], str] = {}
    for place, _, disk in _disks(spec):
        key = ("" if disk.file.startswith("/") else place.partition(".")[0], disk.file)
        if disk.file and key in first:
            message = f"{disk.file} is already used by {first[key]}"
            hint = "give every disk its own file"
            yield Problem(f"{place}.file", message, hint, "DISK_DUPLICATE")
        first.setdefault(key, f"{place}.file")


@rule("vms[].disks[].format")
def block_disks_are_raw(spec: ClusterSpec) -> Iterator[Problem]:
    """Want volumes and devices raw: QEMU does not grow a qcow2 beyond the device below it."""
    for place, _, disk in _disks(spec):
        if disk.is_block and disk.format != "raw":
            message = f"{disk.place} cannot be {disk.format}"
            hint = "leave format out; a qcow2 source is converted"
            yield Problem(f"{place}.format", message, hint, "BLOCK_NOT_RAW")


@rule("vms[].disks[].source")
def disk_sources_are_reachable(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a source that a node can fetch: ``salt://``, ``http(s)://`` or a path on the node."""
    sources = [(f"{place}.source", disk.source) for place, _, disk in _disks(spec)]
    for i, vm in enumerate(spec.vms):
        for key in ("iso", "kernel", "initrd"):
            sources.append((f"vms[{i}].install.{key}", getattr(vm.install, key)))
    for place, source in sources:
        if source and not source.startswith(_REACHABLE):
            message = f"{source!r} is neither salt://, http(s):// nor an absolute path"
            yield Problem(place, message, "for example salt://images/leap.raw", "DISK_SOURCE")


@rule("vms[].disks[].source", "vms[].install.iso")
def checksums_belong_to_a_source(spec: ClusterSpec) -> Iterator[Problem]:
    """Want ``sha256:`` or ``sha512:`` with all its digits, beside the image that it is of."""
    said = [(f"{place}.checksum", disk.checksum, disk.source) for place, _, disk in _disks(spec)]
    said += [
        (f"vms[{i}].install.checksum", vm.install.checksum, vm.install.iso)
        for i, vm in enumerate(spec.vms)
    ]
    for place, checksum, source in said:
        if checksum and not _CHECKSUM.match(checksum):
            message = f"{checksum!r} is no checksum"
            yield Problem(place, message, "sha256: and 64 hexadecimal digits", "BAD_CHECKSUM")
        elif checksum and not source:
            message = "there is no image that it could be of"
            yield Problem(place, message, "name the source, or take it out", "CHECKSUM_ALONE")


@rule("vms[].disks[].source", "vms[].disks[].existing")
def existing_disks_are_not_filled(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse ``existing`` for a file, which is kept anyway, and beside a source."""
    for place, _, disk in _disks(spec):
        if disk.existing and disk.file:
            message = "an existing file is always kept"
            yield Problem(f"{place}.existing", message, "take it out", "EXISTING_FILE")
        elif disk.existing and disk.source:
            message = "what is on it would be replaced by the source"
            yield Problem(f"{place}.existing", message, "take one of them out", "EXISTING_FILLED")


@rule("vms[].install", "vms[].disks")
def installers_are_complete(spec: ClusterSpec) -> Iterator[Problem]:
    """Want one medium, an ``iso`` or ``kernel`` with ``initrd``, and a disk to install on."""
    for i, vm in enumerate(spec.vms):
        said, place = vm.install, f"vms[{i}].install"
        if said.iso and said.kernel:
            hint = "name iso, or kernel and initrd"
            yield Problem(place, "there are two installers", hint, "INSTALL_TWICE")
        elif said.kernel and not said.initrd:
            yield Problem(place, "the kernel has no initrd", "name it", "INSTALL_INITRD")
        elif not said.is_wanted and (said.initrd or said.cmdline or said.answers):
            hint = "name iso, or kernel and initrd"
            yield Problem(place, "there is no installer", hint, "INSTALL_NOTHING")
        elif said.is_wanted and not vm.disks:
            message = f"'{vm.name}' has no disk to install on"
            yield Problem(place, message, "name one under disks", "INSTALL_DISKLESS")


def _disks(spec: ClusterSpec) -> Iterator[tuple[str, Vm, Disk]]:
    for i, vm in enumerate(spec.vms):
        for j, disk in enumerate(vm.disks):
            yield f"vms[{i}].disks[{j}]", vm, disk
