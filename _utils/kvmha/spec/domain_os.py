"""What a domain boots and what its machine has: firmware, kernel, features, clock."""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.spec.classes import vocabulary
from kvmha.spec.domain_words import (
    attributes,
    attributes_of_each,
    consent,
    flag,
    more,
    part,
    parts,
    raw,
    switch,
    word,
    words,
)

Scalar = str | int | bool


@vocabulary(frozen=True)
class Entry:
    """``vms[].domain.sysinfo.system[]``: one entry of a table of the firmware."""

    name: str | None = word("Name.", "@name", "serial")
    value: str | None = word("Value.", "#", "4711")


@vocabulary(frozen=True)
class Sysinfo:
    """``vms[].domain.sysinfo``: what the firmware tells of the machine."""

    type: str | None = word("smbios or fwcfg.", "@type", "smbios")
    bios: tuple[Entry, ...] = parts("Firmware.", "bios/entry", Entry)
    system: tuple[Entry, ...] = parts("Machine.", "system/entry", Entry)
    board: tuple[Entry, ...] = parts("Board.", "baseBoard/entry", Entry)
    chassis: tuple[Entry, ...] = parts("Chassis.", "chassis/entry", Entry)
    oem_strings: tuple[Entry, ...] = parts("Strings.", "oemStrings/entry", Entry)
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class Os:
    """``vms[].domain.os``: machine, firmware, and what it boots."""

    firmware: str | None = word("efi or bios: libvirt chooses the files.", "@firmware", "efi")
    type: str | None = word("hvm, or that of the hypervisor.", "type#", "hvm")
    arch: str | None = word("Architecture.", "type@arch", "aarch64")
    machine: str | None = word("Machine.", "type@machine", "q35")
    firmware_features: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "What the firmware must have.",
        "firmware/feature",
        {"enabled": "yes", "name": "secure-boot"},
    )
    loader: str | None = word("Firmware.", "loader#", "/usr/share/qemu/ovmf-x86_64-smm-code.bin")
    loader_options: Mapping[str, Scalar] = attributes(
        "How it is used.", "loader", {"readonly": "yes", "secure": "yes", "type": "pflash"}
    )
    nvram: str | None = word("Its variables.", "nvram#", "/srv/vmstore/web1/vars.bin")
    nvram_options: Mapping[str, Scalar] = attributes(
        "What they are at first.", "nvram", {"template": "/usr/share/qemu/ovmf-x86_64-vars.bin"}
    )
    kernel: str | None = word("Kernel to boot.", "kernel#", "/srv/vmstore/web1/vmlinuz")
    initrd: str | None = word("Its initrd.", "initrd#", "/srv/vmstore/web1/initrd")
    cmdline: str | None = word("Its command line.", "cmdline#", "console=ttyS0")
    dtb: str | None = word("Device tree.", "dtb#", "/srv/vmstore/web1/board.dtb")
    boot: tuple[str, ...] = words("What to boot from: hd, cdrom, network, fd.", "boot@dev", ["hd"])
    bootmenu: Mapping[str, Scalar] = attributes(
        "Menu.", "bootmenu", {"enable": "yes", "timeout": 3000}
    )
    bios: Mapping[str, Scalar] = attributes(
        "What the BIOS does.", "bios", {"useserial": "yes", "rebootTimeout": 0}
    )
    smbios: str | None = word("Whose sysinfo: emulate, host, sysinfo.", "smbios@mode", "sysinfo")
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class HyperV:
    """``vms[].domain.features.hyperv``: what Windows likes to find."""

    mode: str | None = word("custom or passthrough.", "@mode", "custom")
    relaxed: str | None = switch("No watchdogs on timers.", "relaxed@state")
    vapic: str | None = switch("Virtual APIC.", "vapic@state")
    spinlocks: Mapping[str, Scalar] = attributes(
        "Spinlocks.", "spinlocks", {"state": "on", "retries": 8191}
    )
    vpindex: str | None = switch("Index of processors.", "vpindex@state")
    runtime: str | None = switch("Time that processors ran.", "runtime@state")
    synic: str | None = switch("Interrupt controller.", "synic@state")
    stimer: str | None = switch("Timers.", "stimer@state")
    stimer_direct: str | None = switch("Timers without messages.", "stimer/direct@state")
    reset: str | None = switch("Reset.", "reset@state")
    vendor_id: Mapping[str, Scalar] = attributes(
        "Vendor.", "vendor_id", {"state": "on", "value": "KVM Hv"}
    )
    frequencies: str | None = switch("Frequencies.", "frequencies@state")
    reenlightenment: str | None = switch("Notice of migration.", "reenlightenment@state")
    tlbflush: str | None = switch("Flush of the TLB.", "tlbflush@state")
    ipi: str | None = switch("Interrupts between processors.", "ipi@state")
    evmcs: str | None = switch("Nesting.", "evmcs@state", off=True)
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class KvmFeatures:
    """``vms[].domain.features.kvm``: what guests see of KVM."""

    hidden: str | None = switch("Hide it.", "hidden@state")
    hint_dedicated: str | None = switch("Processors are pinned.", "hint-dedicated@state")
    poll_control: str | None = switch("Let the guest poll.", "poll-control@state")
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class Features:
    """``vms[].domain.features``: what the machine has."""

    acpi: bool = flag("ACPI: without it a guest hears no shutdown.", "acpi")
    apic: bool = flag("APIC.", "apic")
    pae: bool = flag("32 bits with more than 4 GiB.", "pae")
    hyperv: HyperV | None = part("For Windows.", "hyperv", HyperV)
    kvm: KvmFeatures | None = part("Of KVM.", "kvm", KvmFeatures)
    pmu: Mapping[str, Scalar] = attributes("Counters.", "pmu", {"state": "off"})
    vmport: Mapping[str, Scalar] = attributes("Port of VMware.", "vmport", {"state": "off"})
    smm: Mapping[str, Scalar] = attributes("System management mode.", "smm", {"state": "on"})
    ioapic: Mapping[str, Scalar] = attributes("IOAPIC.", "ioapic", {"driver": "kvm"})
    gic: Mapping[str, Scalar] = attributes("Interrupt controller (ARM).", "gic", {"version": 3})
    pvspinlock: Mapping[str, Scalar] = attributes("Spinlocks.", "pvspinlock", {"state": "on"})
    vmcoreinfo: Mapping[str, Scalar] = attributes("For dumps.", "vmcoreinfo", {"state": "on"})
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class Clock:
    """``vms[].domain.clock``: the clock that the guest finds."""

    offset: str | None = word("utc, localtime, timezone, variable, absolute.", "@offset", "utc")
    timers: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "Timers.", "timer", {"name": "hpet", "present": "no"}
    )
    more: Mapping[str, Scalar] = more({"timezone": "Europe/Berlin"})
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class SecLabel:
    """``vms[].domain.seclabels[]``: confinement on the host."""

    model: str | None = word("selinux, apparmor or dac.", "@model", "selinux")
    type: str | None = word("dynamic, static or none.", "@type", "dynamic")
    relabel: str | None = consent("Whether files get its label.", "@relabel")
    label: str | None = word("Its label.", "label#", "system_u:system_r:svirt_t:s0:c392,c662")
    baselabel: str | None = word("What a dynamic one begins with.", "baselabel#", "a:b:c:s0")
