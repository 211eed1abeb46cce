"""From the spec of a VM to its domain XML, and from what is there to a plan."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lxml import etree

from kvmha import values
from kvmha.build import domain_codec, domain_disks, guest_monitor
from kvmha.build.domain_devices import add_watching
from kvmha.documents import domain
from kvmha.documents.image import Image
from kvmha.errors import InvalidInput, Problem
from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.spec.domain import Domain
from kvmha.spec.model import ClusterSpec
from kvmha.spec.vm_disks import Disk
from kvmha.spec.vms import Vm

_NAMESPACE = uuid.UUID("5d0f0a4e-3a0f-5a52-8f3c-6b1f6a1f7c11")


@dataclass(frozen=True)
class Observed:
    """What there is of a VM.

    ``mounted`` is the kind of filesystem at the mount point, empty when none is; then nothing
    below is known. ``xml`` is the text of the domain XML. ``images`` has every disk of the
    spec that exists, by its ``file``. ``leftovers`` are paths that a killed run left. ``disks``
    is what was seen of its volumes, devices and seed, ``monitor`` the text of the program that
    asks the guest.
    """

    mounted: str = ""
    folder: bool = False
    xml: str | None = None
    images: Mapping[str, Image] = field(default_factory=dict)
    leftovers: tuple[str, ...] = ()
    disks: domain_disks.Seen = field(default_factory=domain_disks.Seen)
    monitor: str | None = None


def find(spec: ClusterSpec, name: str) -> Vm:
    """Return the VM called ``name``; raise InvalidInput when the spec has none."""
    for vm in spec.vms:
        if vm.name == name:
            if spec.filesystem_of(vm) is None:
                hint = "name one of storage.filesystems"
                said = Problem(f"vms[{name}].filesystem", "there is no such filesystem", hint)
                raise InvalidInput("spec", [said])
            return vm
    known = ", ".join(vm.name for vm in spec.vms) or "none"
    raise InvalidInput("vm", [Problem("vm", f"no VM is called {name!r}", f"known: {known}")])


def xml_path(spec: ClusterSpec, vm: Vm) -> str:
    """Return the path of the domain XML of ``vm``, outside libvirt's own folders.

    The resource agent undefines the domain before it creates it, which removes a file below
    /etc/libvirt/qemu (resource-agents, heartbeat/VirtualDomain).
    """
    return f"{spec.folder_of(vm)}/{vm.name}.xml"


def serial_log(spec: ClusterSpec, vm: Vm) -> str:
    """Return the path of the file that takes what the guest says on its first serial line."""
    return f"{spec.folder_of(vm)}/serial.log"


def domain_uuid(cluster: str, vm: str) -> str:
    """Return the uuid of a VM: the same on every node, at every run."""
    return str(uuid.uuid5(_NAMESPACE, f"{cluster}/{vm}"))


def derived_mac(cluster: str, vm: str, index: int) -> str:
    """Return the address of interface ``index`` of a VM, in the range of QEMU (52:54:00)."""
    digest = hashlib.sha256(f"{cluster}/{vm}/{index}".encode()).digest()
    return "52:54:00:" + ":".join(f"{byte:02x}" for byte in digest[:3])


def build(spec: ClusterSpec, vm: Vm) -> domain.Element:
    """Return the domain XML that ``vm`` wants: the shorthand, and ``vm.domain`` laid over it.

    A domain that ends stays ended: only the cluster starts it again, perhaps elsewhere.
    """
    said = vm.domain or Domain()
    root = etree.Element("domain", type=vm.type)
    domain.add(root, "name", vm.name)
    if said.uuid or not said.whole:
        domain.add(root, "uuid", said.uuid or domain_uuid(spec.cluster.name, vm.name))
    for tag in ("memory",) if said.whole else ("memory", "currentMemory"):
        domain.add(root, tag, str(-(-vm.memory // 1024)), unit="KiB")
    domain.add(root, "vcpu", str(vm.vcpus))
    if not said.whole:
        _add_defaults(root, vm, (said.os and said.os.arch) or "x86_64")
    elif vm.machine:
        domain.add(domain.add(root, "os"), "type", "hvm", machine=vm.machine)
    devices = domain.add(root, "devices")
    for put in _DEVICES:
        put(devices, spec, vm)
    if vm.domain is None:
        domain.mark_owned(root)
        return root
    over = domain_codec.encode(said)
    result = domain.merged(root, over)
    domain.mark_owned(result, over)
    return result


def _add_defaults(root: domain.Element, vm: Vm, arch: str) -> None:
    """Add what nearly every guest wants, in the place of libvirt's defaults."""
    machine = {"machine": vm.machine} if vm.machine else {}
    domain.add(domain.add(root, "os"), "type", "hvm", arch=arch, **machine)
    if arch in ("x86_64", "i686", "aarch64"):
        features = domain.add(root, "features")
        domain.add(features, "acpi")  # without it a guest does not hear `virsh shutdown`
        if arch != "aarch64":
            domain.add(features, "apic")
    domain.add(root, "clock", offset="utc")
    domain.add(root, "on_poweroff", "destroy")
    domain.add(root, "on_reboot", "restart")
    domain.add(root, "on_crash", "destroy")


def plan(spec: ClusterSpec, vm: Vm, seen: Observed, *, running: bool = False) -> Plan:
    """Return what has to change for ``vm``.

    ``running`` tells whether the VM runs anywhere: a changed XML then takes effect when the
    VM next starts, so the change costs a restart. A disk that the XML already names but that
    is gone counts as data loss: something else must be wrong.
    """
    changes: list[Change] = []
    notes: list[str] = []
    if not seen.mounted:
        filesystem = spec.filesystem_of(vm)
        mount = filesystem.mount if filesystem else "?"
        notes.append(f"{mount} is not mounted here yet: what is on it is not known")
    if not seen.folder:
        changes.append(Change(Action.CREATE, f"domain:{vm.name}:folder", None, spec.folder_of(vm)))
    changes += [
        Change(Action.DELETE, f"domain:{vm.name}:leftover[{path}]", "unfinished file", None)
        for path in seen.leftovers
    ]
    changes += guest_monitor.changes(spec, vm, seen.monitor)
    changes += _disk_changes(spec, vm, seen, notes)
    changes += domain_disks.changes(spec, vm, seen.disks, notes, files=bool(seen.images))
    changes += _xml_changes(spec, vm, seen, running, notes)
    base = hashlib.sha256(repr((seen, running)).encode()).hexdigest()[:16]
    return Plan(tuple(changes), base, tuple(notes))


def wanted_xml(spec: ClusterSpec, vm: Vm, seen: Observed) -> str | None:
    """Return the text that the domain XML must get, None where it is as wanted."""
    wanted = build(spec, vm)
    if seen.xml is None:
        return domain.render(wanted)
    if not _xml_changes(spec, vm, seen, False, []):
        return None
    return domain.render(domain.merged(_parse(spec, vm, seen.xml), wanted))


def _disk_changes(spec: ClusterSpec, vm: Vm, seen: Observed, notes: list[str]) -> list[Change]:
    named = set()
    if seen.xml is not None:
        named = set(domain.disk_files(_parse(spec, vm, seen.xml)).values())
    changes = []
    for disk in domain_disks.file_disks(vm):
        image = seen.images.get(disk.file)
        path = domain_disks.path_of(spec, vm, disk)
        if image is None:
            lost = path in named
            cost = Disruption.DATA_LOSS if lost else Disruption.NONE
            said = _said(disk)
            if lost:
                notes.append(f"{path} is gone, though the VM had it: restore it if you can")
            address = f"domain:{vm.name}:file[{disk.file}]"
            changes.append(Change(Action.CREATE, address, None, said, cost))
            continue
        if image.format != disk.format:
            notes.append(f"{path} is {image.format}, not {disk.format}: kept as it is")
        if image.size != disk.size:
            have, want = values.size(image.size), values.size(disk.size)
            notes.append(f"{path} has {have}, not {want}: an existing disk is kept as it is")
    return changes


def _xml_changes(
    spec: ClusterSpec, vm: Vm, seen: Observed, running: bool, notes: list[str]
) -> list[Change]:
    if seen.xml is None:
        said = f"{values.size(vm.memory)}, {vm.vcpus} vcpu, {len(vm.disks)} disk(s), {vm.type}"
        return [Change(Action.CREATE, f"domain:{vm.name}", None, said)]
    old = _parse(spec, vm, seen.xml)
    cost = Disruption.RESOURCE_RESTART if running else Disruption.NONE
    changes = domain.diff(vm.name, old, domain.merged(old, build(spec, vm)), cost)
    if changes and running:
        notes.append(f"{vm.name} runs: it takes the change when it next starts")
    return changes


def _parse(spec: ClusterSpec, vm: Vm, text: str) -> domain.Element:
    return domain.parse(text, where=xml_path(spec, vm))


def _said(disk: Disk) -> str:
    source = f" from {disk.source}" if disk.source else ", empty"
    return f"{disk.format} {values.size(disk.size)}{source}"


def _add_interfaces(devices: domain.Element, spec: ClusterSpec, vm: Vm) -> None:
    for index, interface in enumerate(vm.interfaces):
        kind = "network" if interface.network else "bridge"
        element = domain.add(devices, "interface", type=kind)
        mac = interface.mac or derived_mac(spec.cluster.name, vm.name, index)
        domain.add(element, "mac", address=mac.lower())
        domain.add(element, "source", **{kind: interface.network or interface.bridge})
        domain.add(element, "model", type=interface.model)


def _add_serial(devices: domain.Element, spec: ClusterSpec, vm: Vm) -> None:
    if vm.heartbeat == "serial":
        element = domain.add(devices, "serial", type="file")
        domain.add(element, "source", path=serial_log(spec, vm), append="on")
    elif vm.domain and vm.domain.whole:
        return
    else:
        element = domain.add(devices, "serial", type="pty")
    domain.add(element, "target", port="0")


def _add_balloon(devices: domain.Element, _spec: ClusterSpec, vm: Vm) -> None:
    if not (vm.domain and vm.domain.whole):
        domain.add(devices, "memballoon", model="virtio")


# Who puts devices into a domain, in the order in which they stand there.
_DEVICES: tuple[Callable[[domain.Element, ClusterSpec, Vm], None], ...] = (
    domain_disks.add,
    _add_interfaces,
    _add_serial,
    add_watching,
    _add_balloon,
)
