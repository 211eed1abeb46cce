"""What is on a disk is seen, by wipefs and by our own eyes; an emptied disk is empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvmha.errors import KvmhaError
from kvmha.tools import blockdev
from kvmha.tools.runner import Runner
from tests.contract import disks

pytestmark = pytest.mark.usefixtures("_programs")


@pytest.fixture(scope="session")
def _programs():
    disks.needs("wipefs", "losetup", "mkfs.ext4", "mkswap", "pvcreate", "mkfs.ocfs2")


@pytest.fixture
def disk(tmp_path):
    return disks.sparse(tmp_path / "disk")


def test_a_blank_disk_carries_nothing_and_costs_one_program(disk):
    runner = Runner()
    assert blockdev.probe(runner, disk) == ()
    assert runner.started == 1


@pytest.mark.parametrize(("make", "words"), disks.FOREIGN.items(), ids=disks.name)
def test_what_others_put_on_a_disk_is_seen(disk, make, words):
    make(disk)
    assert words in ", ".join(map(str, blockdev.probe(Runner(), disk)))


def test_several_signatures_are_all_told(disk):
    disks.mbr(disk)
    disks.swap(disk)
    disks.write(disk, 510, b"\x55\xaa")
    assert {item.type for item in blockdev.probe(Runner(), disk)} >= {"swap"}


@pytest.mark.parametrize("make", disks.FOREIGN)
def test_looking_changes_nothing(disk, make):
    make(disk)
    before = disks.read(disk)
    blockdev.probe(Runner(), disk)
    assert disks.read(disk) == before


@pytest.mark.parametrize("make", disks.FOREIGN)
def test_a_wiped_disk_carries_only_our_note(disk, make):
    make(disk)
    blockdev.wipe(Runner(), disk, "testing")
    assert blockdev.probe(Runner(), disk) == ()
    assert blockdev.read_note(disk) == "testing"
    blockdev.erase_note(disk)
    assert blockdev.read_note(disk) == ""
    assert blockdev.probe(Runner(), disk) == ()


def test_the_note_of_somebody_else_is_content(disk):
    disks.write(disk, Path(disk).stat().st_size - 4096, b"other: note")
    assert blockdev.read_note(disk) == ""
    assert [item.type for item in blockdev.probe(Runner(), disk)] == ["unknown data"]


def test_disks_of_odd_sizes_are_read_to_their_end(tmp_path):
    odd = disks.sparse(tmp_path / "odd", 3 * disks.MIB + 512)
    assert blockdev.size(odd) == 3 * disks.MIB + 512
    disks.write(odd, 3 * disks.MIB + 511, b"x")
    assert [item.type for item in blockdev.probe(Runner(), odd)] == ["unknown data"]


def test_a_disk_that_is_missing_says_what_to_look_at(tmp_path):
    with pytest.raises(KvmhaError, match=r"no such device on this node .*multipath"):
        blockdev.probe(Runner(), str(tmp_path / "none"))


def test_a_folder_is_no_disk(tmp_path):
    with pytest.raises(KvmhaError, match="no block device"):
        blockdev.probe(Runner(), str(tmp_path))


def test_a_mounted_device_is_in_use_and_not_wiped(disk, tmp_path):
    disks.ext4(disk)
    with disks.loop(disk) as device:
        assert blockdev.in_use(device) == ""
        point = tmp_path / "mnt"
        point.mkdir()
        disks.run("mount", "-t", "ext4", device, str(point))
        try:
            assert blockdev.in_use(device) == f"mounted at {point}"
            with pytest.raises(KvmhaError, match="mounted at"):
                blockdev.wipe(Runner(), device, "testing")
        finally:
            disks.run("umount", str(point))
        assert [item.type for item in blockdev.probe(Runner(), device)] == ["ext4"]


def test_what_another_opener_wrote_past_the_cache_is_seen(disk):
    """A second host writes below our page cache; here the file below a loop device is it."""
    with disks.loop(disk) as device, Path(device).open("rb") as held:
        assert held.read(512) == bytes(512)
        disks.write(disk, 0, b"SBD_SBD_")
        assert blockdev.read(device, 0, 8) == b"SBD_SBD_"
