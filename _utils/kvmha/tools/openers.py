"""Who holds a device open without claiming it: QEMU, sbd, a dd of an administrator."""

from __future__ import annotations

import stat
from pathlib import Path

# They watch every disk and let go of one by themselves.
_WATCHERS = {"multipathd", "systemd-udevd", "(udev-worker)"}


def of(path: str) -> str:
    """Return who has ``path`` open on this node (``open in sbd (pid 812)``), or nothing."""
    wanted = Path(path).stat().st_rdev
    found = [each for each in Path("/proc").iterdir() if each.name.isdigit() and _has(each, wanted)]
    said = (f"{_name(each)} (pid {each.name})" for each in found if _name(each) not in _WATCHERS)
    names = ", ".join(said)
    return f"open in {names}" if names else ""


def _has(process: Path, wanted: int) -> bool:
    try:
        handles = list((process / "fd").iterdir())
    except OSError:  # it has ended
        return False
    return any(_device(handle) == wanted for handle in handles)


def _device(handle: Path) -> int:
    try:
        status = handle.stat()
    except OSError:
        return 0
    return status.st_rdev if stat.S_ISBLK(status.st_mode) else 0


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a process that has ended"
