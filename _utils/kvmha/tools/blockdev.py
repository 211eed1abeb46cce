"""Block devices: what they carry, who uses them, and emptying one that may be emptied.

Everything works on regular files as well. Reads bypass the page cache: on a shared disk that
cache may hold what another host has overwritten since.
"""

from __future__ import annotations

import errno
import json
import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kvmha.consent import UNKNOWN, Signature
from kvmha.documents import sbd_header
from kvmha.errors import KvmhaError
from kvmha.tools import files
from kvmha.tools.runner import Runner

MIB = 1024 * 1024
PAGE = 4096
TAIL = 64 * 1024
NOTE_PREFIX = b"kvmha: "


def probe(runner: Runner, path: str) -> tuple[Signature, ...]:
    """Return everything that ``path`` carries; empty means that it is blank.

    Asks wipefs, which knows filesystems, RAID, LVM and partition tables, and lists all of
    them where blkid gives up at two; looks itself for an SBD header, which wipefs does not
    know. Where both find nothing, bytes other than zero in the first MiB or the last 64 KiB
    count as unknown data. A note of ours (``read_note``) is no content. Changes nothing.
    """
    require(path)
    head = read(path, 0, MIB)
    header = sbd_header.parse(head)
    if header:
        return (Signature("sbd", uuid=header.uuid),)
    listed = runner.run(["wipefs", "--json", "--no-act", path]).stdout
    found = (json.loads(listed) if listed.strip() else {}).get("signatures") or ()
    known = tuple(_signature(item) for item in found)
    if known:
        return known
    return (Signature(UNKNOWN),) if _holds_data(head) or _tail_holds_data(path) else ()


def require(path: str) -> None:
    """Raise KvmhaError unless ``path`` is a block device or a regular file."""
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        raise KvmhaError(
            f"{path}: there is no such device on this node",
            hint="is the SAN attached (multipath -ll, iscsiadm -m session), is the name right?",
        ) from None
    if not (stat.S_ISBLK(mode) or stat.S_ISREG(mode)):
        raise KvmhaError(f"{path}: this is no block device", hint="name a disk or a partition")


def size(path: str) -> int:
    """Return the size in bytes."""
    with _opened(path, os.O_RDONLY) as fd:
        return os.lseek(fd, 0, os.SEEK_END)


def read(path: str, offset: int, length: int) -> bytes:
    """Return ``length`` bytes at ``offset`` as the disk has them now; fewer at its end.

    ``offset`` must be a multiple of 4096. Where the page cache cannot be bypassed (some
    filesystems below a regular file), it is read through it.
    """
    flags = os.O_RDONLY | os.O_DIRECT
    try:
        return _read(path, offset, length, flags)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise KvmhaError(f"{path} cannot be read: {error.strerror}") from None
        return _read(path, offset, length, os.O_RDONLY)


def in_use(path: str) -> str:
    """Return who uses ``path`` on this node (``mounted at /x``, ``held by dm-3``), or nothing.

    Asks the kernel for exclusive use, as mkfs does; partitions of the device count. SBD does
    not claim its disks: a running sbd is not seen here.
    """
    status = Path(path).stat()
    if not stat.S_ISBLK(status.st_mode):
        return ""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_EXCL))
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise KvmhaError(f"{path} cannot be opened: {error.strerror}") from None
        number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
        return _user(number) or "in use by the kernel of this node"
    return ""


def wipe(runner: Runner, path: str, note: str) -> None:
    """Destroy what ``path`` carries, so that nothing is found on it but ``note``.

    The note is written first and the tail before the head, so that a wipe cut short is either
    seen as the old content or, by its note, as ours. Raises KvmhaError when it is in use.
    """
    busy = in_use(path)
    if busy:
        raise KvmhaError(f"{path} is {busy}", hint="stop what uses it, then run this again")
    write_note(path, note)
    runner.run(["wipefs", "--all", "--quiet", path], timeout=300)
    end = _note_offset(path)
    start = max(end - MIB, 0) // PAGE * PAGE
    _write(path, start, bytes(end - start))
    _write(path, 0, bytes(min(MIB, end)))


def write_note(path: str, note: str) -> None:
    """Write ``note`` into the last 4 KiB of ``path``: what is being done to it, and by whom."""
    _write(path, _note_offset(path), (NOTE_PREFIX + note.encode() + b"\n").ljust(PAGE, b"\0"))


def read_note(path: str) -> str:
    """Return the note that ``write_note`` wrote, empty when there is none."""
    data = read(path, _note_offset(path), PAGE)
    if not data.startswith(NOTE_PREFIX):
        return ""
    return data[len(NOTE_PREFIX) :].partition(b"\n")[0].decode(errors="replace")


def erase_note(path: str) -> None:
    """Make the place of the note zero, if a note is what stands there."""
    if read_note(path):
        _write(path, _note_offset(path), bytes(PAGE))


def _signature(item: dict[str, Any]) -> Signature:
    return Signature(item.get("type") or UNKNOWN, item.get("label") or "", item.get("uuid") or "")


def _holds_data(data: bytes) -> bool:
    return data.count(0) != len(data)


def _tail_holds_data(path: str) -> bool:
    end = size(path)
    start = max(end - TAIL, 0) // PAGE * PAGE
    tail = read(path, start, end - start)
    if read_note(path):
        at = _note_offset(path) - start
        tail = tail[:at] + tail[at + PAGE :]
    return _holds_data(tail)


def _note_offset(path: str) -> int:
    return (size(path) // PAGE - 1) * PAGE


def _user(number: str) -> str:
    for line in (files.read("/proc/self/mountinfo") or "").splitlines():
        words = line.split()
        if words[2] == number:
            return f"mounted at {words[4]}"
    holders = Path("/sys/dev/block", number, "holders")
    names = sorted(entry.name for entry in holders.iterdir()) if holders.is_dir() else []
    return f"held by {', '.join(names)}" if names else ""


def _read(path: str, offset: int, length: int, flags: int) -> bytes:
    rounded = -(-length // PAGE) * PAGE
    with _opened(path, flags) as fd, mmap.mmap(-1, max(rounded, PAGE)) as buffer:
        count = os.preadv(fd, [buffer], offset)
        return buffer[: min(count, length)]


def _write(path: str, offset: int, data: bytes) -> None:
    block = stat.S_ISBLK(Path(path).stat().st_mode)
    with _opened(path, os.O_RDWR | (os.O_EXCL if block else 0)) as fd:
        done = 0
        while done < len(data):
            done += os.pwrite(fd, data[done:], offset + done)
        os.fsync(fd)


@contextmanager
def _opened(path: str, flags: int) -> Iterator[int]:
    fd = os.open(path, flags | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
