"""The disks of a VM: what they become in its domain XML, and what has to be done to them.

What was begun on a volume or device, and what was finished, is kept in ``disks.json`` beside the
domain XML, since a device, unlike a file, cannot be made under another name first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kvmha import consent, values
from kvmha.consent import Signature
from kvmha.documents import domain
from kvmha.errors import KvmhaError
from kvmha.plan import Action, Change
from kvmha.spec.model import ClusterSpec
from kvmha.spec.vm_disks import Disk
from kvmha.spec.vms import Vm

RECORD, SEED, ANSWERS = "disks.json", "seed.iso", "answers.iso"
STARTED, FINISHED = "started", "finished"
_PREFIX = {"virtio": "vd", "scsi": "sd", "sata": "sd", "ide": "hd"}
# Letters for media, from the end of the first SATA controller: disks come from the front.
_MEDIA = "fedcbaghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Block:
    """What was seen of a volume or device: its size, what it carries, what the record says.

    A volume that is not active here has the size 0: nothing else is known of it.
    """

    size: int = 0
    found: tuple[Signature, ...] = ()
    record: str = ""


@dataclass(frozen=True)
class Seen:
    """What was seen of a VM's disks beside its image files.

    ``blocks`` by the disks' place; ``seed`` and ``wanted_seed`` are digests, empty for none;
    ``install`` is what the record says of the installer.
    """

    blocks: Mapping[str, Block] = field(default_factory=dict)
    seed: str = ""
    wanted_seed: str = ""
    install: str = ""


def path_of(spec: ClusterSpec, vm: Vm, disk: Disk) -> str:
    """Return the path of ``disk`` on a node."""
    if disk.volume:
        return f"/dev/{disk.volume}"
    if disk.device or disk.file.startswith("/"):
        return disk.device or disk.file
    return f"{spec.folder_of(vm)}/{disk.file}"


def file_disks(vm: Vm) -> list[Disk]:
    """Return the disks of ``vm`` that are files."""
    return [disk for disk in vm.disks if not disk.is_block]


def block_disks(vm: Vm) -> list[Disk]:
    """Return the disks of ``vm`` that are volumes or devices."""
    return [disk for disk in vm.disks if disk.is_block]


def unwritten(vm: Vm, seen: Seen) -> list[Disk]:
    """Return the volumes and devices of ``vm`` that are still to be written."""
    return [
        disk
        for disk in block_disks(vm)
        if not disk.existing and seen.blocks.get(disk.place, Block()).record != FINISHED
    ]


def seed_texts(vm: Vm) -> dict[str, str]:
    """Return the files of the NoCloud seed as the pillar says them; none when there is no seed.

    Source: cloud-init's documentation of the NoCloud datasource: ``user-data`` and
    ``meta-data`` have to be there, ``network-config`` may.
    """
    said = vm.seed
    if not (said.user_data or said.meta_data or said.network_config):
        return {}
    meta = said.meta_data or f"instance-id: {vm.name}\nlocal-hostname: {vm.name}\n"
    texts = {"user-data": said.user_data or "#cloud-config\n", "meta-data": meta}
    return texts | ({"network-config": said.network_config} if said.network_config else {})


def digest(texts: Mapping[str, str]) -> str:
    """Return the SHA-256 of the files of a seed, empty when there are none."""
    if not texts:
        return ""
    return hashlib.sha256(json.dumps(dict(texts), sort_keys=True).encode()).hexdigest()


def add(devices: Any, spec: ClusterSpec, vm: Vm) -> None:
    """Add the disks of ``vm``, and its seed, to ``devices``."""
    counts: dict[str, int] = {}
    for disk in vm.disks:
        prefix = _PREFIX[disk.bus]
        letter = chr(ord("a") + counts.get(prefix, 0))
        counts[prefix] = counts.get(prefix, 0) + 1
        kind, source = ("block", "dev") if disk.is_block else ("file", "file")
        element = domain.add(devices, "disk", type=kind, device="disk")
        # The page cache of one node must never hold what another one has to read.
        domain.add(element, "driver", name="qemu", type=disk.format, cache="none")
        domain.add(element, "source", **{source: path_of(spec, vm, disk)})
        domain.add(element, "target", dev=f"{prefix}{letter}", bus=disk.bus)
    if any(disk.bus == "scsi" for disk in vm.disks):
        domain.add(devices, "controller", type="scsi", index="0", model="virtio-scsi")
    if seed_texts(vm):
        add_medium(devices, f"{spec.folder_of(vm)}/{SEED}")


def add_medium(devices: Any, path: str) -> Any:
    """Add a read-only medium to ``devices``; return its element."""
    used = {target.get("dev") for target in devices.iterfind("disk/target")}
    letter = next(each for each in _MEDIA if f"sd{each}" not in used)
    element = domain.add(devices, "disk", type="file", device="cdrom")
    domain.add(element, "driver", name="qemu", type="raw")
    domain.add(element, "source", file=path)
    domain.add(element, "target", dev=f"sd{letter}", bus="sata")
    domain.add(element, "readonly")
    return element


def install_root(root: Any, vm: Vm, paths: Mapping[str, str]) -> Any:
    """Turn ``root``, the domain XML of ``vm``, into that of its installer; return it.

    ``paths`` has ``iso``, or ``kernel`` and ``initrd``, and perhaps ``answers``. The domain
    ends with the installer's first restart: the installed system is the cluster's to start.
    It boots in the place of whatever the VM's own domain says.
    """
    for said in root.xpath("on_reboot | os/boot | os/kernel | os/initrd | os/cmdline | */*/boot"):
        said.getparent().remove(said)
    domain.add(root, "on_reboot", "destroy")
    devices = root.find("devices")
    if "kernel" in paths:
        system = root.find("os")
        for tag in ("kernel", "initrd"):
            domain.add(system, tag, paths[tag])
        if vm.install.cmdline:
            domain.add(system, "cmdline", vm.install.cmdline)
    if "iso" in paths:
        domain.add(add_medium(devices, paths["iso"]), "boot", order="1")
    if "answers" in paths:
        add_medium(devices, paths["answers"])
    return root


def changes(
    spec: ClusterSpec, vm: Vm, seen: Seen, notes: list[str], *, files: bool
) -> list[Change]:
    """Return what has to be done to the volumes, devices, seed and by the installer of ``vm``.

    ``files`` tells whether any of its image files is there. Raises Refused for a device with
    content that nobody gave up, KvmhaError for one that is too small.
    """
    refused: list[str] = []
    found = []
    for disk in block_disks(vm):
        block = seen.blocks.get(disk.place, Block())
        if block.record != FINISHED:
            found += _block_change(spec, vm, disk, block, notes=notes, refused=refused)
    consent.refuse(refused)
    if installs(vm, seen, files=files):
        medium = vm.install.iso or vm.install.kernel
        limit = values.duration(vm.install.timeout)
        said = f"run {medium} until it ends, within {limit}"
        found.append(Change(Action.RUN, f"domain:{vm.name}:install", None, said))
    elif vm.install.is_wanted and seen.install != FINISHED:
        notes.append(f"{vm.name}: its disks were there before: nothing is installed on them")
    if seen.seed != seen.wanted_seed:
        found.append(_seed_change(vm, seen))
    return found


def installs(vm: Vm, seen: Seen, *, files: bool) -> bool:
    """Tell whether the installer has to run: all disks are new, or it was begun and cut short."""
    known = files or any(
        block.record == FINISHED or disk.existing
        for disk in block_disks(vm)
        for block in [seen.blocks.get(disk.place, Block())]
    )
    if not vm.install.is_wanted or seen.install == FINISHED:
        return False
    return seen.install == STARTED or not known


def _block_change(
    spec: ClusterSpec,
    vm: Vm,
    disk: Disk,
    block: Block,
    *,
    notes: list[str],
    refused: list[str],
) -> list[Change]:
    path = path_of(spec, vm, disk)
    kind = "volume" if disk.volume else "device"
    address = f"domain:{vm.name}:{kind}[{disk.place}]"
    if block.size and block.size < disk.size:
        have, want = values.size(block.size), values.size(disk.size)
        raise KvmhaError(f"{path} has {have}, not {want}", hint=f"is it the right {kind}?")
    if disk.existing:
        if disk.volume and not block.size:
            notes.append(f"{path} is not active here: taken as it is")
        return []
    if not block.size:
        notes.append(f"{path} is not seen here yet: what it carries is looked at before writing")
    found = () if block.record == STARTED else block.found
    if block.record == STARTED:
        notes.append(f"{path}: an earlier run was cut short: begun again")
    reason = consent.foreign(path, found, spec.consent.overwrite)
    refused.append(f"{reason} (existing: true would keep that)" if reason else "")
    said = f"from {disk.source}" if disk.source else "empty"
    old = consent.described(found) or None
    action = Action.UPDATE if found else Action.CREATE
    return [Change(action, address, old, said, consent.cost(found))]


def _seed_change(vm: Vm, seen: Seen) -> Change:
    old, new = (f"seed {each[:8]}" if each else None for each in (seen.seed, seen.wanted_seed))
    action = Action.CREATE if not old else Action.UPDATE if new else Action.DELETE
    return Change(action, f"domain:{vm.name}:seed", old, new)
