"""The client side of a lab's daemon: its socket, its process, its namespaces."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.model import CHECKOUT, STATE_ROOT, LabSpec, Paths

NAMESPACES = ("--net", "--pid", "--mount", "--uts", "--ipc")


def request(paths: Paths, verb: str, **arguments: object) -> Any:
    """Ask the daemon to do ``verb`` and return its result; LabError in its words."""
    with _connect(paths) as connection:
        connection.sendall(json.dumps({"verb": verb, **arguments}).encode() + b"\n")
        line = connection.makefile("rb").readline()
    if not line:
        raise LabError(f"the lab ended while it was asked to {verb}", f"see {paths.log}")
    answer = json.loads(line)
    if "error" in answer:
        raise LabError(answer["error"], answer["hint"])
    return answer["result"]


def _connect(paths: Paths) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(paths.socket))
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        raise LabError(f"lab '{paths.root.name}' is not up", "python -m lab up") from None
    return connection


def daemon_pid(paths: Paths) -> int | None:
    """Return the pid of the daemon's process 1 as seen from here; None when it is gone."""
    try:
        with _connect(paths) as connection:
            raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    except LabError:
        return None
    return int(struct.unpack("3i", raw)[0]) or None


@dataclass
class Started:
    """A daemon that its starter still holds.

    It ends when ``lifeline`` is closed before it was told to keep going. ``process`` ends after
    everything in the daemon's namespaces has.
    """

    process: subprocess.Popen[bytes]
    lifeline: int

    def let_go(self, paths: Paths) -> None:
        """Let the daemon live on when this process ends."""
        request(paths, "keep")
        os.close(self.lifeline)

    def wait_end(self, timeout: float = 20) -> None:
        """Return when nothing of the daemon is left; its end must be under way."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            pid = self.process.pid
            raise LabError(f"after {timeout:.0f} s process {pid} of the lab still runs") from None


def start(spec: LabSpec) -> Started:
    """Start the daemon in namespaces of its own."""
    reader, writer = os.pipe()
    with spec.paths.log.open("ab") as log:
        process = subprocess.Popen(
            [
                "unshare", *NAMESPACES, "--fork", "--kill-child", "--mount-proc",
                sys.executable, "-m", "lab.daemon", spec.name, str(reader),
            ],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            pass_fds=(reader,), cwd=CHECKOUT,
        )  # fmt: skip
    os.close(reader)
    return Started(process, writer)


def stop(paths: Paths, timeout: float = 20) -> None:
    """End the daemon, and with it everything of the lab; return when the kernel is through."""
    pid = daemon_pid(paths)
    if pid is not None:
        process = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(process, signal.SIGKILL)
            if not select.select([process], [], [], timeout)[0]:
                raise LabError(f"after {timeout:.0f} s process {pid} of the lab still runs")
        finally:
            os.close(process)
    shutil.rmtree(paths.root, ignore_errors=True)


def inside(paths: Paths) -> list[str]:
    """Return the command words that run what follows in the lab's namespaces."""
    pid = daemon_pid(paths)
    if pid is None:
        raise LabError(f"lab '{paths.root.name}' is not up", "python -m lab up")
    return ["nsenter", "-t", str(pid), *NAMESPACES, "--"]


def names() -> list[str]:
    """Return the names of the labs that have a folder."""
    return sorted(p.name for p in STATE_ROOT.glob("*") if p.is_dir())


def remove_leftovers() -> list[str]:
    """Remove the folders of labs whose daemon is gone; return their names."""
    dead = [name for name in names() if daemon_pid(Paths(STATE_ROOT / name)) is None]
    for name in dead:
        shutil.rmtree(STATE_ROOT / name, ignore_errors=True)
    return dead


def log_tail(path: Path, lines: int = 3) -> str:
    """Return the end of a log in one line."""
    try:
        return " | ".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
