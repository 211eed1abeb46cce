"""What a lab leaves on its machine, and waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from lab import control
from lab.model import STATE_ROOT, Paths

NAMESPACE_KINDS = ("net", "pid", "mnt", "uts", "ipc")


def eventually(holds: Callable[[], bool], what: str, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, f"after {timeout:.0f} s: {what}"
        time.sleep(0.1)


class Traces:
    """What there is of a lab on its machine, and whether it is gone."""

    def __init__(self, name: str) -> None:
        self.folder = STATE_ROOT / name
        pid = control.daemon_pid(Paths(self.folder))
        assert pid is not None
        self.namespaces = {
            (Path("/proc") / str(pid) / "ns" / k).readlink() for k in NAMESPACE_KINDS
        }
        assert not self.namespaces & self._own(), "the lab shares a namespace with its machine"

    def left(self) -> list[str]:
        """Say what is left, in words."""
        found = [f"process {p}" for p in self._processes()]
        if self.folder.exists():
            found.append(f"folder {self.folder}")
        if str(self.folder) in Path("/proc/self/mountinfo").read_text():
            found.append("a mount")
        backing = [f.read_text() for f in Path("/sys/block").glob("loop*/loop/backing_file")]
        if any(str(self.folder) in file for file in backing):
            found.append("a loop device")
        return found

    def _own(self) -> set[Path]:
        return {(Path("/proc/self/ns") / kind).readlink() for kind in NAMESPACE_KINDS}

    def _processes(self) -> list[str]:
        found = []
        for namespaces in Path("/proc").glob("[0-9]*/ns"):
            try:
                inside = {(namespaces / kind).readlink() for kind in NAMESPACE_KINDS}
            except OSError:  # it ended meanwhile
                continue
            if inside & self.namespaces:
                found.append(namespaces.parent.name)
        return found
