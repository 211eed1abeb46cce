"""What this node can say of the VMs it may get by migration: kvmha.gates.migration judges it."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kvmha.build import domain as build
from kvmha.build import libvirt_host
from kvmha.documents import domain, domain_needs
from kvmha.documents.domain_needs import Needs
from kvmha.errors import CommandFailed, KvmhaError
from kvmha.spec.model import ClusterSpec, Node
from kvmha.spec.vms import Vm
from kvmha.tools import files
from kvmha.tools.libvirt import SYSTEM
from kvmha.tools.runner import Runner

_TIMEOUT = 20.0  # seconds for this node's libvirt to answer
_FIRST_PORT = 49152  # libvirt's own (qemu.conf, migration_port_min)


def facts(runner: Runner, spec: ClusterSpec, node: str) -> dict[str, Any]:
    """Return ``memory`` (bytes that are free), ``cpus``, ``vms`` and ``peers``.

    ``vms`` has for every VM that moves: ``xml`` (empty when it can be read, ``absent``, or why
    not), what is there of its disks, bridges, networks and volumes (name -> bool), its CPU, and
    whether it runs here. ``peers`` is node -> why a VM cannot be sent there from here.
    """
    moving = [vm for vm in spec.vms if vm.migrate]
    running = {path.stem for path in Path(libvirt_host.RUNNING).glob("*.xml")}
    found = {vm.name: _vm(runner, spec, vm) | {"runs": vm.name in running} for vm in moving}
    kinds = sorted({each["virttype"] for each in found.values() if each["cpu_mode"]})
    return {
        "memory": _free(),
        "cpus": {kind: _cpus(runner, kind) for kind in kinds},
        "vms": found,
        "peers": peers(runner, spec, node) if moving else {},
    }


def peers(runner: Runner, spec: ClusterSpec, node: str) -> dict[str, str]:
    """Return node -> why a VM cannot be sent there from ``node``, this one; empty where it can.

    Libvirt there is asked over the very connection of a migration, and the first port for the
    guests' memory is knocked at: a refusal there says that nothing filters it.
    """
    others = [each for each in spec.nodes if each.name != node]
    with ThreadPoolExecutor(max_workers=max(len(others), 1)) as pool:
        answers = pool.map(lambda each: _peer(runner, spec, each), others)
        return {each.name: why for each, why in zip(others, answers, strict=True)}


def remote_uri(spec: ClusterSpec, node: str) -> str:
    """Return the URI of libvirt on ``node`` as the agent makes it (VirtualDomain, migrate_to)."""
    said = spec.libvirt.migration
    user = f"{said.user}@" if said.user else ""
    scheme, _, rest = SYSTEM.partition("://")
    return f"{scheme}+{said.transport}://{user}{node}{rest}"


def _peer(runner: Runner, spec: ClusterSpec, node: Node) -> str:
    uri = remote_uri(spec, node.name)
    batch = "?no_tty=1" if spec.libvirt.migration.transport == "ssh" else ""
    try:
        runner.run(
            ["virsh", "-q", "-c", f"{uri}{batch}", "hostname"],
            timeout=spec.deadlines.answer / 1000,
        )
    except CommandFailed as error:
        why = error.output.splitlines()[-1] if error.output else error.message
        return f"{uri}: {why.removeprefix('error: ').strip()}"
    return _knock(node.links[spec.libvirt.migration.link or 0], spec)


def _knock(address: str, spec: ClusterSpec) -> str:
    port = spec.libvirt.migration.port_min or _FIRST_PORT
    try:
        with socket.create_connection((address, port), timeout=5):
            return ""
    except ConnectionRefusedError:
        return ""
    except OSError as error:
        return f"{address}, port {port}: {error.strerror or error}"


def _vm(runner: Runner, spec: ClusterSpec, vm: Vm) -> dict[str, Any]:
    path = build.xml_path(spec, vm)
    found, why = None, "absent"
    try:
        text = files.read(path)
        if text is not None:
            found, why = domain.parse(text, where=path), ""
    except OSError as error:
        why = error.strerror or str(error)
    except KvmhaError as error:
        why = str(error)
    wanted = domain_needs.needs(build.build(spec, vm) if found is None else found)
    return {
        "xml": why,
        "virttype": wanted.virttype,
        "cpu_mode": wanted.cpu_mode,
        "cpu_model": wanted.cpu_model,
        **_present(runner, wanted),
    }


def _present(runner: Runner, wanted: Needs) -> dict[str, dict[str, bool]]:
    return {
        "disks": {path: os.access(path, os.R_OK | os.W_OK) for path in wanted.paths},
        "bridges": {
            name: Path("/sys/class/net", name, "bridge").is_dir() for name in wanted.bridges
        },
        "networks": {name: _is_active(runner, "net-info", name) for name in wanted.networks},
        "pools": {
            pool: _is_active(runner, "pool-info", pool)
            for pool in dict.fromkeys(pool for pool, _ in wanted.volumes)
        },
    }


def _is_active(runner: Runner, verb: str, name: str) -> bool:
    said = runner.run(["virsh", "-r", "-c", SYSTEM, verb, name], ok=None, timeout=_TIMEOUT).stdout
    words = dict(line.partition(":")[::2] for line in said.splitlines())
    return words.get("Active", words.get("State", "")).strip() in ("yes", "running")


def _cpus(runner: Runner, virttype: str) -> dict[str, Any]:
    argv = ["virsh", "-r", "-c", SYSTEM, "domcapabilities", "--virttype", virttype]
    try:
        return domain_needs.cpus(runner.run(argv, timeout=_TIMEOUT).stdout).to_dict()
    except KvmhaError as error:
        return {"error": str(error)}


def _free() -> int:
    """Return the bytes of memory that a new process could get, 0 where the kernel does not tell."""
    for line in (files.read("/proc/meminfo") or "").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0
