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
from kvmha.spec import ClusterSpec
from kvmha.tools import files, kernel

HOSTS = "/etc/hosts"


def facts(spec: ClusterSpec) -> dict[str, Any]:
    """Return what a preflight wants to know of this host, see ``kvmha.gates.preflight``."""
    sbd = spec.fencing.sbd
    paths = [*sbd.devices, *(fs.device for fs in spec.storage.filesystems)]
    paths += [disk.device for vm in spec.vms for disk in vm.disks if disk.device]
    links = [address for node in spec.nodes for address in node.links]
    return {
        "hostname": os.uname().nodename,
        "time": time.time(),
        "kvm": Path("/dev/kvm").exists(),
        "memory": memory(),
        "watchdog": Path(sbd.watchdog_device).exists(),
        "watchdog_module": bool(sbd.watchdog_module) and kernel.can_load(sbd.watchdog_module),
        "devices": {path: device(path) for path in paths},
        "addresses": [address for address in links if has_address(address)],
    }


def memory() -> int:
    """Return the bytes of memory this host has, 0 where the kernel does not tell."""
    for line in (files.read("/proc/meminfo") or "").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 0


def device(path: str) -> dict[str, Any]:
    """Return ``kind`` (``block``, ``missing`` or ``other``), ``size`` in bytes and ``serial``.

    ``serial`` is udev's, empty where it knows none.
    """
    try:
        status = Path(path).stat()
    except OSError:
        return {"kind": "missing", "size": 0, "serial": ""}
    if not stat.S_ISBLK(status.st_mode):
        return {"kind": "other", "size": 0, "serial": ""}
    number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    sectors = (files.read(f"/sys/dev/block/{number}/size") or "0").strip()
    udev = files.read(f"/run/udev/data/b{number}") or ""
    words = dict(line[2:].partition("=")[::2] for line in udev.splitlines() if line[:2] == "E:")
    serial = words.get("ID_SERIAL", words.get("ID_WWN", ""))
    return {"kind": "block", "size": int(sectors) * 512, "serial": serial}


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
