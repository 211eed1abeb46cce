"""libvirt's daemon on this node: what its files say, and whether it has read them."""

from __future__ import annotations

import time
from pathlib import Path

from kvmha.build import libvirt_host
from kvmha.tools import files
from kvmha.tools.runner import Runner


def observe_host(runner: Runner, service: str) -> libvirt_host.Observed:
    """Return what libvirt is set to on this node; one program at most."""
    return libvirt_host.Observed(
        qemu_conf=files.read(libvirt_host.QEMU_CONF),
        drop_in=files.read(libvirt_host.DROP_IN),
        stale=_is_stale(runner, service),
        autostart=tuple(sorted(path.stem for path in Path(libvirt_host.AUTOSTART).glob("*.xml"))),
    )


def restart_if_running(runner: Runner, service: str) -> None:
    """Restart the daemon unless it is off; then it reads its files when it next starts."""
    runner.run(
        ["systemctl", "try-restart", f"{service}.service"],
        timeout=120,
        hint=f"see: journalctl -b -u {service}",
    )


def _is_stale(runner: Runner, service: str) -> bool:
    """Tell whether the daemon started before qemu.conf was written.

    So that a run which was killed between write and restart is finished by the next one.
    """
    try:
        written = Path(libvirt_host.QEMU_CONF).stat().st_mtime
    except FileNotFoundError:
        return False
    wanted = "--property=ActiveState,ExecMainStartTimestampMonotonic"
    said = runner.run(["systemctl", "show", wanted, f"{service}.service"], ok=None).stdout
    words = dict(line.partition("=")[::2] for line in said.splitlines())
    if words.get("ActiveState") != "active":
        return False
    age = time.clock_gettime(time.CLOCK_MONOTONIC) - (
        int(words.get("ExecMainStartTimestampMonotonic") or 0) / 1e6
    )
    return time.time() - age < written <= time.time()
