"""libvirt's daemon on this node: what its files say, and whether it has read them."""

from __future__ import annotations

import time
from pathlib import Path

from kvmha.build import libvirt_host
from kvmha.tools import files
from kvmha.tools.runner import Runner


def observe_host(runner: Runner, service: str) -> libvirt_host.Observed:
    """Return what libvirt is set to on this node, with one program."""
    began = _began(runner, service)
    return libvirt_host.Observed(
        qemu_conf=files.read(libvirt_host.QEMU_CONF),
        drop_in=files.read(libvirt_host.DROP_IN),
        active=began is not None,
        stale=began is not None and _is_newer(Path(libvirt_host.QEMU_CONF), began),
        autostart=tuple(sorted(path.stem for path in Path(libvirt_host.AUTOSTART).glob("*.xml"))),
    )


def restart(runner: Runner, service: str) -> None:
    """Restart the daemon; domains keep running."""
    runner.run(
        ["systemctl", "restart", f"{service}.service"],
        timeout=120,
        hint=f"see: journalctl -b -u {service}",
    )


def _began(runner: Runner, service: str) -> float | None:
    """Return when the daemon started, by the present clock; None while it is off."""
    wanted = "--property=ActiveState,ExecMainStartTimestampMonotonic"
    said = runner.run(["systemctl", "show", wanted, f"{service}.service"], ok=None).stdout
    words = dict(line.partition("=")[::2] for line in said.splitlines())
    if words.get("ActiveState") != "active":
        return None
    boot = time.time() - time.clock_gettime(time.CLOCK_MONOTONIC)
    return boot + int(words.get("ExecMainStartTimestampMonotonic") or 0) / 1e6


def _is_newer(path: Path, began: float) -> bool:
    """Tell whether ``path`` was written after ``began``.

    So that a run which was killed between write and restart is finished by the next one. A
    file from the future, after the clock was set back, does not count.
    """
    try:
        return began < path.stat().st_mtime <= time.time()
    except FileNotFoundError:
        return False
