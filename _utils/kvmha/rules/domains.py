"""Rules for ``vms[].domain``: what it says beside the other keys of its VM."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from kvmha import values
from kvmha.errors import Problem
from kvmha.rules.helpers import repeated
from kvmha.rules.registry import rule
from kvmha.spec.domain import Domain
from kvmha.spec.fields import fields_of
from kvmha.spec.model import ClusterSpec
from kvmha.spec.vms import Vm


@rule("vms[].memory", "vms[].domain.current_memory", "vms[].domain.max_memory.size")
def memory_fits_into_its_limits(spec: ClusterSpec) -> Iterator[Problem]:
    """Want the balloon within a VM's memory, and that within what can be plugged in."""
    for place, vm, said in _domains(spec):
        have = values.size(vm.memory)
        if said.current_memory is not None and said.current_memory > vm.memory:
            message = f"{values.size(said.current_memory)} is more than the memory, {have}"
            hint = "raise the VM's memory, or lower this"
            yield Problem(f"{place}.current_memory", message, hint, "DOMAIN_MEMORY")
        if said.max_memory is not None and said.max_memory.size < vm.memory:
            message = f"{values.size(said.max_memory.size)} is less than the memory, {have}"
            hint = "lower the VM's memory, or raise this"
            yield Problem(f"{place}.max_memory.size", message, hint, "DOMAIN_MEMORY")


@rule("vms[].vcpus", "vms[].domain.vcpu")
def processors_fit_into_their_number(spec: ClusterSpec) -> Iterator[Problem]:
    """Want the processors at the start within the number of a VM's."""
    for place, vm, said in _domains(spec):
        current = said.vcpu.get("current")
        if current is None:
            continue
        if not str(current).isdigit() or not 1 <= int(current) <= vm.vcpus:
            message = f"{current} is no number from 1 to {vm.vcpus}, the VM's vcpus"
            hint = "vcpus is the most, this what is there at the start"
            yield Problem(f"{place}.vcpu.current", message, hint, "DOMAIN_VCPUS")


@rule("vms[].machine", "vms[].domain.os.machine")
def machine_is_said_once(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse two machines for one VM."""
    for place, vm, said in _domains(spec):
        machine = said.os.machine if said.os else None
        if vm.machine and machine and machine != vm.machine:
            message = f"{machine!r} contradicts the VM's machine, {vm.machine!r}"
            yield Problem(f"{place}.os.machine", message, "take one out", "DOMAIN_MACHINE")


@rule("vms[].domain.devices.disks[].target")
def disks_of_a_domain_have_a_target(spec: ClusterSpec) -> Iterator[Problem]:
    """Want the target that tells each disk of ``domain`` from the others, each once."""
    for place, vm, said in _domains(spec):
        disks = said.devices.disks if said.devices else ()
        found = [(f"{place}.devices.disks[{i}].target.dev", disk) for i, disk in enumerate(disks)]
        for where, disk in found:
            if not disk.target.get("dev"):
                hint = "for example {dev: vda, bus: virtio}"
                yield Problem(where, f"a disk of '{vm.name}' has none", hint, "DOMAIN_DISK_TARGET")
        named = [(where, "", disk.target["dev"]) for where, disk in found if disk.target.get("dev")]
        yield from repeated(named, hint="name one a disk", code="DOMAIN_DISK_TARGET")


@rule("vms[].domain.uuid")
def uuids_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want an identity of its own for each VM: libvirt knows one domain by it."""
    said = ((f"{place}.uuid", vm.name, each.uuid) for place, vm, each in _domains(spec))
    named = ((place, name, uuid.lower()) for place, name, uuid in said if uuid)
    yield from repeated(named, hint="leave it out to derive one", code="DOMAIN_UUID_DUPLICATE")


@rule("vms[].domain")
def raw_words_are_xml(spec: ClusterSpec) -> Iterator[Problem]:
    """Want elements that are said raw to be XML, one element each."""
    for place, _, said in _domains(spec):
        for where, text in _raw(said, place):
            try:
                ElementTree.fromstring(text)
            except ElementTree.ParseError as error:
                message = f"is no XML element: {error.msg}"
                yield Problem(where, message, "for example <x y='1'/>", "DOMAIN_RAW")


def _domains(spec: ClusterSpec) -> Iterator[tuple[str, Vm, Domain]]:
    for index, vm in enumerate(spec.vms):
        if vm.domain is not None:
            yield f"vms[{index}].domain", vm, vm.domain


def _raw(item: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yield the raw elements of an object and of all below it, each with its place."""
    cls: Any = type(item)
    for name, meta in fields_of(cls):
        value = getattr(item, name)
        several = list(enumerate(value)) if meta.many else []
        if meta.kind == "object" and value is not None:
            below = [(f"{place}.{name}[{i}]", one) for i, one in several]
            for where, one in below if meta.many else [(f"{place}.{name}", value)]:
                yield from _raw(one, where)
        elif meta.xml in ("*", "metadata/*"):
            yield from ((f"{place}.{name}[{i}]", text) for i, text in several)
