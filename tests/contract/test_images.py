"""Disk images with the real qemu-img: whole or absent, never replaced."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import time

import pytest

from kvmha.documents.image import Image
from kvmha.errors import CommandFailed, KvmhaError
from kvmha.tools import images
from kvmha.tools.runner import Runner

MIB = 1024**2
OWNER = "ha-host1"


def qemu_img(*words) -> str:
    argv = ["qemu-img", *map(str, words)]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def make(path, **said):
    said = {"format": "raw", "size": 4 * MIB, "owner": OWNER} | said
    return images.create(Runner(), path, **said)


def contents(path, format):
    """Return what a guest would read."""
    raw = path.with_name("as-raw")
    qemu_img("convert", "-f", format, "-O", "raw", path, raw)
    return raw.read_bytes()


@pytest.fixture(name="source")
def raw_source(tmp_path):
    source = tmp_path / "source.raw"
    source.write_bytes(b"boot" + bytes(MIB) + b"middle" + bytes(MIB - 10))
    return source


def test_an_empty_raw_disk_is_sparse_and_private(tmp_path):
    disk = tmp_path / "vm" / "disk0.raw"
    assert make(disk, size=64 * MIB)
    assert images.inspect(disk) == Image("raw", 64 * MIB)
    assert disk.stat().st_blocks == 0
    assert stat.S_IMODE(disk.stat().st_mode) == 0o600
    assert [path.name for path in disk.parent.iterdir()] == ["disk0.raw"]


def test_qemu_img_agrees_on_format_and_size_of_a_qcow2_disk(tmp_path):
    disk = tmp_path / "disk0.qcow2"
    assert make(disk, format="qcow2", size=20 * 1024 * MIB)
    said = json.loads(qemu_img("info", "--output=json", disk))
    assert (said["format"], said["virtual-size"]) == ("qcow2", 20 * 1024 * MIB)
    assert images.inspect(disk) == Image("qcow2", 20 * 1024 * MIB)
    assert stat.S_IMODE(disk.stat().st_mode) == 0o600


@pytest.mark.parametrize("have", ["raw", "qcow2"])
@pytest.mark.parametrize("want", ["raw", "qcow2"])
def test_a_disk_is_filled_from_its_source_and_grown_to_its_size(tmp_path, source, have, want):
    given = source
    if have == "qcow2":
        given = tmp_path / "source.qcow2"
        qemu_img("convert", "-f", "raw", "-O", "qcow2", source, given)
    disk = tmp_path / f"disk0.{want}"
    assert make(disk, format=want, source=str(given))
    assert images.inspect(disk) == Image(want, 4 * MIB)
    assert contents(disk, want) == source.read_bytes().ljust(4 * MIB, b"\x00")


def test_raw_from_raw_starts_no_program_and_keeps_holes(tmp_path, source):
    runner = Runner()
    disk = tmp_path / "disk0.raw"
    assert images.create(runner, disk, format="raw", size=64 * MIB, source=str(source), owner=OWNER)
    assert runner.started == 0
    assert disk.stat().st_blocks * 512 <= source.stat().st_size


def test_an_existing_disk_is_never_replaced(tmp_path, source):
    disk = tmp_path / "disk0.raw"
    disk.write_text("precious")
    assert not make(disk, source=str(source))
    assert disk.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk0.raw", "source.raw"]


def test_a_source_that_does_not_fit_is_refused_before_anything_is_written(tmp_path, source):
    disk = tmp_path / "disk0.raw"
    with pytest.raises(KvmhaError, match=r"holds 2MiB, the disk only 1MiB \(hint: raise"):
        make(disk, size=MIB, source=str(source))
    assert [path.name for path in tmp_path.iterdir()] == ["source.raw"]


def test_a_missing_source_is_named(tmp_path):
    with pytest.raises(KvmhaError, match="source /nowhere is not on this node"):
        make(tmp_path / "disk0.raw", source="/nowhere")


def test_a_qemu_img_that_fails_leaves_nothing(tmp_path):
    broken = tmp_path / "broken.qcow2"
    broken.write_bytes(b"QFI\xfb" + (99).to_bytes(4, "big") + bytes(MIB))
    disk = tmp_path / "disk0.raw"
    with pytest.raises(CommandFailed, match="qemu-img convert"):
        make(disk, source=str(broken))
    assert [path.name for path in tmp_path.iterdir()] == ["broken.qcow2"]


def test_what_a_killed_run_left_is_found_and_what_others_work_on_is_not(tmp_path):
    mine = tmp_path / images.partial_name("disk0.raw", OWNER)
    theirs = tmp_path / images.partial_name("disk0.raw", "ha-host2")
    old = tmp_path / images.partial_name("disk1.raw", "ha-host3")
    write = tmp_path / ".web1.xml.abcd1234"
    for path in (mine, theirs, old, write, tmp_path / "disk0.raw", tmp_path / ".hidden"):
        path.touch()
    day = time.time() - 90_000
    for path in (old, write, tmp_path / ".hidden"):
        os.utime(path, (day, day))
    found = images.leftovers(tmp_path, owner=OWNER, xml="web1.xml")
    assert found == sorted(map(str, (mine, old, write)))


def test_a_half_made_disk_of_a_killed_run_does_not_stop_the_next(tmp_path):
    (tmp_path / images.partial_name("disk0.raw", OWNER)).write_text("half")
    assert make(tmp_path / "disk0.raw")
    assert (tmp_path / "disk0.raw").read_bytes() == bytes(4 * MIB)
    assert [path.name for path in tmp_path.iterdir()] == ["disk0.raw"]


def test_the_tail_of_a_log_is_its_size_and_last_whole_line(tmp_path):
    log = tmp_path / "serial.log"
    assert images.tail(log) == (0, "")
    log.write_text("0000000001 a\n0000000002 a\n00000")
    assert images.tail(log) == (31, "0000000002 a")
    log.write_text("x\n" * 5000)
    assert images.tail(log) == (10_000, "x")
