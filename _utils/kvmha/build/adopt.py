"""Taking a libvirt domain that stands under the cluster: what is in the way, and what is left.

Each step is known by what it leaves behind, so that a run which was cut short is continued.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kvmha import values
from kvmha.build import domain as build
from kvmha.documents import domain
from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.spec.model import ClusterSpec
from kvmha.spec.vms import Vm

_VOLUME = re.compile(r"/dev/(?!disk/|mapper/|dm-)([^/]+/[^/]+)\Z")
_SETTLED = ("/dev/disk/by-id/scsi-", "/dev/disk/by-id/wwn-", "/dev/disk/by-id/")
OFF = ("shut off", "crashed", "no state")


@dataclass(frozen=True)
class Part:
    """Something that a domain stands on: ``what`` it is to the domain, and its path.

    ``shared`` tells whether all nodes have to see the same, or each only one of that name.
    """

    what: str
    path: str
    shared: bool = True


@dataclass(frozen=True)
class Found:
    """What one node has of the domain, as ``kvmha_adopt.look`` returns it.

    ``state`` is virsh's word, empty where the node does not know the domain; ``persistent``
    tells whether it is defined there. ``resource`` is the state of the cluster's resource:
    ``managed``, ``unmanaged`` or, when there is none, empty; ``hosts`` is where that runs.
    """

    xml: str = ""
    state: str = ""
    persistent: bool = False
    autostart: bool = False
    saved: bool = False
    snapshots: tuple[str, ...] = ()
    placed: bool = False
    resource: str = ""
    hosts: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether the domain is active on the node."""
        return bool(self.state) and self.state not in OFF


@dataclass(frozen=True)
class Case:
    """One adoption: the pillar with the VM in it, where the VM is, and what is left to do."""

    spec: dict[str, Any]
    cluster: ClusterSpec
    vm: str
    host: str
    live: bool
    todo: Plan
    snippet: dict[str, Any]


def parts(root: Any) -> list[Part]:
    """Return everything outside of itself that the domain ``root`` reads or writes by a path."""
    found = []
    for disk in root.iterfind("devices/disk"):
        source, target = disk.find("source"), disk.find("target")
        where = target.get("dev", "?") if target is not None else "?"
        if source is not None:
            path = source.get("file") or source.get("dev") or ""
            kind = f"{disk.get('device', 'disk')} {where}"
            found.append(Part(kind, path or f"({disk.get('type')})"))
    for tag, shared in (("nvram", True), ("kernel", False), ("initrd", False), ("loader", False)):
        text = (root.findtext(f"os/{tag}") or "").strip()
        if text:
            found.append(Part(tag, text, shared))
    return found


def networks(root: Any) -> list[tuple[str, str]]:
    """Return the bridges and networks of the domain ``root``, each as its kind and name."""
    return [
        (kind, source.get(kind, ""))
        for source in root.iterfind("devices/interface/source")
        for kind in ("bridge", "network")
        if source.get(kind)
    ]


def snippet(
    spec: ClusterSpec, name: str, root: Any, host: str, seen: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the item of ``vms`` for the domain ``root`` that ``host`` has.

    ``seen`` is what ``host`` says of each path: size, and its other names. What the vocabulary
    cannot say stays in the domain XML.
    """
    files = [part.path for part in parts(root)]
    filesystem = next(
        (fs for fs in spec.storage.filesystems for f in files if f.startswith(f"{fs.mount}/")),
        spec.storage.filesystems[0],
    )
    folder = f"{filesystem.mount}/{name}/"
    found: dict[str, Any] = {"name": name, "filesystem": filesystem.name}
    found |= {"memory": _memory(root), "vcpus": int(root.findtext("vcpu") or 1)}
    found["type"] = root.get("type", "kvm")
    machine = root.find("os/type")
    if machine is not None and machine.get("machine"):
        found["machine"] = machine.get("machine")
    if root.find("devices/serial[@type='file']/source") is not None:
        log = root.find("devices/serial[@type='file']/source").get("path")
        if log == f"{folder}serial.log":
            found["heartbeat"] = "serial"
    found["disks"] = [
        _disk(disk, folder, seen) for disk in root.iterfind("devices/disk") if _is_disk(disk)
    ]
    found["interfaces"] = list(_interfaces(root))
    found["prefer"] = [host]
    return {key: value for key, value in found.items() if value != []}


def judge(spec: ClusterSpec, root: Any, reach: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what keeps the domain ``root`` from running on every node, each with a next step.

    ``reach`` is node -> answer of ``kvmha_adopt.reach``.
    """
    found: list[str] = []
    for part in parts(root):
        found += _unreachable(spec, part, reach)
    for kind, name in networks(root):
        lacking = [node for node, each in reach.items() if name not in each[f"{kind}s"]]
        if lacking:
            found.append(f"{kind} {name} is missing on {', '.join(lacking)} (hint: make it there)")
    return found


def added_disks(spec: ClusterSpec, vm: Vm, root: Any) -> list[str]:
    """Return why the pillar's ``vm`` is not the domain ``root``: it has disks that this has not."""
    was = {_target(disk) for disk in root.iterfind("devices/disk")}
    said = {_target(disk) for disk in build.build(spec, vm).iterfind("devices/disk")}
    return [
        f"{vm.name} has no {name}, which the pillar would give it (hint: number its disks in"
        " the order of their bus, or make vms[].disks agree)"
        for name in sorted(said - was)
    ]


def in_the_way(name: str, seen: Mapping[str, Found], host: str, *, live: bool) -> list[str]:
    """Return what about the domain itself, on any node, speaks against taking it from ``host``."""
    found = []
    for node, each in seen.items():
        if node != host and (each.persistent or (each.runs and node not in each.hosts)):
            word = "runs" if each.runs else "is defined"
            found.append(
                f"{name} {word} on {node} too (hint: virsh undefine --keep-nvram {name} there,"
                " once it is off)"
            )
    here = seen[host]
    if here.saved:
        found.append(
            f"{name} has a saved memory image on {host} (hint: virsh start {name}, or"
            f" virsh managedsave-remove {name})"
        )
    if here.snapshots:
        listed = ", ".join(here.snapshots)
        found.append(
            f"{name} has snapshots that libvirt keeps on {host}: {listed} (hint: virsh"
            f" snapshot-delete --metadata {name} NAME)"
        )
    if live and here.persistent and not here.runs:
        found.append(f"{name} does not run on {host} (hint: leave out live)")
    return found


def plan(
    spec: ClusterSpec, vm: Vm, host: str, here: Found, notes: Sequence[str], *, live: bool
) -> Plan:
    """Return the steps that are left to take ``vm`` from ``host`` under the cluster."""
    xml = Change(Action.CREATE, f"adopt:{vm.name}:xml", None, build.xml_path(spec, vm))
    gone = Change(Action.DELETE, f"adopt:{vm.name}:definition", f"libvirt's own on {host}", None)
    said = f"vm-{vm.name}" + (" (unmanaged until it is seen to run)" if live else "")
    resource = Change(Action.CREATE, f"adopt:{vm.name}:resource", None, said)
    steps = []
    if here.persistent and here.runs and not live:
        limit = values.duration(vm.stop_timeout)
        asked = f"on {host}, by its power button, within {limit}"
        address, cost = f"adopt:{vm.name}:shutdown", Disruption.RESOURCE_RESTART
        steps.append(Change(Action.RUN, address, None, asked, cost))
    steps += [xml] if here.persistent or not here.placed else []
    added = [] if here.resource else [resource]
    removed = [gone] if here.persistent else []
    steps += [*added, *removed] if live else [*removed, *added]
    if here.resource == "unmanaged" or (added and live):
        address = f"adopt:{vm.name}:managed"
        steps.append(Change(Action.UPDATE, address, False, True))
    base = hashlib.sha256(repr((host, here, live)).encode()).hexdigest()[:16]
    if not steps:
        return Plan((), base, (f"{vm.name} is adopted: vm-{vm.name} is the cluster's",))
    return Plan(tuple(steps), base, tuple(notes))


def notes(spec: ClusterSpec, vm: Vm, root: Any) -> list[str]:
    """Return what the domain XML takes from the pillar, from its next start on."""
    merged = domain.merged(root, build.build(spec, vm))
    found = domain.diff(vm.name, root, merged, Disruption.NONE)
    return [f"from its next start: {change.text()}" for change in found]


def _unreachable(
    spec: ClusterSpec, part: Part, reach: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    views = {node: each["paths"].get(part.path, {}) for node, each in reach.items()}
    lacking = [node for node, view in views.items() if not view.get("there")]
    mounts = tuple(f"{each.mount}/" for each in spec.storage.filesystems)
    if not part.path.startswith("/"):
        yield (
            f"{part.what} is {part.path}, no path (hint: only files and block devices can be"
            " adopted; virsh domblklist shows them)"
        )
    elif lacking:
        yield (
            f"{part.what}: {part.path} is missing on {', '.join(lacking)} (hint: move it to"
            f" {' or '.join(mounts)} or to a disk of the SAN, then virsh edit)"
        )
    elif part.shared and any(not view.get("block") for view in views.values()):
        if not part.path.startswith(mounts):
            yield (
                f"{part.what}: {part.path} is a local file of each node (hint: move it to"
                f" {' or '.join(mounts)}, then virsh edit)"
            )
    elif part.shared:
        sizes = {view.get("size") for view in views.values()}
        serials = {view.get("serial") for view in views.values()}
        stable = next(iter(views.values())).get("stable", "")
        if len(sizes) > 1 or len(serials) > 1 or not stable:
            yield (
                f"{part.what}: {part.path} is not seen to be one disk of the SAN on all nodes"
                " (hint: it needs the same name in /dev/disk/by-id, size and serial everywhere)"
            )


def stable_name(path: str, names: Sequence[str]) -> str:
    """Return the name by which every node finds the disk ``path``; empty when there is none.

    ``names`` are its other names. That of a logical volume is its own.
    """
    if _VOLUME.match(path) or path.startswith("/dev/disk/by-id/"):
        return path
    for prefix in _SETTLED:
        for name in sorted(names):
            if name.startswith(prefix):
                return name
    return ""


def _disk(disk: Any, folder: str, seen: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    source, driver = disk.find("source"), disk.find("driver")
    path = source.get("file") or source.get("dev") or ""
    view = seen.get(path, {})
    found: dict[str, Any] = {"size": values.size(view.get("size") or 1)}
    bus = disk.find("target").get("bus", "virtio")
    found |= {"bus": bus} if bus != "virtio" else {}
    if disk.get("type") == "block":
        volume = _VOLUME.match(path)
        place = {"volume": volume[1]} if volume else {"device": view.get("stable") or path}
        return {**place, **found, "existing": True}
    form = driver.get("type", "raw") if driver is not None else "raw"
    return {"file": path.removeprefix(folder), **found} | (
        {"format": form} if form != "raw" else {}
    )


def _interfaces(root: Any) -> Iterator[dict[str, Any]]:
    for card in root.iterfind("devices/interface[@type='bridge']"):
        mac, model = card.find("mac"), card.find("model")
        found = {"bridge": card.find("source").get("bridge", "")}
        found |= {"mac": mac.get("address")} if mac is not None else {}
        found |= {"model": model.get("type")} if model is not None else {}
        yield found


def _is_disk(disk: Any) -> bool:
    return disk.get("device", "disk") == "disk" and disk.find("source") is not None


def _target(disk: Any) -> str:
    target = disk.find("target")
    return str(target.get("dev", "")) if target is not None else ""


def _memory(root: Any) -> str:
    found = domain.values(root).get("memory", "")
    return found.replace(" ", "")
