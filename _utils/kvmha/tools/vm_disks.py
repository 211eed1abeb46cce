"""A VM's volumes, devices, seed and installer on this node, and the record of what was done.

The record, ``disks.json`` beside the domain XML, is written before the first byte and after the
last, so that the next run knows a disk that a killed run left half-written from one in use.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kvmha import consent
from kvmha.build import domain_disks
from kvmha.documents import domain
from kvmha.errors import CommandFailed, KvmhaError
from kvmha.spec.model import ClusterSpec
from kvmha.spec.vm_disks import Disk
from kvmha.spec.vms import Vm
from kvmha.tools import blockdev, files, images
from kvmha.tools.libvirt import Libvirt
from kvmha.tools.runner import Runner
from kvmha.wait import eventually

_MAKERS = (("xorriso", "-as", "mkisofs"), ("genisoimage",), ("mkisofs",))
_EPOCH = "315532800"  # 1980: a medium is the same, whenever it is written


def observe(
    runner: Runner, spec: ClusterSpec, vm: Vm, texts: Mapping[str, str]
) -> domain_disks.Seen:
    """Return what there is of ``vm`` beside its image files. Changes nothing.

    ``texts`` are the files of its seed, fetched. The filesystem of ``vm`` has to be mounted.
    """
    record = _read(spec, vm)
    blocks = {
        disk.place: _look(runner, spec, vm, disk, record) for disk in domain_disks.block_disks(vm)
    }
    seed = Path(spec.folder_of(vm), domain_disks.SEED)
    return domain_disks.Seen(
        blocks=blocks,
        seed=record.get("seed", "") if seed.exists() else "",
        wanted_seed=domain_disks.digest(texts),
        install=record.get("install", ""),
    )


@contextmanager
def active(runner: Runner, volumes: Iterable[str]) -> Iterator[None]:
    """Hold ``volumes`` (``group/volume``) active, here alone, while they are written.

    Those that were active before stay so. Raises CommandFailed when another node has one.
    """
    ours: list[str] = []
    try:
        for volume in volumes:
            if not Path(f"/dev/{volume}").exists():
                runner.run(["lvchange", "--activate", "ey", volume])
                ours.append(volume)
        yield
    finally:
        for volume in ours:
            runner.run(["lvchange", "--activate", "n", volume])


def make_block(
    runner: Runner, spec: ClusterSpec, vm: Vm, disk: Disk, *, source: str, told: images.Told
) -> None:
    """Fill the volume or device ``disk`` from the file ``source``, or leave it empty.

    Nothing is done when the record says that it was done. Looks again at what it carries: it
    may not have been active when the plan was made. Raises Refused for content that nobody
    gave up, unless the record says that it is half of ours.
    """
    record, path = _read(spec, vm), domain_disks.path_of(spec, vm, disk)
    state = record.get("disks", {}).get(disk.place, {}).get("state", "")
    if disk.existing or state == domain_disks.FINISHED:
        return
    size, found = blockdev.size(path), blockdev.probe(runner, path)
    if size < disk.size:
        raise KvmhaError(f"{path} has {size} bytes, not {disk.size}", hint="is it the right one?")
    if state != domain_disks.STARTED:
        consent.refuse([consent.foreign(path, found, spec.consent.overwrite)])
    busy = blockdev.in_use(path)
    if busy:
        raise KvmhaError(f"{path} is {busy}", hint="stop what uses it, then run this again")
    _note(spec, vm, disk, domain_disks.STARTED)
    if found:
        blockdev.wipe(runner, path, f"disk of {vm.name}")
    if source:
        images.fill_device(runner, path, source, size=size, told=told)
    blockdev.erase_note(path)
    _note(spec, vm, disk, domain_disks.FINISHED)


def write_seed(runner: Runner, spec: ClusterSpec, vm: Vm, texts: Mapping[str, str]) -> None:
    """Make the seed of ``vm`` hold ``texts``, or take it away when there are none."""
    path = Path(spec.folder_of(vm), domain_disks.SEED)
    if texts:
        write_medium(runner, path, "cidata", texts)
    else:
        path.unlink(missing_ok=True)
    _write(spec, vm, _read(spec, vm) | {"seed": domain_disks.digest(texts)})


def write_medium(runner: Runner, path: Path, label: str, texts: Mapping[str, str]) -> None:
    """Write an ISO 9660 image with the files ``texts``, readable for root alone.

    The same texts give the same bytes with the same program: xorriso, genisoimage or mkisofs,
    whichever is there.
    """
    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder, "files")
        inside.mkdir()
        for name, text in texts.items():
            (inside / name).write_text(text, encoding="utf-8")
            os.utime(inside / name, (int(_EPOCH),) * 2)
        os.utime(inside, (int(_EPOCH),) * 2)
        made = Path(folder, "iso")
        _make_iso(runner, ["-quiet", "-o", str(made), "-V", label, "-J", "-r", str(inside)])
        files.write(path, made.read_bytes(), mode=0o600)


def note_install(spec: ClusterSpec, vm: Vm, state: str) -> None:
    """Record that the installer of ``vm`` was started, or has finished."""
    _write(spec, vm, _read(spec, vm) | {"install": state})


def install(
    runner: Runner, spec: ClusterSpec, vm: Vm, root: Any, *, told: Callable[[str], None]
) -> None:
    """Run the domain ``root`` on this node until it ends by itself, and record that.

    One that an earlier run started and that still runs is waited for. Raises TimedOut after
    ``install.timeout``; the installer goes on, the next run waits for it again. Raises
    KvmhaError when it ended and left the first disk empty.
    """
    libvirt = Libvirt(runner)
    if not _active(libvirt, vm.name):
        libvirt.create(domain.render(root))
    told(f"the installer of {vm.name} runs")

    def missing() -> str:
        return f"the installer of {vm.name} still runs" if _active(libvirt, vm.name) else ""

    seconds = eventually(missing, timeout=vm.install.timeout / 1000, interval=5)
    told(f"the installer of {vm.name} ended after {seconds:.0f} s")
    first = vm.disks[0]
    if first.format == "raw":
        head = blockdev.read(domain_disks.path_of(spec, vm, first), 0, blockdev.MIB)
        if head.count(0) == len(head):
            raise KvmhaError(
                f"the installer of {vm.name} ended and left {first.place} empty",
                hint="see what it said on its console; run this again to try once more",
            )
    note_install(spec, vm, domain_disks.FINISHED)


def _active(libvirt: Libvirt, name: str) -> bool:
    found = libvirt.domains().get(name)
    return found is not None and found.active


@contextmanager
def media(
    runner: Runner,
    spec: ClusterSpec,
    vm: Vm,
    fetched: Callable[[str], str],
    text: Callable[[str], str],
) -> Iterator[dict[str, str]]:
    """Yield the paths of what the installer of ``vm`` boots from, in the VM's folder.

    There QEMU may read them. They are gone afterwards; the medium's checksum is verified.
    """
    folder, said = Path(spec.folder_of(vm)), vm.install
    paths: dict[str, str] = {}
    try:
        for key in ("iso", "kernel", "initrd"):
            source = getattr(said, key)
            if source:
                local = fetched(source)
                if key == "iso" and said.checksum:
                    images.verify(local, said.checksum)
                paths[key] = str(folder / f"install.{key}")
                shutil.copyfile(local, paths[key])
        if said.answers:
            paths["answers"] = str(folder / domain_disks.ANSWERS)
            texts = {said.answers_file: text(said.answers)}
            write_medium(runner, Path(paths["answers"]), "OEMDRV", texts)
        yield paths
    finally:
        for path in paths.values():
            Path(path).unlink(missing_ok=True)


def _make_iso(runner: Runner, words: list[str]) -> None:
    for maker in _MAKERS:
        try:
            runner.run([*maker, *words], env={"SOURCE_DATE_EPOCH": _EPOCH}, timeout=300)
        except CommandFailed as error:
            if error.returncode != 127:
                raise
        else:
            return
    raise KvmhaError(
        "there is no program that writes ISO images on this node", hint="install xorriso"
    )


def _look(
    runner: Runner, spec: ClusterSpec, vm: Vm, disk: Disk, record: dict[str, Any]
) -> domain_disks.Block:
    path = domain_disks.path_of(spec, vm, disk)
    state = record.get("disks", {}).get(disk.place, {}).get("state", "")
    if disk.volume and not Path(path).exists():
        return domain_disks.Block(record=state)
    blockdev.require(path)
    settled = disk.existing or state == domain_disks.FINISHED
    found = () if settled else blockdev.probe(runner, path)
    return domain_disks.Block(blockdev.size(path), found, state)


def _note(spec: ClusterSpec, vm: Vm, disk: Disk, state: str) -> None:
    record = _read(spec, vm)
    said = {"state": state, "source": disk.source, "checksum": disk.checksum}
    record["disks"] = record.get("disks", {}) | {disk.place: said}
    _write(spec, vm, record)


def _record(spec: ClusterSpec, vm: Vm) -> Path:
    return Path(spec.folder_of(vm), domain_disks.RECORD)


def _read(spec: ClusterSpec, vm: Vm) -> dict[str, Any]:
    path = _record(spec, vm)
    text = files.read(path)
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        raise KvmhaError(
            f"{path} is no JSON: it says which disks of {vm.name} are written",
            hint="repair it, or delete it and say existing: true for disks in use",
        ) from None
    return dict(found)


def _write(spec: ClusterSpec, vm: Vm, record: dict[str, Any]) -> None:
    text = json.dumps(record, indent=1, sort_keys=True) + "\n"
    files.write(_record(spec, vm), text, mode=0o600)
