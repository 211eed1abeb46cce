"""One look at the cluster from this node: three programs, all at the same time.

Nothing here raises for what cannot be seen: that is told in ``errors``, beside all that was.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from kvmha.build import domain
from kvmha.documents import corosync_seen, crm_mon, fencing_log
from kvmha.errors import CommandFailed, KvmhaError
from kvmha.spec.model import ClusterSpec
from kvmha.tools import corosync, files, host, images, sbd
from kvmha.tools.at_once import at_once
from kvmha.tools.libvirt import Libvirt
from kvmha.tools.runner import Runner
from kvmha.view.snapshot import Link, NodeSeen

SECONDS = 5.0
_CRM_MON = ("crm_mon", "--one-shot", "--inactive", "--output-as=xml")
_NOT_CONNECTED = (102, 107)
_FLAGS = ("standby", "maintenance", "pending", "unclean")
_LOCKSPACES = Path("/sys/kernel/dlm")
_SLOTS = "slots of "
LOG = Path("/var/log/pacemaker/pacemaker.log")
_TAIL = 4 << 20  # bytes


def look(
    runner: Runner,
    spec: ClusterSpec,
    name: str,
    *,
    light: bool = False,
    seconds: float = SECONDS,
) -> NodeSeen:
    """Return what is seen of the cluster from here, the node ``name``.

    ``light`` leaves out what reads shared disks: SBD's slots and heartbeats from serial lines.
    No program and no disk is waited for longer than ``seconds``. Safe at any time.
    """
    names = corosync.node_names(files.read(corosync.CONF)) or {
        str(node.id): node.name for node in spec.nodes
    }
    looks: dict[str, Callable[[], Any]] = {
        "corosync": lambda: _quorum(runner, names, seconds),
        "links": lambda: _links(runner, names, seconds),
        "pacemaker": lambda: _pacemaker(runner, seconds),
        "libvirt": Libvirt(runner).domains,
        "addresses": addresses,
        "mounts": lambda: tuple(sorted(_of_disks(host.mounts()))),
        "lockspaces": lockspaces,
        "uptime": lambda: float((files.read("/proc/uptime") or "0").split()[0]),
    }
    if not light:
        looks |= {f"{_SLOTS}{disk}": _reader(disk) for disk in spec.fencing.disks}
        looks["heartbeats"] = lambda: _serial(spec)
        looks["log"] = fenced
    found, errors = at_once(looks, seconds + 0.5)
    links = tuple(Link(*one) for one in found.get("links", ()))
    domains = found.get("libvirt", {})
    return NodeSeen(
        name,
        answered=True,
        links=links,
        domains={each.name: each.state for each in domains.values()},
        addresses=found.get("addresses", ()),
        mounts=found.get("mounts", ()),
        lockspaces=found.get("lockspaces", ()),
        heartbeats=_heartbeats(spec, domains, found.get("heartbeats", {})),
        slots={key.removeprefix(_SLOTS): one for key, one in found.items() if _SLOTS in key},
        fenced=tuple(found.get("log", ())),
        errors=errors,
        uptime=found.get("uptime", 0.0),
        **found.get("corosync", {}),
        **found.get("pacemaker", {}),
    )


def addresses(root: Path = Path("/")) -> tuple[str, ...]:
    """Return this host's addresses but those of its loopback, from the kernel's tables."""
    found = []
    last = ""
    for line in (files.read(root / "proc/net/fib_trie") or "").splitlines():
        if leaf := re.search(r"\|-- ([\d.]+)", line):
            last = leaf[1]
        elif "/32 host LOCAL" in line and not last.startswith("127."):
            found.append(last)
    for line in (files.read(root / "proc/net/if_inet6") or "").splitlines():
        digits, _, _, scope, *_ = line.split()
        if scope == "00":  # global
            found.append(str(ipaddress.IPv6Address(int(digits, 16))))
    return tuple(sorted(set(found)))


def fenced(path: Path = LOG) -> list[dict[str, Any]]:
    """Return what devices did to nodes from here, by the end of Pacemaker's log."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(stream.seek(0, os.SEEK_END) - _TAIL, 0))
            lines = stream.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return list(fencing_log.events(lines, datetime.now()))


def lockspaces(folder: Path = _LOCKSPACES) -> tuple[str, ...]:
    """Return the lockspaces of DLM that this node has joined."""
    return tuple(sorted(each.name for each in folder.iterdir())) if folder.is_dir() else ()


def _of_disks(mounts: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return where a disk is mounted."""
    return [point for point, one in mounts.items() if one["device"].startswith("/")]


def _quorum(runner: Runner, names: Mapping[str, str], seconds: float) -> dict[str, Any]:
    done = runner.run(["corosync-quorumtool", "-s"], ok=None, timeout=seconds)
    if "Quorate:" not in done.stdout:
        return {}
    needed, flags = corosync_seen.votes(done.stdout)
    seen = corosync.parse_quorum(done.stdout, names)
    members = tuple(seen.pop("members"))
    return {"corosync": True, "members": members, "needed": needed, "quorum_flags": flags, **seen}


def _links(runner: Runner, names: Mapping[str, str], seconds: float) -> list[Any]:
    done = runner.run(["corosync-cfgtool", "-s"], ok=None, timeout=seconds)
    return corosync_seen.links(done.stdout, names)


def _pacemaker(runner: Runner, seconds: float) -> dict[str, Any]:
    done = runner.run(_CRM_MON, ok=None, timeout=seconds)
    if done.returncode in _NOT_CONNECTED:
        return {}
    if done.returncode != 0:
        raise CommandFailed(done.argv, done.returncode, done.output)
    return of_crm_mon(crm_mon.parse(done.stdout))


def of_crm_mon(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of NodeSeen that are Pacemaker's, from ``crm_mon.parse``."""
    resources: dict[str, set[str]] = {}
    troubles: dict[str, set[str]] = {}
    for each in said["resources"]:
        name = each["id"].partition(":")[0]
        resources.setdefault(name, set()).update(each["nodes"] if each["active"] else ())
        words = {word for word in ("failed", "blocked", "orphaned") if each[word]}
        words |= set() if each["managed"] else {"unmanaged"}
        if words:
            troubles.setdefault(name, set()).update(words)
    flags = {
        node: tuple(flag for flag in _FLAGS if one[flag]) for node, one in said["nodes"].items()
    }
    return {
        "pacemaker": True,
        "dc": said["dc"] or "",
        "online": tuple(node for node, one in said["nodes"].items() if one["online"]),
        "flags": {node: words for node, words in flags.items() if words},
        "resources": {name: tuple(sorted(nodes)) for name, nodes in resources.items()},
        "troubles": {name: tuple(sorted(words)) for name, words in troubles.items()},
        "failures": tuple(map(_failure, said["failures"])),
        "fencing_history": tuple(said["fencing_history"]),
        "options": said["options"],
    }


def _failure(one: Mapping[str, str]) -> str:
    reason = one.get("exitreason") or ""
    when = one.get("last-rc-change") or ""
    said = f"{one.get('op_key')} on {one.get('node')}: {one.get('exitstatus')}"
    return said + (f" ({reason})" if reason else "") + (f", {when}" if when else "")


def _reader(disk: str) -> Callable[[], dict[str, str]]:
    def read() -> dict[str, str]:
        header, slots = sbd.read_header(disk)
        if header is None:
            raise KvmhaError(f"{disk} carries no SBD header")
        return slots

    return read


def _serial(spec: ClusterSpec) -> dict[str, int]:
    return {
        vm.name: images.tail(domain.serial_log(spec, vm))[0]
        for vm in spec.vms
        if vm.heartbeat == "serial"
    }


def _heartbeats(
    spec: ClusterSpec, domains: Mapping[str, Any], serial: Mapping[str, int]
) -> dict[str, int]:
    """Return what moves while a VM lives, of those that are active here."""
    found = {}
    for vm in spec.vms:
        here = domains.get(vm.name)
        if here is None or not here.active:
            continue
        value = serial.get(vm.name) if vm.heartbeat == "serial" else here.cpu_time
        if value is not None:
            found[vm.name] = value
    return found
