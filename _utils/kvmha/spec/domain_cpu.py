"""Processors and memory of a domain: model, topology, pinning, NUMA, huge pages."""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.spec.classes import vocabulary
from kvmha.spec.domain_words import (
    attributes,
    attributes_of_each,
    flag,
    more,
    parts,
    raw,
    size,
    switch,
    word,
)

Scalar = str | int | bool


@vocabulary(frozen=True)
class MemoryBacking:
    """``vms[].domain.memory_backing``: what memory of the host it stands on."""

    hugepages: bool = flag("Huge pages of the host's default size.", "hugepages")
    pages: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "Huge pages of this size.",
        "hugepages/page",
        {"size": 1, "unit": "GiB", "nodeset": 0},
    )
    nosharepages: bool = flag("Do not merge equal pages (KSM).", "nosharepages")
    locked: bool = flag("Never swap it out.", "locked")
    discard: bool = flag("Forget its content at the end.", "discard")
    source: str | None = word("file, anonymous or memfd.", "source@type", "memfd")
    access: str | None = word("shared or private.", "access@mode", "shared")
    allocation: Mapping[str, Scalar] = attributes(
        "When it is taken.", "allocation", {"mode": "immediate"}
    )


@vocabulary(frozen=True)
class MemTune:
    """``vms[].domain.memtune``: limits of the host's process."""

    hard_limit: int | None = size("Most memory.", "hard_limit", "5GiB")
    soft_limit: int | None = size("Memory when the host is short of it.", "soft_limit")
    swap_hard_limit: int | None = size("Most memory and swap.", "swap_hard_limit", "6GiB")
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class CpuTune:
    """``vms[].domain.cputune``: where processors run, and how much."""

    shares: str | None = word("Weight.", "shares#", 2048)
    period: str | None = word("Period in microseconds.", "period#", 100000)
    quota: str | None = word("Microseconds a period, for each processor.", "quota#", 50000)
    global_period: str | None = word("Period for all.", "global_period#", 100000)
    global_quota: str | None = word("Microseconds a period, for all.", "global_quota#", 200000)
    emulator_period: str | None = word("Period of the emulator.", "emulator_period#", 100000)
    emulator_quota: str | None = word("Microseconds of the emulator.", "emulator_quota#", -1)
    vcpupins: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "Processors of the host that one of the guest runs on.",
        "vcpupin",
        {"vcpu": 0, "cpuset": "2-3"},
    )
    emulatorpin: str | None = word("Processors for the emulator.", "emulatorpin@cpuset", "0-1")
    iothreadpins: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "Processors for threads of disks.", "iothreadpin", {"iothread": 1, "cpuset": 1}
    )
    vcpuscheds: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "Scheduler of processors, one by one as libvirt writes them.",
        "vcpusched",
        {"vcpus": 0, "scheduler": "fifo", "priority": 1},
    )
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class NumaTune:
    """``vms[].domain.numatune``: which nodes of the host memory is from."""

    memory: Mapping[str, Scalar] = attributes(
        "For all of it.", "memory", {"mode": "strict", "nodeset": "0-1"}
    )
    memnodes: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "For one node of the guest.", "memnode", {"cellid": 0, "mode": "strict", "nodeset": 0}
    )


@vocabulary(frozen=True)
class NumaCell:
    """``vms[].domain.cpu.numa[]``: a node of the guest."""

    more: Mapping[str, Scalar] = more({"id": 0, "cpus": "0-1", "memory": 2, "unit": "GiB"})
    distances: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "How far other nodes are.", "distances/sibling", {"id": 1, "value": 20}
    )


@vocabulary(frozen=True)
class Cpu:
    """``vms[].domain.cpu``: the processor that the guest sees."""

    mode: str | None = word(
        "host-passthrough, host-model, maximum or custom.", "@mode", "host-model"
    )
    match: str | None = word("minimum, exact or strict.", "@match", "exact")
    check: str | None = word("none, partial or full.", "@check", "partial")
    migratable: str | None = switch("Leave out what hinders migration.", "@migratable")
    model: str | None = word("Model.", "model#", "Cascadelake-Server")
    fallback: str | None = word("forbid or allow another model.", "model@fallback", "forbid")
    vendor_id: str | None = word("Vendor that it shows.", "model@vendor_id", "GenuineIntel")
    vendor: str | None = word("Vendor of the host it needs.", "vendor#", "Intel")
    topology: Mapping[str, Scalar] = attributes(
        "Sockets, cores, threads.", "topology", {"sockets": 1, "dies": 1, "cores": 2, "threads": 2}
    )
    cache: Mapping[str, Scalar] = attributes("Cache.", "cache", {"mode": "passthrough"})
    maxphysaddr: Mapping[str, Scalar] = attributes(
        "Bits of an address.", "maxphysaddr", {"mode": "passthrough"}
    )
    features: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "Features.", "feature", {"policy": "require", "name": "vmx"}
    )
    numa: tuple[NumaCell, ...] = parts("Nodes of the guest.", "numa/cell", NumaCell)
