"""The faults that a drill can make on a node: their names, their arguments, what they do.

Each is made of what a reboot forgets, so that no record has to outlast one: rules of the kernel's
packet filter, states of devices below /sys, processes, the clock. Only a node that was powered
off does not come back by itself, where it has no clock that wakes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kvmha.errors import InvalidInput, Problem
from kvmha.spec import ClusterSpec, devices
from kvmha.values import milliseconds, nearest, size_bytes

# Daemon (the name of its program) -> units that may run it, and can be started. dlm_controld is
# Pacemaker's, too; sbd.service starts with corosync alone (RefuseManualStart).
DAEMONS: Mapping[str, tuple[str, ...]] = {
    "corosync": ("corosync.service",),
    "corosync-qdevice": ("corosync-qdevice.service",),
    "pacemakerd": ("pacemaker.service",),
    "sbd": (),
    "libvirtd": ("libvirtd.service",),
    "virtqemud": ("virtqemud.service",),
    "dlm_controld": ("dlm.service",),
    "lvmlockd": ("lvmlockd.service",),
}
# What a cluster stops with one of its daemons, and heals by starting: the last needs the first.
CLUSTER_UNITS = ("corosync.service", "pacemaker.service")
# Units that may be restarted: those under the virtual machines, not those that hold membership.
RESTARTABLE = (
    *("libvirtd", "virtqemud", "virtlogd", "virtlockd", "virtnetworkd", "virtstoraged"),
    *("virtnodedevd", "virtsecretd", "virtproxyd", "virtinterfaced", "virtnwfilterd"),
)


@dataclass(frozen=True)
class Fault:
    """One fault: its arguments with their kinds, those it cannot do without, what it is.

    ``lasts`` is False for what happens in a moment (a kill): it is never found in force.
    """

    about: str
    heals: str
    arguments: Mapping[str, str]
    needed: tuple[str, ...] = ()
    lasts: bool = True


_RULES = "taking our rules out of the packet filter"
_STARTED = "starting the units that ran before"
FAULTS: Mapping[str, Fault] = {
    "cut": Fault(
        "drop every packet from and to the link addresses of `peers`, or of their `links` alone",
        _RULES,
        {"peers": "nodes", "links": "links"},
        ("peers",),
    ),
    "isolate": Fault("cut off every other node, on all links", _RULES, {}),
    "link_down": Fault(
        "cut off every other node on `links`", _RULES, {"links": "links"}, ("links",)
    ),
    "sbd_disk_loss": Fault(
        "make the I/O of SBD's `devices` fail (all of them, where none is named)",
        "giving devices and maps their state back",
        {"devices": "devices"},
    ),
    "san_loss": Fault(
        "make the I/O of every shared disk fail: iSCSI portals are cut, others fail here",
        "giving devices and maps their state back, and " + _RULES,
        {},
    ),
    "kill": Fault(
        "SIGKILL the processes of `daemon`",
        _STARTED,
        {"daemon": "daemon"},
        ("daemon",),
        lasts=False,
    ),
    "freeze": Fault(
        "stop every process but init for `seconds` (30); the kernel lives on",
        "letting them go on",
        {"seconds": "seconds"},
    ),
    "power_off": Fault("power off at once, nothing is synced", "power", {}, lasts=False),
    "crash": Fault(
        "`how: reboot` (default) at once, nothing is synced, or `panic` the kernel",
        "the boot that follows",
        {"how": "how"},
        lasts=False,
    ),
    "fill": Fault(
        "fill `filesystem` (the first, where none is named) but for `headroom` (0)",
        "ending the process that holds the space: its file has no name",
        {"filesystem": "filesystem", "headroom": "size"},
    ),
    "clock_jump": Fault(
        "stop the time service and set the clock `seconds` ahead, or back",
        "setting it to what it would be, by the monotonic clock, and starting the service",
        {"seconds": "shift"},
        ("seconds",),
    ),
    "restart": Fault(
        "restart `unit` of libvirt (the daemon of QEMU)", _STARTED, {"unit": "unit"}, lasts=False
    ),
    "kill_guest": Fault(
        "SIGKILL the QEMU of `vm`", "Pacemaker, which starts it", {"vm": "vm"}, ("vm",), lasts=False
    ),
}


def read(spec: ClusterSpec, node: str, fault: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``fault`` on ``node``, each as its kind wants it.

    Times are seconds, sizes bytes, one name is a list of it. Raises InvalidInput with every
    mistake: an unknown fault or argument, one that is missing, nodes, links, disks, daemons,
    filesystems and VMs that are not the cluster's.
    """
    known = FAULTS.get(fault)
    if known is None:
        hint = nearest(fault, FAULTS) or ", ".join(FAULTS)
        raise InvalidInput(
            "fault", [Problem(fault, "there is no such fault", hint, "FAULT_UNKNOWN")]
        )
    problems: list[Problem] = []
    given = {key: value for key, value in arguments.items() if value is not None}
    for name in given.keys() - known.arguments.keys():
        takes = ", ".join(known.arguments) or "none"
        problems.append(_problem(name, "it has no such argument", f"it takes: {takes}"))
    for name in known.needed:
        if name not in given:
            problems.append(_problem(name, "it is missing", known.about))
    found: dict[str, Any] = {}
    for name, kind in known.arguments.items():
        if name in given:
            try:
                found[name] = _READERS[kind](given[name])
            except (ValueError, TypeError) as error:
                problems.append(_problem(name, str(error), f"such as {_EXAMPLES[kind]}"))
                continue
            problems += _strangers(spec, node, name, kind, found[name])
    if problems:
        raise InvalidInput(f"fault {fault} on {node}", problems)
    return found


def addresses(
    spec: ClusterSpec, node: str, peers: tuple[str, ...] = (), links: tuple[int, ...] = ()
) -> list[str]:
    """Return the link addresses of ``peers`` (all others, when empty) on ``links`` (all)."""
    return [
        address
        for each in spec.nodes
        if each.name != node and (not peers or each.name in peers)
        for number, address in enumerate(each.links)
        if not links or number in links
    ]


def _strangers(spec: ClusterSpec, node: str, name: str, kind: str, value: Any) -> Iterator[Problem]:
    """Yield what of ``value`` the cluster does not have, or ``node`` may not use."""
    known = _known(spec, node, kind)
    if known is None:
        return
    values = value if isinstance(value, tuple) else (value,)
    for one in values:
        if one == node and kind == "nodes":
            yield _problem(name, f"{node} cannot be cut off from itself", "name other nodes")
        elif one not in known:
            listed = ", ".join(map(str, known)) or "there is none"
            hint = nearest(str(one), map(str, known)) or f"known: {listed}"
            yield _problem(name, f"{one!r} is not known", hint)


def _known(spec: ClusterSpec, node: str, kind: str) -> list[Any] | None:
    sbd = spec.fencing.sbd
    found: dict[str, Callable[[], list[Any]]] = {
        "nodes": lambda: [each.name for each in spec.nodes if each.name != node],
        "links": lambda: list(range(max(len(each.links) for each in spec.nodes))),
        "devices": lambda: list(sbd.devices) if sbd else [],
        "daemon": lambda: list(DAEMONS),
        "how": lambda: ["reboot", "panic"],
        "unit": lambda: [f"{name}.service" for name in RESTARTABLE],
        "filesystem": lambda: [each.name for each in spec.storage.filesystems],
        "vm": lambda: [each.name for each in spec.vms],
    }
    return found[kind]() if kind in found else None


def shared_disks(spec: ClusterSpec) -> list[str]:
    """Return the paths of all disks that the nodes share."""
    return devices.paths(spec)


def _words(value: Any) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else list(value)
    found = tuple(dict.fromkeys(str(item).strip() for item in items))
    if not all(found) or not found:
        raise ValueError("wanted at least one name")
    return found


def _numbers(value: Any) -> tuple[int, ...]:
    items = [value] if isinstance(value, int) else _words(value)
    return tuple(int(item) for item in items)


def _seconds(value: Any) -> float:
    found = milliseconds(value, unit="s") / 1000
    if found <= 0:
        raise ValueError("wanted more than 0 s")
    return found


def _shift(value: Any) -> float:
    text = str(value).strip()
    return -_seconds(text[1:]) if text.startswith("-") else _seconds(text)


def _size(value: Any) -> int:
    return 0 if str(value).strip() == "0" else size_bytes(value)


def _unit(value: Any) -> str:
    return str(value) if "." in str(value) else f"{value}.service"


_EXAMPLES: Mapping[str, str] = {
    "nodes": "ha-host2,ha-host3",
    "devices": "/dev/disk/by-id/scsi-sbd",
    "links": "0 or [0, 1]",
    "seconds": "30 or 2min",
    "shift": "3600 or -90s",
    "size": "64MiB",
}
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "nodes": _words,
    "devices": _words,
    "links": _numbers,
    "seconds": _seconds,
    "shift": _shift,
    "size": _size,
    "unit": _unit,
    "daemon": str,
    "filesystem": str,
    "how": str,
    "vm": str,
}


def _problem(place: str, message: str, hint: str) -> Problem:
    return Problem(place, message, hint, "FAULT_ARGUMENT")
