"""kvmha: the library in a process of its own, and a whole masterless ``salt-call``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from benchmarks.node import ROOT, Node, Ran, python_path
from benchmarks.workload import Workload
from kvmha.errors import KvmhaError

SLS = """\
the CIB is as the pillar says:
  pacemaker.configured:
    - spec: {{ pillar["kvmha"] | json }}
"""
IDLE_SLS = """\
nothing is done:
  test.nop: []
"""
# What is measured beside what: the second of each pair is Salt alone, with the same pillar.
CALLS = {
    "pacemaker.apply": ["pacemaker.apply"],
    "bare test.ping": ["test.ping"],
    "state": ["state.apply", "configured"],
    "bare state": ["state.apply", "idle"],
}


def library(node: Node, document: Path) -> dict[str, Any]:
    """Bring the CIB to the document; return what it cost, see ``benchmarks.inside``."""
    return _answer(node.python("-m", "benchmarks.inside", "apply", str(document)))


def planning(document: Path, runs: int) -> dict[str, Any]:
    """Return what planning the document costs, without a cluster."""
    argv = [sys.executable, "-m", "benchmarks.inside", "plan", str(document), str(runs)]
    env = {"PYTHONPATH": python_path(), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(argv, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout))


def _answer(ran: Ran) -> dict[str, Any]:
    if ran.failed:
        raise KvmhaError(f"the library's own run failed:\n{ran.result.output}")
    return dict(json.loads(ran.result.stdout))


class SaltCall:
    """A configuration of Salt in a folder, masterless, with the checkout's modules."""

    def __init__(self, node: Node, workload: Workload) -> None:
        self.node = node
        self.folder = node.folder / "salt"
        files = {
            "minion": {
                "id": "ha-host1",
                "file_client": "local",
                "root_dir": str(self.folder / "root"),
                "module_dirs": [str(ROOT)],
                "file_roots": {"base": [str(self.folder / "states")]},
                "pillar_roots": {"base": [str(self.folder / "pillar")]},
                "log_level": "error",
                "log_level_logfile": "error",
                "fileserver_backend": ["roots"],
            },
            "pillar/top.sls": {"base": {"*": ["kvmha"]}},
            "pillar/kvmha.sls": {"kvmha": workload.pillar()},
        }
        for name, data in files.items():
            self._write(name, yaml.safe_dump(data, sort_keys=False))
        self._write("states/configured.sls", SLS)
        self._write("states/idle.sls", IDLE_SLS)

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, what: str) -> Ran:
        """Run one of CALLS; raise KvmhaError when it fails, since its seconds mean nothing."""
        program = str(Path(sys.executable).with_name("salt-call"))
        argv = [program, "--local", f"--config-dir={self.folder}", "--retcode-passthrough"]
        ran = self.node.run([*argv, "--out=json", *CALLS[what]])
        if ran.failed:
            raise KvmhaError(f"salt-call {what} failed:\n{ran.result.output[-3000:]}")
        return ran
