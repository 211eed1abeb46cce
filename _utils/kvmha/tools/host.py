"""What this host is and has, read without starting a program; and files we own on it."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import time
from pathlib import Path
from typing import Any

from kvmha.documents import hosts_file, marked_block
from kvmha.plan import Action, Change, Plan
from kvmha.spec import ClusterSpec, devices
from kvmha.tools import files, iscsi, watchdog

HOSTS = "/etc/hosts"


def facts(spec: ClusterSpec) -> dict[str, Any]:
    """Return what a preflight wants to know of this host, see ``kvmha.gates.preflight``."""
    sbd = spec.fencing.sbd
    links = [address for node in spec.nodes for address in node.links]
    return {
        "hostname": os.uname().nodename,
        "time": time.time(),
        "kvm": Path("/dev/kvm").exists(),
        "memory": memory(),
        **disks(spec),
        "addresses": [address for address in links if has_address(address)],
        **(watchdog.facts(sbd) if sbd else {}),
    }


def disks(spec: ClusterSpec) -> dict[str, Any]:
    """Return ``devices`` of ``spec`` as seen here, what is ``pending``, and our ``initiator``."""
    return {
        "devices": {path: device(path) for path in devices.paths(spec)},
        "pending": [*iscsi.pending(spec), *_unnamed(spec)],
        "initiator": iscsi.initiator_name() if spec.storage.iscsi.targets else None,
    }


def memory() -> int:
    """Return the bytes of memory this host has, 0 where the kernel does not tell."""
    for line in (files.read("/proc/meminfo") or "").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 0


def device(path: str) -> dict[str, Any]:
    """Return ``kind`` (``block``, ``missing`` or ``other``), ``size``, ``serial`` and ``wwid``.

    ``size`` is in bytes. ``serial`` is udev's, ``wwid`` the kernel's as multipath writes it; both
    are empty where there is none. The disk over several paths has the WWID of each of them.
    """
    nothing = {"size": 0, "serial": "", "wwid": ""}
    try:
        status = Path(path).stat()
    except OSError:
        return {"kind": "missing", **nothing}
    if not stat.S_ISBLK(status.st_mode):
        return {"kind": "other", **nothing}
    number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    sectors = (files.read(f"/sys/dev/block/{number}/size") or "0").strip()
    udev = files.read(f"/run/udev/data/b{number}") or ""
    words = dict(line[2:].partition("=")[::2] for line in udev.splitlines() if line[:2] == "E:")
    serial = words.get("ID_SERIAL", words.get("ID_WWN", ""))
    size = int(sectors) * 512
    return {"kind": "block", "size": size, "serial": serial, "wwid": wwid(number)}


def wwid(number: str, root: Path = Path("/")) -> str:
    """Return the WWID of the block device ``number`` (``8:16``), empty where it has none.

    multipath writes the type of a name by its digit, 3 for NAA and 2 for EUI; the kernel by its
    word (drivers/scsi/scsi_lib.c, scsi_vpd_lun_id). Numbers of partitions give nothing.
    """
    folder = root / "sys/dev/block" / number
    of_map = (files.read(folder / "dm/uuid") or "").strip()
    if of_map.startswith("mpath-"):
        return of_map.removeprefix("mpath-")
    text = (files.read(folder / "device/wwid") or files.read(folder / "wwid") or "").strip()
    for word, digit in (("naa.", "3"), ("eui.", "2")):
        if text.startswith(word):
            return digit + text.removeprefix(word)
    return text


def disks_missing(spec: ClusterSpec) -> list[str]:
    """Return why disks of ``spec`` cannot be used on this host yet; nothing when all are there."""
    found = {path: device(path)["kind"] for path in devices.paths(spec)}
    return [f"{path}: {kind}" for path, kind in found.items() if kind != "block"]


def disks_awaited(spec: ClusterSpec) -> list[str]:
    """Return the disks that are missing while a login, or a name of multipath, is to come."""
    if not (iscsi.pending(spec) or _unnamed(spec)):
        return []
    return [path for path in devices.paths(spec) if device(path)["kind"] == "missing"]


def _unnamed(spec: ClusterSpec) -> list[str]:
    """Return the names that multipath has not given to their disks."""
    names = (f"/dev/mapper/{each.name}" for each in spec.storage.multipath.aliases)
    return [f"multipath:{name}" for name in names if device(name)["kind"] == "missing"]


def has_address(address: str) -> bool:
    """Tell whether ``address`` is one of this host's: only such a one can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def mounts() -> dict[str, dict[str, str]]:
    """Return mount point -> ``device`` and ``type``, from /proc/self/mounts."""
    found = {}
    for line in (files.read("/proc/self/mounts") or "").splitlines():
        source, point, kind, *_ = line.split()
        found[point.replace("\\040", " ")] = {"device": source, "type": kind}
    return found


def fingerprint(path: str) -> str:
    """Return the SHA-256 of a file, empty when it does not exist."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def plan_block(path: str, wanted: list[str], *, name: str) -> Plan:
    """Return what makes our block in ``path`` hold the lines ``wanted``, called ``name``."""
    text = files.read(path) or ""
    if wanted and (marked_block.lines_of(text) or []) == wanted:
        return Plan()
    if not wanted and marked_block.lines_of(text) is None:
        return Plan()
    old = marked_block.lines_of(text)
    action = Action.CREATE if old is None else Action.UPDATE if wanted else Action.DELETE
    change = Change(action, name, "\n".join(old or []) or None, "\n".join(wanted) or None)
    return Plan((change,), hashlib.sha256(text.encode()).hexdigest())


def write_block(path: str, wanted: list[str]) -> None:
    """Make our block in ``path`` hold the lines ``wanted``; the rest of the file is kept."""
    files.write(path, marked_block.replace(files.read(path) or "", wanted))


def plan_names(spec: ClusterSpec, path: str = HOSTS) -> Plan:
    """Return what makes ``/etc/hosts`` know every node by its address on link 0."""
    text = files.read(path) or ""
    wanted = {node.name: node.links[0] for node in spec.nodes}
    notes = tuple(
        f"{path} says otherwise, outside our block: {line}"
        for line in hosts_file.contradictions(text, wanted)
    )
    plan = plan_block(path, hosts_file.block(wanted), name="hosts:cluster")
    return Plan(plan.changes, plan.base, notes)


def apply_names(spec: ClusterSpec, path: str = HOSTS) -> None:
    """Write what ``plan_names`` found to be missing."""
    write_block(path, hosts_file.block({node.name: node.links[0] for node in spec.nodes}))
