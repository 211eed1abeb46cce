"""Write numbered records with checksums, and say which are on disk; read them back elsewhere.

A program for a node, of the standard library alone: ``writer.py write FILE SECONDS`` appends one
record after the other, each followed by fsync, and then prints ``NUMBER TIME``: the record is
acknowledged, and nobody may lose it. ``writer.py check FILE ...`` reads files of writers, on any
node, and prints for each ``FILE LAST``: records 1 to LAST are whole and in order. A torn record at
the very end was never acknowledged, and is passed over.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
import time
from collections.abc import Iterable, Sequence

LENGTH = 4096
_DIGEST = 64


def record(number: int, writer: str) -> bytes:
    """Return record ``number``: its checksum, then who wrote it, padded to 4 KiB."""
    body = f"{number:012d} {writer}\n".encode().ljust(LENGTH - _DIGEST, b".")
    return hashlib.sha256(body).hexdigest().encode() + body


def number_of(data: bytes) -> int | None:
    """Return the number of a record, None when it is not whole."""
    digest, body = data[:_DIGEST], data[_DIGEST:]
    if len(data) != LENGTH or hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    return int(body[:12])


def write(path: str, seconds: float) -> None:
    """Append records to ``path`` for so long; print each as soon as it is on disk."""
    ends = time.monotonic() + seconds
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    number = 0
    while time.monotonic() < ends:
        number += 1
        data = record(number, os.uname().nodename)
        if os.write(handle, data) != len(data):
            raise OSError(f"{path}: record {number} was written in part")
        os.fsync(handle)
        sys.stdout.write(f"{number} {time.time():.3f}\n")
        sys.stdout.flush()
    os.close(handle)


def last(data: bytes) -> int:
    """Return the number of the last record; raise ValueError when one before it is not whole."""
    count = len(data) // LENGTH
    for index in range(count):
        found = number_of(data[index * LENGTH : (index + 1) * LENGTH])
        if found != index + 1:
            if index == count - 1:
                return index
            raise ValueError(f"record {index + 1} of {count} is {found or 'torn'}")
    return count


def longest_gap(times: Iterable[float]) -> float:
    """Return the most seconds between two acknowledgements."""
    ordered = sorted(times)
    pairs = itertools.pairwise(ordered)
    return max((after - before for before, after in pairs), default=0.0)


def main(words: Sequence[str]) -> int:
    """Do what the words say; return the exit code."""
    if words[:1] == ["write"] and len(words) == 3:
        write(words[1], float(words[2]))
        return 0
    if words[:1] == ["check"] and len(words) > 1:
        for path in words[1:]:
            with open(path, "rb") as stream:  # noqa: PTH123 - runs on any Python 3
                sys.stdout.write(f"{path} {last(stream.read())}\n")
        return 0
    sys.stderr.write("writer.py write FILE SECONDS | check FILE ...\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
