"""Devices of a domain beside disks and network cards."""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.spec.classes import vocabulary
from kvmha.spec.domain_disks import DomainDisk, Lease, SharedFolder
from kvmha.spec.domain_network import DomainInterface
from kvmha.spec.domain_words import (
    address,
    alias,
    attributes,
    attributes_of_each,
    boot,
    consent,
    driver,
    more,
    part,
    parts,
    raw,
    word,
    words,
)

Scalar = str | int | bool


@vocabulary(frozen=True)
class Controller:
    """``vms[].domain.devices.controllers[]``: a bus. ``type`` and ``index`` tell it from others."""

    type: str | None = word("pci, usb, scsi, sata, ide, virtio-serial, ...", "@type", "scsi")
    index: str | None = word("Which of them.", "@index", 0)
    model: str | None = word("Model.", "@model", "virtio-scsi")
    driver: Mapping[str, Scalar] = driver({"queues": 4, "iothread": 1})
    model_name: str | None = word("Model of QEMU.", "model@name", "pcie-root-port")
    target: Mapping[str, Scalar] = attributes(
        "Where the bus is.", "target", {"chassis": 1, "port": "0x10"}
    )
    master: Mapping[str, Scalar] = attributes("USB 2 beside it.", "master", {"startport": 0})
    alias: str | None = alias()
    address: Mapping[str, Scalar] = address()
    more: Mapping[str, Scalar] = more({"ports": 16})
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class CharDevice:
    """``vms[].domain.devices.serials[]``, ``consoles``, ``parallels`` and ``channels``: a line
    that carries characters.
    """

    type: str | None = word("pty, file, unix, tcp, spicevmc, ...", "@type", "unix")
    source: Mapping[str, Scalar] = attributes(
        "What the host has at its end.", "source", {"mode": "bind", "path": "/run/web1.agent"}
    )
    protocol: str | None = word("raw, telnet or tls.", "protocol@type", "telnet")
    log: Mapping[str, Scalar] = attributes(
        "File that keeps what is said.", "log", {"file": "/var/log/web1.log", "append": "on"}
    )
    target: Mapping[str, Scalar] = attributes(
        "What the guest has.", "target", {"type": "virtio", "name": "org.qemu.guest_agent.0"}
    )
    model: str | None = word("Model.", "target/model@name", "isa-serial")
    alias: str | None = alias()
    address: Mapping[str, Scalar] = address()
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class Graphics:
    """``vms[].domain.devices.graphics[]``: a screen that is seen over the network.

    Its password is no part of the pillar: one that stands in the XML is kept.
    """

    type: str | None = word("vnc, spice, sdl, rdp, egl-headless, dbus.", "@type", "vnc")
    port: str | None = word("Port; -1: libvirt's choice.", "@port", -1)
    autoport: str | None = consent("Let libvirt choose.", "@autoport")
    listen: str | None = word("Address it listens on.", "@listen", "127.0.0.1")
    listens: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "Addresses it listens on.", "listen", {"type": "address", "address": "127.0.0.1"}
    )
    image: str | None = word("Compression.", "image@compression", "off")
    streaming: str | None = word("filter, all or off.", "streaming@mode", "off")
    clipboard: str | None = consent("Copy and paste.", "clipboard@copypaste")
    filetransfer: str | None = consent("Drag files.", "filetransfer@enable")
    gl: Mapping[str, Scalar] = attributes("OpenGL.", "gl", {"enable": "no"})
    more: Mapping[str, Scalar] = more({"keymap": "de"})
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class Video:
    """``vms[].domain.devices.videos[]``: a graphics card."""

    model: Mapping[str, Scalar] = attributes(
        "Model.", "model", {"type": "virtio", "heads": 1, "primary": "yes"}
    )
    acceleration: Mapping[str, Scalar] = attributes(
        "What the host draws.", "model/acceleration", {"accel3d": "no"}
    )
    driver: Mapping[str, Scalar] = driver({"name": "qemu"})
    alias: str | None = alias()
    address: Mapping[str, Scalar] = address()
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class PlainDevice:
    """``vms[].domain.devices.inputs[]``, ``sounds``, ``hubs``, ``watchdogs``, ``panics``,
    ``redirdevs``, ``iommus`` and ``memballoon``: a device that is little more than its model.
    """

    type: str | None = word("Type.", "@type", "tablet")
    bus: str | None = word("Bus.", "@bus", "usb")
    model: str | None = word("Model.", "@model", "i6300esb")
    driver: Mapping[str, Scalar] = driver({"iommu": "on"})
    source: Mapping[str, Scalar] = attributes(
        "What the host has at its end.", "source", {"evdev": "/dev/input/event1"}
    )
    codecs: tuple[str, ...] = words("Codecs of a sound card.", "codec@type", ["duplex"])
    audio: str | None = word("What plays its sound.", "audio@id", 1)
    stats_period: str | None = word("Seconds between figures of the balloon.", "stats@period", 10)
    boot: Mapping[str, Scalar] = boot()
    alias: str | None = alias()
    address: Mapping[str, Scalar] = address()
    more: Mapping[str, Scalar] = more({"action": "reset"})
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class Rng:
    """``vms[].domain.devices.rngs[]``: a source of random numbers."""

    model: str | None = word("Model.", "@model", "virtio")
    rate: Mapping[str, Scalar] = attributes("Limit.", "rate", {"bytes": 1024, "period": 1000})
    backend: str | None = word("Where they are from.", "backend#", "/dev/urandom")
    backend_model: str | None = word("random, egd or builtin.", "backend@model", "random")
    driver: Mapping[str, Scalar] = driver({"iommu": "on"})
    alias: str | None = alias()
    address: Mapping[str, Scalar] = address()
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class Tpm:
    """``vms[].domain.devices.tpms[]``: a TPM."""

    model: str | None = word("Model.", "@model", "tpm-crb")
    backend: Mapping[str, Scalar] = attributes(
        "What it is.", "backend", {"type": "emulator", "version": "2.0"}
    )
    device: str | None = word("Device of the host.", "backend/device@path", "/dev/tpm0")
    alias: str | None = alias()
    address: Mapping[str, Scalar] = address()
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class Vsock:
    """``vms[].domain.devices.vsock``: a socket between guest and host."""

    model: str | None = word("Model.", "@model", "virtio")
    cid: Mapping[str, Scalar] = attributes("Its number.", "cid", {"auto": "yes"})
    driver: Mapping[str, Scalar] = driver({"iommu": "on"})
    alias: str | None = alias()
    address: Mapping[str, Scalar] = address()


@vocabulary(frozen=True)
class HostDevSource:
    """``...hostdevs[].source``: which device of the host."""

    address: Mapping[str, Scalar] = attributes(
        "Its place.", "address", {"domain": 0, "bus": 6, "slot": 0, "function": 0}
    )
    vendor: str | None = word("Vendor (USB).", "vendor@id", "0x0781")
    product: str | None = word("Product (USB).", "product@id", "0x5567")
    more: Mapping[str, Scalar] = more({"startupPolicy": "optional"})
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class HostDev:
    """``vms[].domain.devices.hostdevs[]``: a device of the host. A VM with one cannot migrate."""

    mode: str | None = word("subsystem or capabilities.", "@mode", "subsystem")
    type: str | None = word("pci, usb, scsi, scsi_host, mdev, net.", "@type", "pci")
    managed: str | None = consent("Let libvirt take it from the host.", "@managed")
    driver: Mapping[str, Scalar] = driver({"name": "vfio"})
    source: HostDevSource | None = part("Which one.", "source", HostDevSource)
    rom: Mapping[str, Scalar] = attributes("Option ROM.", "rom", {"bar": "off"})
    boot: Mapping[str, Scalar] = boot()
    alias: str | None = alias()
    address: Mapping[str, Scalar] = address()
    more: Mapping[str, Scalar] = more({"model": "vfio-pci"})
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class Devices:
    """``vms[].domain.devices``: devices, as libvirt says them."""

    emulator: str | None = word("Program.", "emulator#", "/usr/bin/qemu-system-x86_64")
    disks: tuple[DomainDisk, ...] = parts("Disks.", "disk", DomainDisk)
    controllers: tuple[Controller, ...] = parts("Buses.", "controller", Controller)
    leases: tuple[Lease, ...] = parts("Leases.", "lease", Lease)
    filesystems: tuple[SharedFolder, ...] = parts("Shared folders.", "filesystem", SharedFolder)
    interfaces: tuple[DomainInterface, ...] = parts("Network cards.", "interface", DomainInterface)
    serials: tuple[CharDevice, ...] = parts("Serial lines.", "serial", CharDevice)
    parallels: tuple[CharDevice, ...] = parts("Parallel lines.", "parallel", CharDevice)
    consoles: tuple[CharDevice, ...] = parts("Consoles.", "console", CharDevice)
    channels: tuple[CharDevice, ...] = parts("Channels.", "channel", CharDevice)
    inputs: tuple[PlainDevice, ...] = parts("Keyboards, mice, tablets.", "input", PlainDevice)
    tpms: tuple[Tpm, ...] = parts("TPM.", "tpm", Tpm)
    graphics: tuple[Graphics, ...] = parts("Screens.", "graphics", Graphics)
    sounds: tuple[PlainDevice, ...] = parts("Sound cards.", "sound", PlainDevice)
    audios: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "What plays sound on the host.", "audio", {"id": 1, "type": "none"}
    )
    videos: tuple[Video, ...] = parts("Graphics cards.", "video", Video)
    hostdevs: tuple[HostDev, ...] = parts("Devices of the host.", "hostdev", HostDev)
    hubs: tuple[PlainDevice, ...] = parts("USB hubs.", "hub", PlainDevice)
    redirdevs: tuple[PlainDevice, ...] = parts("USB over the screen.", "redirdev", PlainDevice)
    watchdogs: tuple[PlainDevice, ...] = parts("Watchdogs.", "watchdog", PlainDevice)
    memballoon: PlainDevice | None = part("Balloon.", "memballoon", PlainDevice)
    rngs: tuple[Rng, ...] = parts("Random numbers.", "rng", Rng)
    panics: tuple[PlainDevice, ...] = parts("Notice of a crash.", "panic", PlainDevice)
    iommus: tuple[PlainDevice, ...] = parts("IOMMU.", "iommu", PlainDevice)
    vsock: Vsock | None = part("Socket to the host.", "vsock", Vsock)
    raw: tuple[str, ...] = raw()
