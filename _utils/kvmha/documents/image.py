"""Disk images, told apart by their first bytes."""

from __future__ import annotations

from dataclasses import dataclass

HEADER = 32  # bytes that `identify` wants
_QCOW2 = b"QFI\xfb"


@dataclass(frozen=True)
class Image:
    """A disk image: its format and the size, in bytes, that a guest sees."""

    format: str
    size: int


def identify(head: bytes, length: int) -> Image:
    """Return what an image is that begins with ``head`` and is ``length`` bytes long.

    What is not qcow2 is raw. Source: docs/interop/qcow2.txt of QEMU (size at byte 24).
    """
    if head[:4] == _QCOW2 and len(head) >= HEADER:
        return Image("qcow2", int.from_bytes(head[24:HEADER], "big"))
    return Image("raw", length)
