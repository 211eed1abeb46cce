"""Shared disks that fail on this node alone, below whatever has them open.

A SCSI disk is set offline (/sys/block/X/device/state), which is how the kernel treats one that
does not answer; a multipath map loses all of its paths so. Any other device-mapper map of plain
targets gets an error table, without flushing: what is in flight fails, as on a dead SAN.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kvmha.build import iscsi as iscsi_paths
from kvmha.drills import faults, healing
from kvmha.drills.healing import Piece
from kvmha.drills.packet_filter import Peer
from kvmha.errors import InvalidInput, KvmhaError, Problem
from kvmha.tools import files, iscsi
from kvmha.tools.faults import cuts
from kvmha.tools.faults.kind import Facts, Here, Prepared
from kvmha.tools.runner import Runner

_SYS = Path("/sys/class/block")
# Tables without secrets (crypt has a key) and without state (a mirror has a log).
_PLAIN = {"linear", "striped"}


def prepare_sbd(here: Here, arguments: Facts) -> Prepared:
    """Look at what makes the disks of SBD fail."""
    sbd = here.spec.fencing.sbd
    disks = arguments.get("devices") or (sbd.devices if sbd else ())
    if not disks:
        raise KvmhaError("this cluster has no disk of SBD", hint="see fencing.sbd.devices")
    return _prepare(here, disks)


def prepare_san(here: Here, _: Facts) -> Prepared:
    """Look at what takes all shared disks from this node: portals are cut, others fail here."""
    paths = [p for t in here.spec.storage.iscsi.targets for p in iscsi_paths.paths_of(t)]
    sessions = iscsi.sessions()
    remote = {disk for names in sessions.values() for disk in names}
    portals = dict.fromkeys(Peer(path.address, path.port) for path in [*paths, *sessions])
    disks = [path for path in faults.shared_disks(here.spec) if not _is_remote(path, remote)]
    if not disks and not portals:
        raise KvmhaError("this cluster has no shared disk", hint="see storage and fencing.sbd")
    ready = _prepare(here, disks)
    if not portals:
        return ready
    cut = cuts.prepare_peers(here, list(portals))
    return Prepared(
        {**ready.facts, **cut.facts}, (*cut.does, *ready.does), (*cut.pieces, *ready.pieces)
    )


def put(here: Here, facts: Facts) -> None:
    """Make the disks of ``facts`` fail, and cut the portals."""
    cuts.put(here, facts)
    for disk in facts["scsi"]:
        _state(disk).write_text("offline\n", encoding="ascii")
    for name, table in facts["maps"].items():
        _swap(here.runner, name, f"0 {_sectors(table)} error")


def in_force(runner: Runner, facts: Facts) -> bool:
    """Tell whether every disk fails, and every portal is cut."""
    offline = all("offline" in (files.read(_state(disk)) or "") for disk in facts["scsi"])
    tables = (runner.run(["dmsetup", "table", name], ok=None).stdout for name in facts["maps"])
    failing = all(table.split()[2:3] == ["error"] for table in tables)
    return offline and failing and cuts.in_force(runner, facts)


def _prepare(here: Here, disks: Sequence[str]) -> Prepared:
    scsi: list[str] = []
    maps: dict[str, str] = {}
    problems = []
    for path in disks:
        try:
            for name in _leaves(path):
                if _is_scsi(name):
                    scsi.append(name)
                else:
                    map_name = (files.read(_SYS / name / "dm/name") or "").strip()
                    maps[map_name] = _plain_table(here.runner, map_name)
        except KvmhaError as error:
            problems.append(Problem(path, error.message, error.hint, "FAULT_DISK"))
    if problems:
        raise InvalidInput(f"the loss of disks of {here.node}", problems)
    scsi = list(dict.fromkeys(scsi))
    facts: dict[str, Any] = {"scsi": scsi, "maps": maps}
    pieces = [Piece(f"disk map {name}", healing.map_restored(name, maps[name])) for name in maps]
    if scsi:
        pieces.append(Piece(f"disks {' '.join(scsi)}", healing.scsi_running(scsi)))
    does = [f"set disk {name} offline" for name in scsi]
    does += [f"give disk map {name} an error table" for name in maps]
    return Prepared(facts, tuple(does), tuple(pieces))


def _leaves(path: str) -> list[str]:
    """Return the names of the disks, or plain maps, that stand for ``path``."""
    if not Path(path).exists():
        raise KvmhaError("there is no such device on this node")
    name = Path(path).resolve().name
    if (_SYS / name / "partition").exists():
        name = (_SYS / name).resolve().parent.name
    if _is_multipath(name):
        return sorted(each.name for each in (_SYS / name / "slaves").iterdir())
    if _is_scsi(name) or (_SYS / name / "dm").exists():
        return [name]
    raise KvmhaError(
        f"{name} is neither a SCSI disk nor a device-mapper map",
        hint="its loss cannot be made on the host: fail it on the SAN",
    )


def _plain_table(runner: Runner, name: str) -> str:
    table = runner.run(["dmsetup", "table", name]).stdout
    kinds = {line.split()[2] for line in table.splitlines()}
    if not kinds <= _PLAIN:
        raise KvmhaError(
            f"map {name} has a table of {', '.join(sorted(kinds))}",
            hint="only linear and striped maps can be made to fail",
        )
    return table


def _swap(runner: Runner, name: str, table: str) -> None:
    runner.run(["dmsetup", "load", name], stdin=f"{table}\n")
    try:
        runner.run(["dmsetup", "suspend", "--noflush", "--nolockfs", name])
    finally:
        # A suspended map holds up every process that touches it.
        runner.run(["dmsetup", "resume", "--noudevsync", name])


def _sectors(table: str) -> int:
    return sum(int(line.split()[1]) for line in table.splitlines())


def _is_multipath(name: str) -> bool:
    return (files.read(_SYS / name / "dm/uuid") or "").startswith("mpath-")


def _is_scsi(name: str) -> bool:
    """Tell whether ``name`` is a SCSI disk; NVMe has a state too, which cannot be set."""
    return (_SYS / name / "device" / "scsi_level").exists()


def _is_remote(path: str, remote: set[str]) -> bool:
    """Tell whether ``path`` stands on disks of iSCSI alone; they go with their portals."""
    name = Path(path).resolve().name
    slaves = _SYS / name / "slaves"
    below = {each.name for each in slaves.iterdir()} if slaves.is_dir() else set()
    return (below or {name}) <= remote


def _state(disk: str) -> Path:
    return _SYS / disk / "device" / "state"
