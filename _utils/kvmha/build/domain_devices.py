"""Devices of a domain that its guest is watched by."""

from __future__ import annotations

from kvmha.documents import domain
from kvmha.spec.model import ClusterSpec
from kvmha.spec.vms import Vm

AGENT = "org.qemu.guest_agent.0"  # the name that the guest's agent looks for


def add_watching(devices: domain.Element, _spec: ClusterSpec, vm: Vm) -> None:
    """Add the guest agent's channel and the watchdog to ``devices``, where ``vm`` wants them.

    libvirt chooses the channel's socket. Source: https://libvirt.org/formatdomain.html.
    """
    if vm.monitor is not None and vm.monitor.guest_agent:
        channel = domain.add(devices, "channel", type="unix")
        domain.add(channel, "target", type="virtio", name=AGENT)
    if vm.watchdog is not None:
        said = {"model": vm.watchdog.model, "action": vm.watchdog.action}
        domain.add(devices, "watchdog", **said)
