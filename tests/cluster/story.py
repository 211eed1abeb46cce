"""What the cluster tests say and ask: runs of the orchestration, looks at the nodes."""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kvmha.wait import eventually
from lab import control, saltmaster
from lab.api import Lab
from lab.errors import LabError

CONFIGURATION = """
cat /etc/corosync/corosync.conf /etc/default/sbd /etc/libvirt/qemu.conf /etc/hosts 2>/dev/null
ls -l /etc/corosync/authkey 2>/dev/null
cat /etc/systemd/system/*/kvmha* /etc/modules-load.d/kvmha* 2>/dev/null
CIB_file= cibadmin --query --scope configuration 2>/dev/null
dpkg-query -W
for disk in /dev/disk/by-id/scsi-lab-*; do blkid -p $disk; head -c 512 $disk | sha256sum; done
find /etc/systemd/system -type l -printf '%p %l\n' | sort
"""
# Those that init has: their children come and go. libvirtd ends by itself when it has no domain.
# Start times are ticks since the boot; `ps` cannot tell them here.
LASTING = "corosync|pacemakerd|sbd|dlm_controld|qemu-system-x86"
DAEMONS = f"for p in $(pgrep -P 1 -x '{LASTING}'); do cut -d' ' -f1,2,22 /proc/$p/stat; done"
RUNNING_VMS = "ps -o args= -C qemu-system-x86"


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
        done = self.lab.master.run(
            ["salt-run", "--out=json", "-l", "quiet", "kvmha.deploy", *args],
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def everywhere(self, command: str) -> dict[str, str]:
        """Return what ``command`` prints on each node; any exit code will do."""
        return {node.name: node.run(command, check=False).stdout.strip() for node in self.nodes}

    def succeeds(self, node: str, command: str) -> bool:
        """Tell whether ``command`` ends with 0 on ``node``."""
        return bool(self.lab.node(node).run(command, check=False).returncode == 0)

    @property
    def nodes(self) -> list[Any]:
        """The lab's nodes."""
        return list(self.lab.nodes)

    def host_of(self, vm: str) -> str | None:
        """Return the node on which ``vm`` runs, None when it runs nowhere."""
        running = self.everywhere(RUNNING_VMS)
        hosts = [name for name, said in running.items() if f"guest={vm}" in said]
        assert len(hosts) < 2, f"{vm} runs on {hosts}"
        return hosts[0] if hosts else None

    def fingerprint(self) -> dict[str, str]:
        """Return, for each node, everything that a run could have configured."""
        return self.everywhere(CONFIGURATION)

    def daemons(self) -> dict[str, list[str]]:
        """Return, for each node, the long-running processes with their start times."""
        found = {name: sorted(said.splitlines()) for name, said in self.everywhere(DAEMONS).items()}
        assert all(len(lines) >= 4 for lines in found.values()), found
        return found

    def blank(self, disk: str) -> None:
        """Write zeros over a shared disk, and let no node keep a page of what was there."""
        size = self.lab.paths.disk(disk).stat().st_size >> 20
        device = f"/dev/disk/by-id/scsi-lab-{disk}"
        self.nodes[0].run(
            f"dd if=/dev/zero of={device} bs=1M count={size} oflag=direct status=none"
        )
        self.everywhere(f"blockdev --flushbufs {device}")

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a runner in the background, its output into a file of the lab."""
        log = (self.lab.paths.root / "background.log").open("wb")
        run = ["env", "--default-signal=INT", "salt-run", "--no-color", *words]
        inside = [*control.inside(self.lab.paths), *run]  # Ctrl-C is heard, come what may
        environment = saltmaster.environment(self.lab.spec)
        return subprocess.Popen(inside, env=environment, stdout=log, stderr=log)

    def crash_master(self) -> None:
        """End every runner and the Salt master with SIGKILL, as a crash of their host would."""
        self.lab.master.run("pkill -KILL -f '[s]alt-run'")
        self.lab.master.kill()

    def until(
        self,
        holds: Callable[[], bool],
        timeout: float = 900,
        during: subprocess.Popen[bytes] | None = None,
    ) -> None:
        """Wait until ``holds``; a node that does not answer is not there yet.

        ``during`` is the run that should bring it about: when it ends before, that is an error.
        """

        def missing() -> str:
            if during and during.poll() is not None:
                log = self.lab.paths.root / "background.log"
                raise AssertionError(f"the run ended before that:\n{log.read_text()}")
            try:
                return "" if holds() else "it does not hold yet"
            except LabError as error:
                return str(error)

        eventually(missing, timeout=timeout, interval=1)

    def highstate_changes(self) -> dict[str, list[str]]:
        """Run a highstate on all nodes; return the states that changed something, by node."""
        done = self.lab.master.run(
            "salt --out=json --static -t 600 '*' state.highstate", timeout=700, check=False
        )
        answer = json.loads(done.stdout)
        failed = [
            f"{node}: {state['__id__']}: {state['comment']}"
            for node, states in answer.items()
            for state in states.values()
            if state["result"] is False
        ]
        assert not failed, failed
        return {
            node: [state["__id__"] for state in states.values() if state["changes"]]
            for node, states in answer.items()
        }

    def serial(self, vm: str) -> str:
        """Return what the guest has written to its serial line in all its lives."""
        log = shlex.quote(f"/srv/vmstore/{vm}/serial.log")
        for node in self.nodes:
            said = node.run(f"mountpoint -q /srv/vmstore && cat {log}", check=False)
            if said.returncode == 0:
                return str(said.stdout)
        raise LabError(f"no node can read {log}")

    def counts(self, vm: str) -> list[int]:
        """Return every count of the guest in order; it goes on from its disk after a start."""
        return [int(line) for line in re.findall(r"^(\d{10}) [a-p]{8}\r?$", self.serial(vm), re.M)]

    def traces_of_the_authkey(self) -> list[str]:
        """Return the files of the master that hold the authkey, and should not.

        Salt itself keeps every minion's pillar in a cache (3006: minions/*/data.p, 3008:
        pillar/*.p), readable for root alone.
        """
        root = self.lab.paths.salt
        keys = list(Path(root).glob("**/kvmha/*/authkey"))
        assert len(keys) == 1, keys
        key = keys[0].read_bytes()
        needles = [key, key.hex().encode(), base64.b64encode(key)]
        found = []
        for path in Path(root).rglob("*"):
            cached = path.match("cache/minions/*/data.p") or path.match("cache/pillar/*.p")
            salts_own = cached and not path.stat().st_mode & 0o077
            if path.is_file() and path != keys[0] and not salts_own:
                data = path.read_bytes()
                found += [str(path)] * any(needle in data for needle in needles)
        return found

    def has_dlm(self) -> bool:
        """Tell whether the cluster has come to its locks."""
        return self.succeeds("ha-host1", "crm_resource --list | grep dlm")

    def is_whole(self) -> bool:
        """Tell whether every node is online and mounts the shared filesystem."""
        online = f"crm_mon -1 | grep -q 'Online:.*{' '.join(node.name for node in self.nodes)}'"
        mounted = self.everywhere("mountpoint -q /srv/vmstore && echo yes")
        return set(mounted.values()) == {"yes"} and self.succeeds("ha-host1", online)

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
        while not stop.wait(3):
            seen = self._look()
            if any(len(hosts) > 1 for hosts in seen.values()):
                # The looks at two nodes are seconds apart: only what is still so is a double.
                again = self._look()
                seen = {vm: sorted({*hosts} & {*again.get(vm, [])}) for vm, hosts in seen.items()}
                # A VM that moves live has a process on both, and runs in one of them.
                seen = {vm: self.running(vm, hosts) for vm, hosts in seen.items()}
            self.looks += 1
            self.doubles += [f"{vm}: {hosts}" for vm, hosts in seen.items() if len(hosts) > 1]

    def running(self, vm: str, hosts: list[str]) -> list[str]:
        """Return those of ``hosts`` whose libvirt has ``vm`` running, not paused."""
        ask = f"timeout 60 virsh -q -c qemu:///system domstate {vm}"
        return [
            host
            for host in hosts
            if self.lab.node(host).run(ask, check=False, timeout=90).stdout.strip() == "running"
        ]

    def _look(self) -> dict[str, list[str]]:
        seen: dict[str, list[str]] = {}
        for node in self.nodes:
            try:
                said = node.run(RUNNING_VMS, check=False, timeout=10).stdout
            except LabError:
                continue
            for vm in set(re.findall(r"guest=([^,]+)", said)):
                seen.setdefault(vm, []).append(node.name)
        return seen


@contextmanager
def background(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Hold a process that ends with the block, whatever happens in it."""
    try:
        yield process
    finally:
        process.kill()
        process.wait()
