"""Disks for tests: sparse files, loop devices over them, and what others put on disks."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MIB = 1024 * 1024


def needs(*programs: str) -> None:
    """Fail, rather than skip, when a program that the tests are about is missing."""
    missing = [name for name in programs if not shutil.which(name, path="/usr/sbin:/usr/bin:/sbin")]
    if missing:
        pytest.fail(f"install {', '.join(missing)} to run these tests")


def sparse(path: Path, size: int = 64 * MIB) -> str:
    with path.open("wb") as stream:
        stream.truncate(size)
    return str(path)


@contextmanager
def loop(path: str) -> Iterator[str]:
    """Attach ``path`` to a loop device; return a name for it that lasts. Needs root."""
    device = run("losetup", "--find", "--show", path).strip()
    name = Path(f"{path}.by-{Path(device).name}")
    try:
        name.symlink_to(device)
        yield str(name)
    finally:
        name.unlink(missing_ok=True)
        run("losetup", "--detach", device)


def run(*argv: str, answer: str = "") -> str:
    done = subprocess.run(argv, check=False, capture_output=True, text=True, input=answer)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


def write(path: str, offset: int, data: bytes) -> None:
    with Path(path).open("r+b") as stream:
        stream.seek(offset)
        stream.write(data)


def digest(path: str) -> str:
    """Return a name for the content of a disk, which may be too large to be kept."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read(path: str) -> bytes:
    return Path(path).read_bytes()


def ext4(path: str) -> None:
    run("mkfs.ext4", "-q", "-F", "-L", "mine", path)


def swap(path: str) -> None:
    run("mkswap", "-L", "mine", path)


def mbr(path: str) -> None:
    """Write a partition table with one Linux partition."""
    entry = bytes([0, 0, 2, 0, 0x83, 0, 0, 0]) + (2048).to_bytes(4, "little")
    entry += (4096).to_bytes(4, "little")
    write(path, 446, entry)
    write(path, 510, b"\x55\xaa")


def lvm(path: str) -> None:
    with loop(path) as device:
        run("pvcreate", "-qq", "-y", str(Path(device).resolve()))


def classic_ocfs2(path: str) -> None:
    run("mkfs.ocfs2", "-q", "-L", "mine", "--cluster-stack=o2cb", "--cluster-name=old", path)


def check_ocfs2(path: str) -> None:
    """Let fsck.ocfs2 look at every part of a volume; it asks once, as no cluster runs."""
    said = run("fsck.ocfs2", "-n", "-f", "-F", path, answer="y\n")
    assert "All passes succeeded" in said, said


def text_in_the_head(path: str) -> None:
    write(path, 700 * 1024, b"somebody's bytes")


def text_in_the_tail(path: str) -> None:
    write(path, Path(path).stat().st_size - 10, b"bytes")


FOREIGN = {
    ext4: "ext4 'mine'",
    swap: "swap 'mine'",
    mbr: "dos",
    lvm: "LVM2_member",
    classic_ocfs2: "ocfs2 'mine'",
    text_in_the_head: "unknown data",
    text_in_the_tail: "unknown data",
}


def name(value: object) -> str:
    """Return what a parameter is called in the list of tests."""
    return getattr(value, "__name__", str(value))
