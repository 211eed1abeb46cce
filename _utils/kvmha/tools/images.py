"""Disk images: looked at without a program, created whole or not at all, never replaced."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from kvmha import values
from kvmha.documents.image import HEADER, Image, identify
from kvmha.errors import KvmhaError
from kvmha.tools import files
from kvmha.tools.runner import Runner

_BLOCK = 1024**2
_ABANDONED = 86_400  # seconds: other nodes' unfinished files are theirs for a day
_CONVERT_TIMEOUT = 6 * 3600.0  # seconds
_PERCENT = re.compile(r"\((\d+)(\.\d+)?/100%\)")

Told = Callable[[int], None]  # takes percents


def _nobody(_percent: int) -> None:
    """Take percents that nobody wants to hear."""


def inspect(path: str | Path) -> Image | None:
    """Return the format and virtual size of the image at ``path``, None if there is none.

    Reads the header only and locks nothing, so that it is safe beside a running VM.
    """
    try:
        with Path(path).open("rb") as stream:
            return identify(stream.read(HEADER), stream.seek(0, os.SEEK_END))
    except FileNotFoundError:
        return None


def tail(path: str | Path) -> tuple[int, str]:
    """Return the size of a text file in bytes and its last whole line; 0 and "" without one."""
    try:
        with Path(path).open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(size - 4096, 0))
            whole = stream.read().rpartition(b"\n")[0]
    except FileNotFoundError:
        return 0, ""
    return size, whole.rpartition(b"\n")[2].decode(errors="replace").strip()


def verify(path: str | Path, checksum: str) -> None:
    """Raise KvmhaError unless the file has ``checksum``, which says ``sha256:`` or ``sha512:``."""
    name, _, wanted = checksum.lower().partition(":")
    found = hashlib.new(name)
    try:
        with Path(path).open("rb") as reader:
            while block := reader.read(_BLOCK):
                found.update(block)
    except FileNotFoundError:
        raise KvmhaError(f"{path} is not on this node", hint="check the source") from None
    if found.hexdigest() != wanted:
        raise KvmhaError(
            f"{path} has {name}:{found.hexdigest()}, not the {name}:{wanted} of the pillar",
            hint="fetch the image again, or correct the checksum",
        )


def create(
    runner: Runner,
    path: str | Path,
    *,
    format: str,
    size: int,
    source: str = "",
    owner: str,
    told: Told = _nobody,
) -> bool:
    """Make the image ``path``, empty or filled from the file ``source``; tell whether it was us.

    ``size`` is in bytes. It is made under a name of ``owner`` (this node) in the same folder,
    is on disk before it gets its own name, and never takes the place of a file that is there:
    when another node was faster, that one stays and False is returned. Raises KvmhaError when
    ``source`` does not exist or is larger than ``size``; CommandFailed when qemu-img fails.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(partial_name(target.name, owner))
    partial.unlink(missing_ok=True)
    try:
        partial.touch(mode=0o600, exist_ok=False)
        if source:
            _fill(runner, partial, Path(source), format, size, told=told)
        elif format == "raw":
            os.truncate(partial, size)
        else:
            runner.run(["qemu-img", "create", "-q", "-f", format, str(partial), str(size)])
        files.sync(partial)
        try:
            os.link(partial, target)  # unlike a rename, it fails when there is one already
        except FileExistsError:
            return False
    finally:
        partial.unlink(missing_ok=True)
    files.sync(target.parent)
    return True


def partial_name(name: str, owner: str) -> str:
    """Return what the image ``name`` is called while ``owner`` makes it."""
    return f".{name}.{owner}.partial"


def leftovers(folder: str | Path, *, owner: str, xml: str) -> list[str]:
    """Return the paths that a killed run left in ``folder``.

    Unfinished images of ``owner`` are, and those of other nodes, and unfinished writes of the
    file ``xml``, once nobody touched them for a day.
    """
    found = []
    for path in Path(folder).rglob(".*"):
        ours = path.name.endswith(f".{owner}.partial")
        if not ours and not path.name.endswith(".partial") and not _is_write_of(path.name, xml):
            continue
        try:
            if ours or time.time() - path.stat().st_mtime > _ABANDONED:
                found.append(str(path))
        except FileNotFoundError:
            continue  # its maker has finished
    return sorted(found)


def _is_write_of(name: str, xml: str) -> bool:
    """Tell whether ``name`` is one of ``files.write``'s while it writes ``xml``."""
    return name.startswith(f".{xml}.") and len(name) == len(xml) + 10


def fill_device(
    runner: Runner, path: str, source: str | Path, *, size: int, told: Told = _nobody
) -> None:
    """Write what the image ``source`` holds to the block device ``path``, past the page cache.

    ``size`` is the device's, in bytes. Raises KvmhaError when ``source`` does not exist or is
    larger. What the device has beyond the image stays.
    """
    found = _fitting(Path(source), size)
    _convert(runner, ["-n", "-t", "none", "-f", found.format, "-O", "raw"], source, path, told)


def _fill(
    runner: Runner, partial: Path, source: Path, format: str, size: int, *, told: Told
) -> None:
    found = _fitting(source, size)
    if found.format == format == "raw":
        _copy_sparse(source, partial, told)
        os.truncate(partial, size)
        return
    _convert(runner, ["-f", found.format, "-O", format], source, partial, told)
    if found.size < size:
        runner.run(["qemu-img", "resize", "-q", "-f", format, str(partial), str(size)])


def _fitting(source: Path, size: int) -> Image:
    found = inspect(source)
    if found is None:
        raise KvmhaError(f"source {source} is not on this node", hint="check disks[].source")
    if found.size > size:
        raise KvmhaError(
            f"source {source} holds {values.size(found.size)}, the disk only {values.size(size)}",
            hint="raise the size of the disk",
        )
    return found


def _convert(
    runner: Runner, words: list[str], source: str | Path, target: str | Path, told: Told
) -> None:
    last = [-1]

    def heard(text: str) -> None:
        for percent, _ in _PERCENT.findall(text):
            if int(percent) > last[0]:
                last[0] = int(percent)
                told(last[0])

    argv = ["qemu-img", "convert", "-p", *words, str(source), str(target)]
    runner.follow(argv, heard, timeout=_CONVERT_TIMEOUT)


def _copy_sparse(source: Path, target: Path, told: Told) -> None:
    """Copy the bytes of ``source``, leaving holes where it has nothing but zeros."""
    whole, done, last = max(source.stat().st_size, 1), 0, -1
    with source.open("rb") as reader, target.open("r+b") as writer:
        while block := reader.read(_BLOCK):
            if block.count(0) == len(block):
                writer.seek(len(block), os.SEEK_CUR)
            else:
                writer.write(block)
            done += len(block)
            if 100 * done // whole > last:
                last = 100 * done // whole
                told(last)
