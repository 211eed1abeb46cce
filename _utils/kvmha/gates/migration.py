"""May each VM that moves live really come to each node? Judged before the cluster may try."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kvmha.gates import answers
from kvmha.gates.answers import Observations
from kvmha.spec.model import ClusterSpec
from kvmha.spec.vms import Vm
from kvmha.values import size

Facts = Mapping[str, Any]
Reasons = list[str]
Matrix = dict[str, dict[str, Reasons]]

_ASPECT = "migration"
_PORTS = "49152-49215/tcp, or libvirt.migration.port_min to port_max"


def judge(spec: ClusterSpec, seen: Observations) -> list[str]:
    """Return a line for each VM and node that would break it, with the reason and a next step."""
    found = [*answers.silent(seen), *answers.broken(seen, _ASPECT)]
    for name, row in matrix(spec, seen).items():
        for node, reasons in row.items():
            found += [f"{name} on {node}: {reason}" for reason in reasons]
    return found


def matrix(spec: ClusterSpec, seen: Observations) -> Matrix:
    """Return VM -> node -> what would break the VM there; nothing where it may come.

    Nodes that a VM avoids are left out, as are those that did not answer.
    """
    facts = dict(answers.of(seen, _ASPECT))
    return {
        vm.name: {
            node: [
                *_own(vm, node, facts),
                *_cpu(vm, node, facts),
                *_ways(vm, node, facts),
            ]
            for node in facts
            if node not in vm.avoid
        }
        for vm in spec.vms
        if vm.migrate
    }


def table(spec: ClusterSpec, seen: Observations) -> list[str]:
    """Return the matrix as lines of text, one for each VM, one column for each node."""
    rows = matrix(spec, seen)
    if not rows:
        return ["no VM moves live (vms[].migrate)"]
    facts = dict(answers.of(seen, _ASPECT))
    nodes = [node.name for node in spec.nodes]
    cells = [["vm", *nodes]]
    for name, row in rows.items():
        runs = {node: each["vms"].get(name, {}).get("runs") for node, each in facts.items()}
        cells.append([name, *(_cell(node, row, runs) for node in nodes)])
    widths = [max(len(line[at]) for line in cells) for at in range(len(nodes) + 1)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def _cell(node: str, row: Mapping[str, Reasons], runs: Mapping[str, bool | None]) -> str:
    if node not in row:
        return "?" if node not in runs else "avoids"
    if row[node]:
        return "NO"
    return "runs" if runs.get(node) else "ok"


def _own(vm: Vm, node: str, facts: Mapping[str, Facts]) -> Iterator[str]:
    """Yield what ``node`` itself lacks: the XML, what it names, memory."""
    mine = facts[node]["vms"][vm.name]
    if mine["xml"] not in ("", "absent"):
        yield f"its domain XML cannot be read: {mine['xml']}"
    elif mine["xml"] and _anywhere(vm, facts, lambda each: each["xml"] == ""):
        yield "its domain XML is not there (hint: is the filesystem mounted? see: crm_mon -1r)"
    for path, there in mine["disks"].items():
        # What is nowhere is still to be made.
        if not there and _anywhere(vm, facts, lambda each, path=path: each["disks"].get(path)):
            yield f"its disk {path} is not there (hint: is it mounted, is the LUN mapped?)"
    for kind, hint in _NAMED.items():
        for name, there in mine[f"{kind}s"].items():
            if not there:
                yield f"there is no active {kind} {name} (hint: {hint})"
    free = facts[node]["memory"]
    if not mine["runs"] and free and vm.memory > free:
        yield (
            f"needs {size(vm.memory)} of memory, free are {free // 1024**2}MiB"
            f" (hint: move or shrink other VMs, or vms[].avoid: [{node}])"
        )


_NAMED = {
    "bridge": "make it as on the other nodes, see: ip link",
    "network": "virsh net-start, or params start_resources",
    "pool": "virsh pool-start, or params start_resources",
}


def _cpu(vm: Vm, node: str, facts: Mapping[str, Facts]) -> Iterator[str]:
    """Yield what ``node``'s processor lacks; a VM without a CPU of its own takes QEMU's."""
    mine = facts[node]["vms"][vm.name]
    mode, model = mine["cpu_mode"], mine["cpu_model"]
    if not mode:
        return
    have = facts[node]["cpus"].get(mine["virttype"], {})
    if "error" in have:
        yield f"its CPUs are not known: {have['error']}"
    elif mode == "custom" and model and model not in have["models"]:
        yield f"its processor cannot be the model {model} (hint: name an older one)"
    elif mode != "custom":
        yield from _host_cpu(vm, node, facts, mode)


def _host_cpu(vm: Vm, node: str, facts: Mapping[str, Facts], mode: str) -> Iterator[str]:
    virttype = facts[node]["vms"][vm.name]["virttype"]
    have = facts[node]["cpus"][virttype]
    for other, each in facts.items():
        their = each["cpus"].get(virttype, {})
        if other == node or other in vm.avoid or "error" in their or not their:
            continue
        lacks = sorted({*their["host_features"]} - {*have["host_features"]})
        exact = mode == "host-passthrough" and their["host_model"] != have["host_model"]
        if lacks or exact:
            what = f"lacks {', '.join(lacks)}" if lacks else f"is of the model {have['host_model']}"
            yield (
                f"with {mode}, as {other} has it, its processor {what}"
                " (hint: name a CPU model that all nodes have)"
            )


def _ways(vm: Vm, node: str, facts: Mapping[str, Facts]) -> Iterator[str]:
    """Yield why other nodes cannot send the VM to ``node``."""
    for other, each in facts.items():
        why = each["peers"].get(node)
        if why and other not in vm.avoid:
            hint = f"open {_PORTS}" if ", port " in why else "see: salt-call libvirt_migration.plan"
            yield f"{other} cannot send it there: {why} (hint: {hint})"


def _anywhere(vm: Vm, facts: Mapping[str, Facts], holds: Any) -> bool:
    return any(holds(each["vms"][vm.name]) for each in facts.values())
