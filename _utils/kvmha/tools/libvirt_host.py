"""libvirt's daemon on this node: what its files say, and whether it has read them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kvmha.build import libvirt_host, libvirt_tcp
from kvmha.documents import qemu_conf
from kvmha.errors import CommandFailed
from kvmha.plan import Plan
from kvmha.spec.model import ClusterSpec
from kvmha.tools import files
from kvmha.tools.libvirt import Libvirt
from kvmha.tools.runner import Runner
from kvmha.wait import eventually

_SHOWN = "ActiveState,UnitFileState,ExecMainStartTimestampMonotonic"


@dataclass(frozen=True)
class Host:
    """This node: its libvirt daemon, and the id of its minion."""

    service: str
    minion: str


def observe_host(runner: Runner, service: str) -> libvirt_host.Observed:
    """Return what libvirt is set to on this node, with one program."""
    names = [f"{service}.service", libvirt_host.VIRTLOCKD, libvirt_tcp.socket(service)]
    daemon, locks, tcp = _show(runner, names)
    began = _began(daemon)
    conf = libvirt_tcp.conf_path(service)
    read = [libvirt_host.QEMU_CONF, libvirt_host.LOCKD_CONF]
    read += [conf] if libvirt_tcp.daemon(service) == service else []
    return libvirt_host.Observed(
        qemu_conf=files.read(libvirt_host.QEMU_CONF),
        lockd_conf=files.read(libvirt_host.LOCKD_CONF),
        drop_in=files.read(libvirt_host.DROP_IN),
        active=began is not None,
        stale=began is not None and any(_is_newer(Path(path), began) for path in read),
        virtlockd=_listens(locks),
        autostart=_names(libvirt_host.AUTOSTART),
        running=_names(libvirt_host.RUNNING),
        tcp=libvirt_tcp.Observed(
            conf=files.read(conf),
            drop_in=files.read(libvirt_tcp.drop_in_path(service)),
            listens=_listens(tcp),
        ),
    )


def apply_host(
    runner: Runner, spec: ClusterSpec, host: Host, seen: libvirt_host.Observed, todo: Plan
) -> None:
    """Do what ``build.libvirt_host.plan`` found; restart the daemon if it runs and must read.

    Domains keep running.
    """
    service, minion = host.service, host.minion
    addresses = {change.address for change in todo.changes}
    drop_in = libvirt_tcp.drop_in(spec, minion)
    moved = f"file:{libvirt_tcp.drop_in_path(service)}" in addresses
    if moved and drop_in is None:
        # While the drop-in is there: without it the socket would listen everywhere.
        runner.run(["systemctl", "disable", "--now", libvirt_tcp.socket(service)], timeout=120)
    _write_units(runner, service, addresses, drop_in)
    for address in sorted(addresses):
        if address.startswith("domain:"):
            Libvirt(runner).disable_autostart(address.split(":")[1])
    written = _write_files(spec, service, seen, minion)
    if f"service:{libvirt_host.VIRTLOCKD}" in addresses:
        runner.run(["systemctl", "enable", "--now", libvirt_host.VIRTLOCKD], timeout=120)
    if f"service:{libvirt_tcp.socket(service)}" in addresses:
        _listen(runner, service)
    elif moved and libvirt_tcp.daemon(service) != service:
        runner.run(["systemctl", "try-restart", f"{libvirt_tcp.daemon(service)}.service"])
    if seen.active and (written or moved or seen.stale):
        restart(runner, service)


def restart(runner: Runner, service: str) -> None:
    """Restart the daemon; domains keep running."""
    runner.run(
        ["systemctl", "restart", f"{service}.service"],
        timeout=120,
        hint=f"see: journalctl -b -u {service}",
    )


def _write_units(runner: Runner, service: str, addresses: set[str], tcp: str | None) -> None:
    path = libvirt_tcp.drop_in_path(service)
    ours = {f"file:{libvirt_host.DROP_IN}", f"file:{path}"} & addresses
    if f"file:{libvirt_host.DROP_IN}" in addresses:
        files.write(libvirt_host.DROP_IN, libvirt_host.drop_in(service) or "")
    if f"file:{path}" in addresses:
        if tcp is None:
            Path(path).unlink(missing_ok=True)
        else:
            files.write(path, tcp)
    if ours:
        runner.run(["systemctl", "daemon-reload"])


def _write_files(spec: ClusterSpec, service: str, seen: libvirt_host.Observed, minion: str) -> bool:
    """Write the daemon's files that are not as wanted; tell whether there was one."""
    tcp = libvirt_tcp.settings(spec, minion, seen.tcp)
    listening = seen.tcp.conf or ""
    wanted = {
        libvirt_host.LOCKD_CONF: libvirt_host.wanted_lockd_conf(spec, seen),
        libvirt_host.QEMU_CONF: libvirt_host.wanted_qemu_conf(spec, seen, minion),
        libvirt_tcp.conf_path(service): (
            qemu_conf.edit(listening, tcp) if qemu_conf.diff(listening, tcp) else None
        ),
    }
    for path, text in wanted.items():
        if text is not None:
            files.write(path, text)
    return any(text is not None for text in wanted.values())


def _listen(runner: Runner, service: str) -> None:
    """Have systemd listen for the daemon, which must be off for that moment.

    Whoever asks libvirt anything meanwhile, as the cluster's monitors do, has it started again,
    and systemd then refuses: so this is tried again.
    """
    unit, daemon = libvirt_tcp.socket(service), libvirt_tcp.daemon(service)

    def refused() -> str:
        try:
            runner.run(["systemctl", "stop", f"{daemon}.service"], timeout=120)
            runner.run(["systemctl", "restart", unit])
        except CommandFailed as error:
            return str(error)
        return ""

    runner.run(["systemctl", "enable", unit])
    eventually(refused, timeout=30, interval=0.5)
    if daemon == service:
        with contextlib.suppress(CommandFailed):  # the socket starts it when it is asked
            runner.run(["systemctl", "start", f"{daemon}.service"], timeout=120)


def _show(runner: Runner, units: Sequence[str]) -> list[dict[str, str]]:
    """Return the properties of each of ``units``, with one program."""
    said = runner.run(["systemctl", "show", f"--property={_SHOWN}", *units], ok=None).stdout
    blocks = said.strip().split("\n\n")
    found = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in blocks]
    return [*found, *({} for _ in units)][: len(units)]


def _listens(unit: dict[str, str]) -> bool:
    return unit.get("ActiveState") == "active" and unit.get("UnitFileState") == "enabled"


def _names(folder: str) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in Path(folder).glob("*.xml")))


def _began(daemon: dict[str, str]) -> float | None:
    """Return when the daemon started, by the present clock; None while it is off."""
    if daemon.get("ActiveState") != "active":
        return None
    boot = time.time() - time.clock_gettime(time.CLOCK_MONOTONIC)
    return boot + int(daemon.get("ExecMainStartTimestampMonotonic") or 0) / 1e6


def _is_newer(path: Path, began: float) -> bool:
    """Tell whether ``path`` was written after ``began``.

    So that a run which was killed between write and restart is finished by the next one. A
    file from the future, after the clock was set back, does not count.
    """
    try:
        return began < path.stat().st_mtime <= time.time()
    except FileNotFoundError:
        return False
