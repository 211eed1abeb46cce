"""Keeps one node running: start, wait, end the whole process group, start again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

from lab import recipe
from lab.model import LabSpec, disk_devices, node_name
from lab.network import tap

# Seconds between two boots. A server spends a minute or more in its firmware; a node that is
# back before its fencing is confirmed joins as "pending", and Pacemaker then starts nothing.
FIRMWARE_SECONDS = 60.0


class Supervisor:
    """One node's power button.

    A node that ends by itself (SBD's poison pill, the watchdog, ``reboot``) boots again, as a
    machine would; ``halt`` looks the same from outside. Only :meth:`off` keeps it off.
    """

    def __init__(self, spec: LabSpec, number: int) -> None:
        self.number = number
        self.name = node_name(number)
        self.boots = 0
        self.frozen = False
        self.failed_disks: set[str] = set()
        self._spec = spec
        self._wanted = False
        self._hurried = False
        self._process: subprocess.Popen[bytes] | None = None
        self._changed = threading.Condition()
        threading.Thread(target=self._supervise, name=self.name, daemon=True).start()

    def on(self) -> None:
        """Let the node run, at once; returns when its process has started."""
        with self._changed:
            self._wanted = True
            self._hurried = self._process is None
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._process is not None, timeout=10)

    def off(self) -> None:
        """Cut the power and keep it off; returns when every process of the node is gone."""
        with self._changed:
            self._wanted = False
            self._kill()
            self._changed.wait_for(lambda: self._process is None, timeout=10)

    def kill(self) -> None:
        """Cut the power for a moment; returns when the node's process is gone."""
        with self._changed:
            boot = self.boots
            self._kill()
            self._changed.wait_for(lambda: self._process is None or self.boots > boot, timeout=10)

    def freeze(self) -> None:
        """Stop the node in its tracks (SIGSTOP), its connections left open."""
        self._signal(signal.SIGSTOP, whole_group=False)
        self.frozen = True

    def thaw(self) -> None:
        """Let a frozen node go on; it finds that time has passed."""
        self._signal(signal.SIGCONT, whole_group=False)
        self.frozen = False

    def state(self) -> dict[str, object]:
        """Return what can be seen from outside."""
        process = self._process
        power = "off" if process is None else "frozen" if self.frozen else "on"
        return {
            "name": self.name,
            "power": power,
            "wanted": self._wanted,
            "boots": self.boots,
            "failed_disks": sorted(self.failed_disks),
        }

    def _supervise(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted)
                self._process = self._start()
                self.boots += 1
                self.frozen = self._hurried = False
                self._changed.notify_all()
            self._process.wait()
            with self._changed:
                self._kill()
                self._forget_connection()
                self._process = None
                self._changed.notify_all()
                self._changed.wait_for(
                    lambda: self._hurried or not self._wanted, timeout=FIRMWARE_SECONDS
                )

    def _start(self) -> subprocess.Popen[bytes]:
        with self._spec.paths.console(self.name).open("ab") as console:
            console.write(f"\n--- boot {self.boots + 1} at {time.ctime()}\n".encode())
            console.flush()
            return subprocess.Popen(
                self._command_line(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _kill(self) -> None:
        """End the whole group: helpers outlive a kill of the kernel's own process."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals, whole_group: bool = True) -> None:
        """Signal the node; its kernel alone when it must live on.

        A stop sent to the group also reaches the traced processes, and the kernel that traces
        them takes it for theirs: the node dies when it goes on.
        """
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if whole_group else os.kill)(self._process.pid, number)

    def _forget_connection(self) -> None:
        """End the shared ssh connection: whoever waits for an answer learns now of the node's end.

        Otherwise its sessions hang until ssh misses the peer, half a minute later.
        """
        words = ["ssh", "-F", str(self._spec.paths.ssh_config), "-O", "exit", self.name]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(words, capture_output=True, timeout=5, check=False)
        self._spec.paths.mux(self.name).unlink(missing_ok=True)

    def _command_line(self) -> list[str]:
        paths = self._spec.paths
        devices = disk_devices()
        wrapped = ",".join(f"{name}:{device}" for name, device in devices.items())
        base = Path(self._spec.image) / "root.ext4"
        words = [
            "linux.uml", f"mem={self._spec.mem}", "root=/dev/ubda", "rw", "quiet",
            f"ubda={paths.cow(self.name)},{base}",
            *(f"{device}cs={paths.disk(name)}" for name, device in devices.items()),
            f"vec0:transport=tap,ifname={tap(self.number)},depth=64,gro=1,mac={self._mac()}",
            "con=null", "con0=null,fd:1", "ssl=null",
            f"umid={self.name}", f"uml_dir={paths.root}/u",
            "noreboot", "panic=1", "cgroup_disable=cpu",
            "initcall_blacklist=harddog_miscdev_init",  # else /dev/watchdog is not softdog's
            f"systemd.machine_id={self.number:032x}",
            f"lab.id={self.number}", f"lab.salt={self._spec.salt}", f"lab.disks={wrapped}",
        ]  # fmt: skip
        if self.failed_disks:
            words.append(f"lab.failed={','.join(sorted(self.failed_disks))}")
        return words

    def _mac(self) -> str:
        return f"52:54:00:56:01:{self.number:02x}"


def create_disks(spec: LabSpec) -> None:
    """Make the files behind the shared disks; sparse, all zeros."""
    for name, mebibytes in recipe.SHARED_DISKS.items():
        with spec.paths.disk(name).open("wb") as disk:
            disk.truncate(mebibytes * 1024 * 1024)
