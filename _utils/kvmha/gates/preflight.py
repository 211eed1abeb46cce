"""Before anything is touched: are these the hosts, disks and clocks that the pillar means?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import kvmha
from kvmha.gates import answers, capacity
from kvmha.gates.disks import judge_disks, judge_initiators, missing, spared
from kvmha.rules.warnings import warnings
from kvmha.spec.model import ClusterSpec, Node
from kvmha.values import duration

Facts = Mapping[str, Any]


def judge(
    spec: ClusterSpec, seen: Mapping[str, Mapping[str, Any] | None], *, window: float
) -> list[str]:
    """Return everything that speaks against starting.

    ``seen`` is node name -> answer of ``kvmha_view.preflight``, ``window`` the seconds within which
    all were given: clocks that differ by less than that cannot be told apart.
    """
    found = [*answers.silent(seen), *answers.broken(seen)]
    facts = _given(seen)
    for node in spec.nodes:
        if node.name in facts:
            for check in _EACH:
                found.extend(f"{node.name}: {line}" for line in check(spec, node, facts[node.name]))
    memory = capacity.judge(spec, _memory(facts))
    disks = [*judge_disks(spec, facts), *judge_initiators(spec, facts)]
    return [*found, *_clocks(spec, facts, window), *disks, *memory]


def notes(spec: ClusterSpec, seen: Mapping[str, Mapping[str, Any] | None]) -> list[str]:
    """Return what is worth to know before starting, and speaks not against it."""
    facts = _given(seen)
    gone = [f"{node}: has no {path}, as SBD lives without" for node, path in spared(spec, facts)]
    return [
        *(str(warning) for warning in warnings(spec)),
        *sorted(gone),
        *_awaited(spec, facts),
        *capacity.notes(spec, _memory(facts)),
    ]


def _given(seen: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Facts]:
    return {
        node: answer
        for node, answer in seen.items()
        if answer is not None and "error" not in answer
    }


def _memory(facts: Mapping[str, Facts]) -> dict[str, int]:
    return {node: each["memory"] for node, each in facts.items() if each.get("memory")}


def _version(_spec: ClusterSpec, _node: Node, facts: Facts) -> Iterator[str]:
    if facts["version"] != kvmha.__version__:
        yield (
            f"has kvmha {facts['version']}, the master {kvmha.__version__} "
            "(hint: salt-run saltutil.sync_all, and upgrade what was installed by pip)"
        )


def _hostname(_spec: ClusterSpec, node: Node, facts: Facts) -> Iterator[str]:
    if facts["hostname"] != node.name:
        yield (
            f"calls itself {facts['hostname']} (hint: nodes[].name must be what `uname -n` prints"
            " there; Pacemaker knows nodes by it)"
        )


def _addresses(_spec: ClusterSpec, node: Node, facts: Facts) -> Iterator[str]:
    for number, address in enumerate(node.links):
        if address not in facts["addresses"]:
            yield f"has no address {address}, that of link {number} (hint: see `ip address`)"


def _watchdog(spec: ClusterSpec, _node: Node, facts: Facts) -> Iterator[str]:
    said = spec.fencing.sbd
    if said is None:
        return
    if users := facts.get("watchdog_users"):
        yield (
            f"{said.watchdog_device} is in use by {', '.join(users)} (hint: SBD wants it for"
            " itself; switch that program's watchdog off (corosync: resources.watchdog_device,"
            " systemd: RuntimeWatchdogSec), or name another in fencing.sbd.watchdog_device)"
        )
    if where := facts.get("watchdog_denied"):
        yield (
            f"{said.watchdog_module} would not be loaded at boot: {where} forbids it (hint: take"
            " it out there, or name another in fencing.sbd.watchdog_module)"
        )
    if facts["watchdog"]:
        return
    if not said.watchdog_module:
        yield (
            f"has no {said.watchdog_device} (hint: load the driver of its hardware"
            " watchdog, or set fencing.sbd.watchdog_module: softdog)"
        )
    elif not facts.get("watchdog_module", True):
        yield (
            f"has no {said.watchdog_device}, and its kernel no module {said.watchdog_module}"
            " (hint: install the kernel's package that carries it, or name another in"
            " fencing.sbd.watchdog_module)"
        )


def _kvm(spec: ClusterSpec, _node: Node, facts: Facts) -> Iterator[str]:
    names = [vm.name for vm in spec.vms if vm.type == "kvm"]
    if names and not facts["kvm"]:
        yield (
            f"has no /dev/kvm, which {', '.join(names)} need (hint: switch virtualisation on in"
            " its firmware; vms[].type: qemu emulates, slowly)"
        )


def _filesystems(spec: ClusterSpec, _node: Node, facts: Facts) -> Iterator[str]:
    for filesystem in spec.storage.filesystems:
        if filesystem.type not in facts["filesystems"]:
            yield (
                f"{facts['platform']} has no {filesystem.type}, the type of {filesystem.name}"
                f" (hint: it has {', '.join(facts['filesystems'])})"
            )


def _refused(_spec: ClusterSpec, _node: Node, facts: Facts) -> Iterator[str]:
    yield from facts.get("refused", ())


_EACH: tuple[Callable[[ClusterSpec, Node, Facts], Iterator[str]], ...] = (
    _version,
    _hostname,
    _addresses,
    _watchdog,
    _kvm,
    _filesystems,
    _refused,
)


def _clocks(spec: ClusterSpec, facts: Mapping[str, Facts], window: float) -> list[str]:
    if len(facts) < 2:
        return []
    times = {node: each["time"] for node, each in facts.items()}
    slow, fast = min(times, key=times.__getitem__), max(times, key=times.__getitem__)
    apart = times[fast] - times[slow] - window
    if apart * 1000 <= spec.time.max_skew:
        return []
    return [
        f"clocks: {slow} is at least {apart:.0f} s behind {fast}, allowed are"
        f" {duration(spec.time.max_skew)} (hint: set time.servers, or mend the clock)"
    ]


def _awaited(spec: ClusterSpec, facts: Mapping[str, Facts]) -> Iterator[str]:
    for node, each in facts.items():
        paths = missing(spec, each)
        if paths and each.get("pending"):
            waits = ", ".join(each["pending"])
            yield (
                f"{node}: {', '.join(paths)}: not there yet; looked for again after"
                f" configuration, which brings {waits}"
            )
