"""The header and the slots that SBD keeps at the start of a disk.

Read from the bytes themselves: ``sbd dump`` and ``sbd list`` say the same, but they need sbd
installed, start a real-time process for every look, and take no file in place of a disk.
Layout: ``struct sector_header_s`` and its neighbours in sbd's src/sbd.h, big endian; sector 0
is the header, then slot and mailbox alternate.
"""

from __future__ import annotations

import struct
import uuid
from dataclasses import dataclass

MAGIC = b"SBD_SBD_"
MESSAGES = ("clear", "test", "reset", "off", "exit", "crashdump")
_HEADER = struct.Struct(">8sBBxxIIIIIB16s")
_SLOT = struct.Struct(">B64s")


@dataclass(frozen=True)
class Timeouts:
    """The timeouts that a header carries, in seconds."""

    watchdog: int
    msgwait: int
    allocate: int = 2
    loop: int = 1

    def __str__(self) -> str:
        said = f"watchdog {self.watchdog}s, msgwait {self.msgwait}s"
        if (self.allocate, self.loop) != (2, 1):
            said += f", allocate {self.allocate}s, loop {self.loop}s"
        return said


@dataclass(frozen=True)
class Header:
    """A header; ``uuid`` is empty before version 2.1."""

    timeouts: Timeouts
    slots: int
    sector_size: int
    uuid: str

    @property
    def length(self) -> int:
        """Bytes of the disk that header and slots take."""
        return (1 + 2 * self.slots) * self.sector_size


def parse(data: bytes) -> Header | None:
    """Return the header that ``data``, the first sector of a disk, holds; None if it is none."""
    if len(data) < _HEADER.size or not data.startswith(MAGIC):
        return None
    _, version, slots, sector, watchdog, allocate, loop, msgwait, minor, name = _HEADER.unpack(
        data[: _HEADER.size]
    )
    if version != 2 or sector not in (512, 1024, 2048, 4096):
        return None
    return Header(
        Timeouts(watchdog, msgwait, allocate, loop),
        slots,
        sector,
        str(uuid.UUID(bytes=name)) if minor > 0 else "",
    )


def parse_slots(data: bytes, header: Header) -> dict[str, str]:
    """Return node -> message for every slot in use; ``data`` is ``header.length`` bytes.

    ``clear`` is what a node that runs undisturbed has; an unknown message is its number.
    """
    found = {}
    for index in range(header.slots):
        start = (1 + 2 * index) * header.sector_size
        if start + header.sector_size >= len(data):
            break
        in_use, name = _SLOT.unpack_from(data, start)
        if in_use == 1:
            command = data[start + header.sector_size]
            message = MESSAGES[command] if command < len(MESSAGES) else str(command)
            found[name.split(b"\0")[0].decode(errors="replace")] = message
    return found
