"""What the cluster tests say and ask: runs of the orchestration, looks at the nodes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab.api import Lab
from lab.errors import LabError

RUNNING_VMS = "pgrep -af qemu-system | grep -o 'guest=[^,]*' | sort"


class Story:
    """A lab with a deployed (or not yet deployed) cluster, and a watch over its VMs."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.doubles: list[str] = []
        self.looks = 0

    def orchestrate(self, *args: str, timeout: float = 1500) -> tuple[int, str]:
        """Run the orchestration to its end; return its exit code and all it printed."""
        done = self.lab.master.run(
            ["salt-run", "--no-color", "state.orchestrate", "kvmha", *args],
            timeout=timeout,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def deploy(self, *args: str, timeout: float = 1500) -> dict[str, Any]:
        """Run ``kvmha.deploy`` to a success and return its report."""
        path = self.lab.paths.root / "report.json"
        path.unlink(missing_ok=True)
        done = self.lab.master.run(
            ["salt-run", "--no-color", "kvmha.deploy", f"report={path}", *args],
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        report: dict[str, Any] = json.loads(path.read_text())
        return report

    def everywhere(self, command: str) -> dict[str, str]:
        """Return what ``command`` prints on each node; any exit code will do."""
        return {node.name: node.run(command, check=False).stdout.strip() for node in self.nodes}

    @property
    def nodes(self) -> list[Any]:
        """The lab's nodes."""
        return list(self.lab.nodes)

    def host_of(self, vm: str) -> str | None:
        """Return the node on which ``vm`` runs, None when it runs nowhere."""
        hosts = [name for name, said in self.everywhere(RUNNING_VMS).items() if f"guest={vm}" in said]
        assert len(hosts) < 2, f"{vm} runs on {hosts}"
        return hosts[0] if hosts else None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at every node again and again for a VM that is active twice."""
        stop = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(stop,), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join(timeout=60)

    def _watch(self, stop: threading.Event) -> None:
        while not stop.wait(2):
            seen: dict[str, list[str]] = {}
            for node in self.nodes:
                try:
                    said = node.run(RUNNING_VMS, check=False, timeout=10).stdout
                except LabError:
                    continue
                for vm in set(said.split()):
                    seen.setdefault(vm, []).append(node.name)
            self.looks += 1
            self.doubles += [f"{vm}: {hosts}" for vm, hosts in seen.items() if len(hosts) > 1]
