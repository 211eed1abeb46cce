"""The smallest guest whose life, death and double life can be seen: one boot sector.

Once a second it counts, writes the count to sector 1 of its disk and then, so that what it
said is what is on disk, to its first serial line::

    boot kvmha 0000000000 abcdefgh      started; went on from this record (all zeros: a new disk)
    0000000001 hkbmpoia                 count and the eight letters of this start
    conflict kvmha 0000000007 mcmfaopn  somebody else wrote the disk since our last count
    disk error                          the disk did not answer; the count stands still

It goes on from the count it finds, so the count never falls over a failover. It switches
itself off when the power button is pressed, as ``virsh shutdown`` does. ``python -m lab.guest
OUT`` writes the image; give the disk a mebibyte, the rest of it stays empty.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512
ORIGIN = 0x7C00  # where a BIOS loads and starts the boot sector
OWN = 0x7E00  # our record, one sector
FOUND = 0x8000  # the record read back, one sector

MAGIC = b"kvmha "
BLANK = MAGIC + b"0000000000 aaaaaaaa\n"
LAST_DIGIT = len(MAGIC) + 9
LETTERS = len(MAGIC) + 11

_RECORD = re.compile(rb"kvmha (\d{10}) ([a-p]{8})\n")


@dataclass(frozen=True)
class Record:
    """What the guest last wrote on its disk: the count, and the letters of that start."""

    count: int
    start: str


def read_record(image: bytes) -> Record | None:
    """Return the record in sector 1 of ``image``, or None when no guest wrote one yet."""
    match = _RECORD.match(image[SECTOR : 2 * SECTOR])
    return Record(int(match.group(1)), match.group(2).decode()) if match else None


@dataclass(frozen=True)
class Label:
    """A name for the place where it stands."""

    name: str


@dataclass(frozen=True)
class To:
    """The place called ``name``: ``size`` 1 or 2 is relative to what follows, 0 absolute."""

    name: str
    size: int = 1


Code = Iterable["bytes | Label | To"]


def assemble(code: Code, origin: int = ORIGIN) -> bytes:
    """Return the machine code, with every To replaced by the place of its Label."""
    parts = list(code)
    places: dict[str, int] = {}
    at = origin
    for part in parts:
        if isinstance(part, Label):
            places[part.name] = at
        else:
            at += (part.size or 2) if isinstance(part, To) else len(part)
    out = bytearray()
    for part in parts:
        if isinstance(part, To):
            size = part.size or 2
            base = origin + len(out) + size if part.size else 0
            signed = bool(part.size)
            out += (places[part.name] - base).to_bytes(size, "little", signed=signed)
        elif isinstance(part, bytes):
            out += part
    return bytes(out)


def _word(value: int) -> bytes:
    return value.to_bytes(2, "little")


def _call(name: str) -> list[bytes | To]:
    return [b"\xe8", To(name, 2)]


def _say(name: str) -> list[bytes | To]:
    return [b"\xbe", To(name, 0), *_call("print")]  # mov si, name; call print


def _say_at(address: int) -> list[bytes | To]:
    return [b"\xbe" + _word(address), *_call("print")]


def _start() -> list[bytes | Label | To]:
    return [
        b"\xfa\x31\xc0\x8e\xd8\x8e\xc0\x8e\xd0",  # cli; ds = es = ss = 0
        b"\xbc" + _word(ORIGIN) + b"\xfb\xfc",  # mov sp, ORIGIN; sti; cld
        b"\x88\x16", To("drive", 0),  # mov [drive], dl: the BIOS says where it booted from
        b"\xb8\xe3\x00\x31\xd2\xcd\x14",  # int 14h: COM1 is 9600 8N1
        b"\xba\x02\x06\xb8\x00\x01\xef",  # out 602h, 100h: PM1_EN, notice the power button
        b"\xbf" + _word(OWN) + b"\xb9\x00\x01\x31\xc0\xf3\xab",  # clear our sector
        b"\xbe", To("blank", 0), b"\xbf" + _word(OWN),
        b"\xb9" + _word(len(BLANK)) + b"\xf3\xa4",  # copy the blank record there
        b"\xbf" + _word(OWN + LETTERS) + b"\xb9\x08\x00\x0f\x31",  # rdtsc: chance enough
        Label("letter"),
        b"\x66\xc1\xc0\x04\x88\xc3\x80\xe3\x0f",  # rol eax, 4; bl = al & 15
        b"\x80\xc3\x61\x88\x1d\x47\xe2", To("letter"),  # [di++] = 'a' + bl; loop
        *_call("read"),
        b"\x72", To("new"),  # jc: cannot be read
        b"\xbe" + _word(OWN) + b"\xbf" + _word(FOUND),
        b"\xb9" + _word(len(MAGIC)) + b"\xf3\xa6\x75", To("new"),  # repe cmpsb; jne: no record
        b"\xbe" + _word(FOUND + len(MAGIC)) + b"\xbf" + _word(OWN + len(MAGIC)),
        b"\xb9\x0a\x00\xf3\xa4",  # go on from the ten digits that are there
        Label("new"),
        *_say("boot"),
        *_say_at(OWN),
    ]  # fmt: skip


def _loop() -> list[bytes | Label | To]:
    return [
        Label("advance"),
        b"\xbf" + _word(OWN + LAST_DIGIT),
        Label("carry"),
        b"\xfe\x05\x80\x3d\x3a\x72", To("store"),  # inc byte [di]; below '9' + 1: done
        b"\xc6\x05\x30\x4f\xeb", To("carry"),  # [di] = '0'; dec di; carry on
        Label("store"),
        *_call("write"),
        b"\x73", To("stored"),
        *_say("error"),
        *_call("second"),
        b"\xeb", To("store"),
        Label("stored"),
        *_say_at(OWN + len(MAGIC)),
        Label("check"),
        *_call("second"),
        *_call("read"),
        b"\x73", To("compare"),
        *_say("error"),
        b"\xeb", To("check"),
        Label("compare"),
        b"\xbe" + _word(OWN) + b"\xbf" + _word(FOUND),
        b"\xb9" + _word(len(BLANK)) + b"\xf3\xa6\x74", To("advance"),  # what we wrote is there
        *_say("conflict"),
        b"\xc6\x06" + _word(FOUND + len(BLANK)) + b"\x00",  # whatever it is, it ends
        *_say_at(FOUND),
        b"\xeb", To("advance"),
    ]  # fmt: skip


def _routines() -> list[bytes | Label | To]:
    return [
        Label("second"),  # wait 18 ticks of 55 ms; bx and ax are lost
        b"\x8b\x1e\x6c\x04",  # mov bx, [46Ch]: the BIOS's ticks
        Label("tick"),
        b"\xf4\xba\x00\x06\xed\xf6\xc4\x01\x75", To("off"),  # hlt; PM1_STS: power button?
        b"\xa1\x6c\x04\x29\xd8\x3d\x12\x00\x72", To("tick"),
        b"\xc3",
        Label("off"),
        b"\xba\x04\x06\xb8\x00\x20\xef",  # out 604h, 2000h: PM1_CNT, soft off
        b"\xeb", To("off"),
        Label("read"),
        b"\xb8\x01\x02\xbb" + _word(FOUND) + b"\xeb", To("disk"),
        Label("write"),
        b"\xb8\x01\x03\xbb" + _word(OWN),
        Label("disk"),  # one sector: cylinder 0, head 0, sector 2; carry is set on failure
        b"\xb9\x02\x00\xb6\x00\x8a\x16", To("drive", 0), b"\xcd\x13\xc3",
        Label("print"),  # the text at si, to COM1, up to a zero
        b"\xac\x84\xc0\x74", To("printed"),
        b"\x88\xc4\xba\xfd\x03",
        Label("busy"),
        b"\xec\xa8\x20\x74", To("busy"),
        b"\x88\xe0\xba\xf8\x03\xee\xeb", To("print"),
        Label("printed"),
        b"\xc3",
        Label("blank"), BLANK,
        Label("boot"), b"boot \x00",
        Label("conflict"), b"conflict \x00",
        Label("error"), b"disk error\n\x00",
        Label("drive"), b"\x00",
    ]  # fmt: skip


def boot_sector() -> bytes:
    """Return the 512 bytes of the guest."""
    code = assemble([*_start(), *_loop(), *_routines()])
    return code.ljust(SECTOR - 2, b"\x00") + b"\x55\xaa"


def main(argv: list[str]) -> int:
    """Write the image to the path in ``argv``; return the exit code."""
    if len(argv) != 1:
        print("usage: python -m lab.guest OUT", file=sys.stderr)
        return 2
    Path(argv[0]).write_bytes(boot_sector())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
