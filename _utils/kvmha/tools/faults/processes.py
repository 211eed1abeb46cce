"""Daemons and guests of this node that are killed, and libvirt that is restarted."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable, Sequence
from pathlib import Path

from kvmha.drills import healing
from kvmha.drills.faults import CLUSTER_UNITS, DAEMONS, RESTARTABLE
from kvmha.drills.healing import Piece
from kvmha.errors import KvmhaError
from kvmha.tools import files, services
from kvmha.tools.faults.kind import Facts, Here, Prepared
from kvmha.tools.runner import Runner

_PROC = Path("/proc")
_COMM = 15  # the kernel keeps so many characters of a name
GUESTS = Path("/run/libvirt/qemu")


def prepare_kill(here: Here, arguments: Facts) -> Prepared:
    """Look for the processes of ``daemon``; they are started again where units ran them."""
    name = arguments["daemon"]
    pids = pids_of(name)
    if not pids:
        raise KvmhaError(f"no process of {name} runs on {here.node}", hint=f"see: pgrep -x {name}")
    units = _active(here.runner, list(dict.fromkeys((*DAEMONS[name], *CLUSTER_UNITS))))
    facts = {"pids": pids, "program": name}
    does = f"send SIGKILL to {name} ({_pids(pids)})"
    return Prepared(facts, (does,), _started(units))


def put_kill(_: Here, facts: Facts) -> None:
    """Kill the processes that were found, if they still are what they were."""
    for pid in facts["pids"]:
        _kill(pid, facts["program"])


def prepare_restart(here: Here, arguments: Facts) -> Prepared:
    """Look at ``unit``, by default the daemon of libvirt that runs domains here."""
    wanted = arguments.get("unit")
    active = _active(here.runner, [wanted] if wanted else [f"{n}.service" for n in RESTARTABLE])
    if not active:
        what = wanted or "no daemon of libvirt"
        raise KvmhaError(
            f"{what} {'does not run' if wanted else 'runs'} on {here.node}",
            hint="systemctl list-units 'virt*' 'libvirt*'",
        )
    return Prepared({"unit": active[0]}, (f"restart {active[0]}",), _started(active[:1]))


def put_restart(here: Here, facts: Facts) -> None:
    """Restart the unit."""
    here.runner.run(["systemctl", "restart", facts["unit"]], timeout=180)


def prepare_guest(here: Here, arguments: Facts) -> Prepared:
    """Look for the QEMU of ``vm`` on this node."""
    vm = arguments["vm"]
    text = (files.read(GUESTS / f"{vm}.pid") or "").strip()
    if not text.isdigit() or not _is_guest(int(text), vm):
        raise KvmhaError(f"{vm} does not run on {here.node}", hint=f"crm_resource -W -r vm-{vm}")
    does = f"send SIGKILL to QEMU of {vm} (pid {text})"
    return Prepared({"pid": int(text), "vm": vm}, (does,))


def put_guest(_: Here, facts: Facts) -> None:
    """Kill QEMU, if it still is that of the VM."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(facts["pid"])
        try:
            if _is_guest(facts["pid"], facts["vm"]):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)


def pids_of(program: str, proc: Path = _PROC) -> list[int]:
    """Return the processes whose executable is called ``program``, those of containers excepted.

    The name of a process can be anything; what it executes is the kernel's word.
    """
    own = _link(proc / "self/ns/pid")
    folders = (each for each in proc.iterdir() if each.name.isdigit())
    return sorted(
        int(each.name)
        for each in folders
        if _executes(each, program) and _link(each / "ns/pid") == own
    )


def _executes(folder: Path, program: str) -> bool:
    with contextlib.suppress(OSError):  # it has ended
        if (files.read(folder / "comm") or "").strip() != program[:_COMM]:
            return False
    return Path(_link(folder / "exe").removesuffix(" (deleted)")).name == program


def _kill(pid: int, program: str) -> None:
    """Kill ``pid`` through a handle: a pid can be another process a moment later."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            if _executes(_PROC / str(pid), program):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)


def _is_guest(pid: int, vm: str) -> bool:
    try:
        words = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(word.split(b",")[0] == b"guest=" + vm.encode() for word in words)


def _active(runner: Runner, units: Sequence[str]) -> list[str]:
    states = services.show(runner, units)
    return [unit for unit in units if states[unit][1] in ("active", "reloading", "activating")]


def _started(units: Sequence[str]) -> tuple[Piece, ...]:
    commands = healing.units_started(units)
    return (Piece(f"units {' '.join(units)}", commands),) if commands else ()


def _pids(pids: Iterable[int]) -> str:
    return ", ".join(f"pid {pid}" for pid in pids)


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""
