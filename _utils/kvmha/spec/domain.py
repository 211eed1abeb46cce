"""``vms[].domain``: the whole of a libvirt domain as data, laid over what the shorthand builds."""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.spec.classes import vocabulary
from kvmha.spec.domain_cpu import Cpu, CpuTune, MemoryBacking, MemTune, NumaTune
from kvmha.spec.domain_devices import Devices
from kvmha.spec.domain_os import Clock, Features, Os, SecLabel, Sysinfo
from kvmha.spec.domain_words import (
    attributes,
    attributes_of_each,
    part,
    parts,
    raw,
    size,
    switch,
    word,
)
from kvmha.spec.fields import said

Scalar = str | int | bool


@vocabulary(frozen=True)
class MaxMemory:
    """``vms[].domain.max_memory``: how far memory can be plugged in."""

    size: int = said("size", "All memory.", xml="#", example="16GiB")
    slots: str | None = word("Slots for it.", "@slots", 4)


@vocabulary(frozen=True)
class Domain:
    """``vms[].domain``: all that libvirt can say of a domain; its name, memory and number of
    processors are those of the VM.
    """

    whole: bool = said(
        "boolean",
        "What is said here is all: the shorthand adds no defaults of its own, such as ACPI, a "
        "serial line, a balloon. What an export writes.",
        default=False,
        example=True,
    )
    type: str | None = word("Hypervisor, if not that of the VM.", "@type", "xen")
    uuid: str | None = word(
        "Identity in a new XML; absent: derived, with `whole` libvirt's. One that stands is kept.",
        "uuid#",
        "c7a5fdbd-cdaf-9455-926a-d65c16db1809",
    )
    genid: str | None = word(
        "Identity of this incarnation.", "genid#", "43dc0cf8-809b-4adb-9bea-a9abb5f3d90e"
    )
    title: str | None = word("Short text for people.", "title#", "Books")
    description: str | None = word("Text for people.", "description#", "accounting of branch 7")
    metadata: tuple[str, ...] = said(
        "word",
        "XML of other programs, each with its namespace.",
        xml="metadata/*",
        many=True,
        default=(),
        example=["<note xmlns='urn:example'>moved</note>"],
    )
    max_memory: MaxMemory | None = part("How far memory can grow.", "maxMemory", MaxMemory)
    current_memory: int | None = size(
        "Memory that the balloon leaves to the guest; absent: all.", "currentMemory", "2GiB"
    )
    dump_core: str | None = switch(
        "Whether memory is part of a core dump of the host's process.", "memory@dumpCore", off=True
    )
    memory_backing: MemoryBacking | None = part(
        "What memory stands on.", "memoryBacking", MemoryBacking
    )
    memtune: MemTune | None = part("Limits of the host's process.", "memtune", MemTune)
    vcpu: Mapping[str, Scalar] = attributes(
        "Options of the processors: how many are there at the start, where on the host they run.",
        "vcpu",
        {"placement": "static", "cpuset": "0-3", "current": 2},
    )
    vcpus: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "Processors one by one.", "vcpus/vcpu", {"id": 0, "enabled": "yes", "hotpluggable": "no"}
    )
    iothreads: str | None = word("Threads for disks.", "iothreads#", 2)
    iothread_ids: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "Their ids.", "iothreadids/iothread", {"id": 1}
    )
    cputune: CpuTune | None = part("Where processors run, and how much.", "cputune", CpuTune)
    numatune: NumaTune | None = part("Where memory is from.", "numatune", NumaTune)
    partition: str | None = word(
        "Cgroup of the host that it is in.", "resource/partition#", "/machine/production"
    )
    sysinfo: Sysinfo | None = part("What the firmware tells of the machine.", "sysinfo", Sysinfo)
    os: Os | None = part("Machine, firmware, what it boots.", "os", Os)
    features: Features | None = part("What the machine has.", "features", Features)
    cpu: Cpu | None = part("Model of the processor.", "cpu", Cpu)
    clock: Clock | None = part("Time.", "clock", Clock)
    on_poweroff: str | None = word("What follows a power-off.", "on_poweroff#", "destroy")
    on_reboot: str | None = word("What follows a reboot.", "on_reboot#", "restart")
    on_crash: str | None = word("What follows a crash.", "on_crash#", "destroy")
    on_lockfailure: str | None = word(
        "What follows the loss of its disks' lease.", "on_lockfailure#", "poweroff"
    )
    suspend_to_mem: Mapping[str, Scalar] = attributes(
        "Sleep.", "pm/suspend-to-mem", {"enabled": "no"}
    )
    suspend_to_disk: Mapping[str, Scalar] = attributes(
        "Hibernation.", "pm/suspend-to-disk", {"enabled": "no"}
    )
    perf: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "Events that are counted.", "perf/event", {"name": "cmt", "enabled": "yes"}
    )
    devices: Devices | None = part("Devices.", "devices", Devices)
    seclabels: tuple[SecLabel, ...] = parts("Confinement on the host.", "seclabel", SecLabel)
    raw: tuple[str, ...] = raw()
