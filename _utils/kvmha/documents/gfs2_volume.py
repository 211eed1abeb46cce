"""What is on a disk that carries GFS2, read from its own structures (linux/gfs2_ondisk.h).

No program tells it of a volume that is mounted elsewhere without taking its locks. All numbers
are big-endian. mkfs.gfs2 writes the superblock at its very end, so a volume that has one is whole.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

SUPERBLOCK = 64 * 1024
LENGTH = 4096
_MAGIC = 0x01161970
_SB, _DINODE = 1, 4
_BLOCK_SIZE, _MASTER = 36, 56
_PROTOCOL, _TABLE, _UUID = 96, 160, 256
_ENTRIES, _HEADER, _DIRENT = 148, 232, 40

# Bytes of the disk: offset, length -> data.
Reader = Callable[[int, int], bytes]


@dataclass(frozen=True)
class Volume:
    """A GFS2 volume: its lock protocol and table (``cluster:name``), and its journals."""

    protocol: str
    table: str
    uuid: str
    journals: int


def read(reader: Reader) -> Volume | None:
    """Return the volume that ``reader`` reads; None where there is none.

    The journals are the entries of the folder ``jindex`` in the master folder, without the
    two that every folder has. Raises ValueError when the master folder cannot be read.
    """
    sb = reader(SUPERBLOCK, LENGTH)
    if len(sb) < LENGTH or struct.unpack_from(">II", sb) != (_MAGIC, _SB):
        return None
    (size,) = struct.unpack_from(">I", sb, _BLOCK_SIZE)
    (master,) = struct.unpack_from(">Q", sb, _MASTER)
    if size not in (512, 1024, 2048, 4096):
        raise ValueError(f"the superblock of GFS2 says blocks of {size} bytes")
    jindex = _entry(_inode(reader, master, size), b"jindex")
    (entries,) = struct.unpack_from(">I", _inode(reader, jindex, size), _ENTRIES)
    return Volume(
        protocol=_text(sb, _PROTOCOL),
        table=_text(sb, _TABLE),
        uuid=str(UUID(bytes=sb[_UUID : _UUID + 16])),
        journals=entries - 2,
    )


def _inode(reader: Reader, block: int, size: int) -> bytes:
    # A disk is read in pages.
    start = block * size
    page = start // LENGTH * LENGTH
    data = reader(page, LENGTH)[start - page : start - page + size]
    if len(data) < size or struct.unpack_from(">II", data) != (_MAGIC, _DINODE):
        raise ValueError(f"block {block} of GFS2 holds no inode")
    return data


def _entry(folder: bytes, name: bytes) -> int:
    """Return the block of the file ``name`` in a folder whose entries are in its inode."""
    at = _HEADER
    while at + _DIRENT <= len(folder):
        _, block, _, length, name_length = struct.unpack_from(">QQIHH", folder, at)
        if block and folder[at + _DIRENT : at + _DIRENT + name_length] == name:
            return int(block)
        if not length:
            break
        at += length
    raise ValueError(f"the master folder of GFS2 has no {name.decode()}")


def _text(data: bytes, at: int) -> str:
    return data[at : at + 64].split(b"\0", 1)[0].decode(errors="replace")
