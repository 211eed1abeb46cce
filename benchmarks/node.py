"""The real cluster of one on which everything is measured: kept quiet, put back between runs."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kvmha.tools import pacemaker
from kvmha.tools.runner import Result
from kvmha.wait import eventually
from tests.contract.cluster_of_one import Inside, started

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 900  # seconds that one command may take

# No fencing, and no agent is run: neither to start a resource nor to look for one.
QUIET = {
    "stonith-enabled": "false",
    "stop-all-resources": "true",
    "enable-startup-probes": "false",
}
# Python programs keep their compiled code, as they do wherever they are installed.
ENVIRONMENT = {"NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": ""}
FOLDERS = ("/var/log/crmsh", "/var/log/pcsd", "/var/log/salt")  # where the tools log


@dataclass(frozen=True)
class Ran:
    """How a command ended: its result, how many processes it was, and their seconds of CPU.

    The command itself is one of the processes.
    """

    result: Result
    processes: int
    cpu: float

    @property
    def failed(self) -> bool:
        """Tell whether it ended with an error."""
        return self.result.returncode != 0


class Node:
    """A running node; ``folder`` is for files, ``home`` of the tools among them."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.runner = Inside(pid)
        self.folder = folder
        self.base = folder / "base.xml"

    def prepare(self) -> None:
        """Make it quiet and remember its configuration."""
        self.runner.run(["mount", "-t", "tmpfs", "tmpfs", "/var/cache"])
        self.runner.run(["mkdir", "--parents", *FOLDERS])
        for name, value in QUIET.items():
            self.runner.run(["crm_attribute", "--type=crm_config", f"--name={name}",
                             f"--update={value}"])  # fmt: skip
        self.settle()
        self.base.write_text(self.cib())

    def cib(self) -> str:
        """Return the CIB as it is."""
        return pacemaker.query(self.runner) or ""

    def reset(self) -> None:
        """Put the remembered configuration back."""
        argv = ["cibadmin", "--replace", "--scope=configuration", f"--xml-file={self.base}"]
        self.runner.run(argv)
        self.settle()

    def drift(self, resource: str) -> None:
        """Change one value, as a person would."""
        argv = ["crm_resource", f"--resource={resource}", "--set-parameter=fake"]
        self.runner.run([*argv, "--parameter-value=drifted"])
        self.settle()

    def settle(self) -> None:
        """Wait until the cluster has nothing to do."""

        def busy() -> str:
            said = self.runner.run(["crmadmin", "--status", "ha-host1"], ok=None).output
            return "" if "S_IDLE" in said else said or "no answer"

        eventually(busy, timeout=180, interval=0.1)

    def run(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> Ran:
        """Run a tool; return its result and its processes. No exit code is an error here.

        It is stopped after LONGEST, which is a failure. Processes are counted by the pids that
        the node's namespace gave away: threads count too, and so does the one in which
        Pacemaker writes a changed CIB to disk. Other programs do not run on a quiet node.
        """
        limited = ["timeout", "--kill-after=5", str(LONGEST), *argv]
        environment = {**ENVIRONMENT, "HOME": str(self.folder), **(env or {})}
        before, cpu = self._last_pid(), _children_cpu()
        done = self.runner.run(limited, ok=None, timeout=LONGEST + 30, env=environment)
        cpu = _children_cpu() - cpu
        processes = self._last_pid() - before - 2  # timeout, and what reads the counter
        return Ran(done, processes, cpu)

    def python(self, *arguments: str) -> Ran:
        """Run this interpreter on the node, with the library and this package to import."""
        return self.run([sys.executable, *arguments], env={"PYTHONPATH": python_path()})

    def _last_pid(self) -> int:
        return int(self.runner.run(["cat", "/proc/sys/kernel/ns_last_pid"]).stdout)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def python_path() -> str:
    """Return where the library and this package are."""
    return os.pathsep.join([str(ROOT / "_utils"), str(ROOT)])


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Node]:
    """Start a node, make it quiet, yield it, end all of it."""
    with started() as pid:
        node = Node(pid, folder)
        node.prepare()
        yield node
