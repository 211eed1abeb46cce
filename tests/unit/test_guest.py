"""The heartbeat guest's bytes; tests/contract/test_guest_boots.py runs them."""

from __future__ import annotations

import pytest

from lab import guest


def test_the_image_is_one_bootable_sector():
    image = guest.boot_sector()
    assert len(image) == 512
    assert image[-2:] == b"\x55\xaa"
    assert not any(image[446:510]), "the place of the partition table stays empty"


def test_jumps_are_counted_from_the_next_instruction():
    code = [guest.Label("back"), b"\xeb", guest.To("on"), b"\x90", guest.Label("on")]
    assert guest.assemble(code) == b"\xeb\x01\x90"
    assert guest.assemble([guest.Label("back"), b"\xeb", guest.To("back")]) == b"\xeb\xfe"
    assert guest.assemble([b"\xbe", guest.To("x", 0), guest.Label("x")]) == b"\xbe\x03\x7c"


def test_a_jump_that_is_too_far_is_an_error():
    with pytest.raises(OverflowError):
        guest.assemble([b"\xeb", guest.To("far"), bytes(200), guest.Label("far")])


def test_a_record_is_read_from_sector_1():
    assert guest.read_record(bytes(512) + b"kvmha 0000000042 abcdefgh\n" + bytes(486)) == (
        guest.Record(42, "abcdefgh")
    )
    assert guest.read_record(bytes(1024)) is None


def test_the_image_is_written_where_it_is_asked_for(tmp_path):
    assert guest.main([str(tmp_path / "out.img")]) == 0
    assert (tmp_path / "out.img").read_bytes() == guest.boot_sector()
    assert guest.main([]) == 2
