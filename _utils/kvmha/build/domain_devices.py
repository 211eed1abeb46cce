"""Devices of a domain that its guest is watched by."""

from __future__ import annotations

from lxml import etree

from kvmha.documents.domain import Element
from kvmha.spec.vms import Vm

AGENT = "org.qemu.guest_agent.0"  # the name that the guest's agent looks for


def add_watching(devices: Element, vm: Vm) -> None:
    """Add the guest agent's channel and the watchdog to ``devices``, where ``vm`` wants them.

    libvirt chooses the channel's socket. Source: https://libvirt.org/formatdomain.html.
    """
    if vm.monitor is not None and vm.monitor.guest_agent:
        channel = etree.SubElement(devices, "channel", type="unix")
        etree.SubElement(channel, "target", type="virtio", name=AGENT)
    if vm.watchdog is not None:
        said = {"model": vm.watchdog.model, "action": vm.watchdog.action}
        etree.SubElement(devices, "watchdog", said)
