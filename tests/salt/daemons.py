"""A real Salt master with minions, on the loopback alone: what depends on who answers when."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from kvmha.wait import eventually
from tests.salt.conftest import ROOT

BIN = Path(sys.executable).parent


class Daemons:
    """A master and its minions; ``folder`` takes all their files, and has to have a short path."""

    def __init__(self, folder: Path, pillar: dict[str, Any]) -> None:
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        publish, answer = _free_port(), _free_port()
        shared = {
            "user": "root",
            "module_dirs": [str(ROOT)],
            "log_level": "warning",
            "id": "master_of_test",
        }
        master = {
            "root_dir": str(folder / "m"),
            "interface": "127.0.0.1",
            "publish_port": publish,
            "ret_port": answer,
            "auto_accept": True,
            "worker_threads": 2,
            "pillar_roots": {"base": [str(folder / "pillar")]},
            "file_roots": {"base": [str(ROOT / "salt")]},
        }
        self.minion = {
            "master": "127.0.0.1",
            "publish_port": publish,
            "master_port": answer,
            "ping_interval": 0,
        }
        self.shared = shared
        self._write("m", "master", shared | master)
        (folder / "pillar").mkdir()
        (folder / "pillar" / "top.sls").write_text("base: {'*': [kvmha]}\n")
        (folder / "pillar" / "kvmha.sls").write_text(yaml.safe_dump({"kvmha": pillar}))

    def _write(self, name: str, kind: str, config: dict[str, Any]) -> Path:
        path = self.folder / name / "etc" / "salt" / kind
        path.parent.mkdir(parents=True)
        path.write_text(yaml.safe_dump(config))
        return path.parent

    def start(self, *minions: str) -> None:
        """Start the master and minions of these ids; return when all of them answer."""
        self._start("salt-master", "m")
        for name in minions:
            own = {"id": name, "root_dir": str(self.folder / name)}
            self._write(name, "minion", self.shared | self.minion | own)
            self._start("salt-minion", name)

        def missing() -> str:
            said = self.run("salt", "*", "test.ping", "--out=json", "--static", "-t", "2").stdout
            return "".join(
                f"{name} is silent; " for name in minions if f'"{name}": true' not in said
            )

        eventually(missing, timeout=180, interval=1)

    def _start(self, program: str, name: str) -> None:
        argv = ["setpriv", "--pdeathsig=TERM", sys.executable, str(BIN / program)]
        log = (self.folder / name / "log").open("wb")
        self.processes[name] = subprocess.Popen(
            [*argv, "-c", str(self.folder / name / "etc" / "salt")],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of Salt's programs on the master."""
        config = str(self.folder / "m" / "etc" / "salt")
        return subprocess.run(
            [sys.executable, str(BIN / program), "-c", config, *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def freeze(self, name: str) -> None:
        """Stop a minion in its tracks, all its processes."""
        os.killpg(self.processes[name].pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let it go on."""
        os.killpg(self.processes[name].pid, signal.SIGCONT)

    def stop(self) -> None:
        """End all of them."""
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def started(folder: Path, pillar: dict[str, Any], *minions: str) -> Iterator[Daemons]:
    """Start a master with minions, and end them."""
    daemons = Daemons(folder, pillar)
    try:
        daemons.start(*minions)
        yield daemons
    finally:
        daemons.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
