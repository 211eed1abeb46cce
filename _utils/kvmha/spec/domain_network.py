"""Network cards of a domain."""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.spec.classes import vocabulary
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
    raw,
    word,
)

Scalar = str | int | bool


@vocabulary(frozen=True)
class VirtualPort:
    """``...interfaces[].virtualport``: how a switch knows it."""

    type: str | None = word("openvswitch, 802.1Qbg, 802.1Qbh, midonet.", "@type", "openvswitch")
    parameters: Mapping[str, Scalar] = attributes(
        "Parameters.", "parameters", {"interfaceid": "09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f"}
    )


@vocabulary(frozen=True)
class Vlan:
    """``...interfaces[].vlan``: VLANs that it is in."""

    trunk: str | None = consent("Several of them, tagged.", "@trunk")
    tags: tuple[Mapping[str, Scalar], ...] = attributes_of_each("Tags.", "tag", {"id": 42})


@vocabulary(frozen=True)
class FilterRef:
    """``...interfaces[].filterref``: libvirt's filter of its traffic."""

    filter: str | None = word("Name.", "@filter", "clean-traffic")
    parameters: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "Parameters.", "parameter", {"name": "IP", "value": "192.168.56.201"}
    )


@vocabulary(frozen=True)
class DomainInterface:
    """``vms[].domain.devices.interfaces[]``: a network card, as libvirt says it. Its ``mac``
    tells it from others; without one it is laid over the first that is like it.
    """

    type: str | None = word(
        "bridge, network, direct (macvtap), ethernet, user, hostdev, vdpa, vhostuser.",
        "@type",
        "direct",
    )
    mac: str | None = word("Address.", "mac@address", "52:54:00:12:34:56")
    source: Mapping[str, Scalar] = attributes(
        "What it is plugged into.", "source", {"dev": "eth1", "mode": "bridge"}
    )
    virtualport: VirtualPort | None = part("How a switch knows it.", "virtualport", VirtualPort)
    vlan: Vlan | None = part("VLANs.", "vlan", Vlan)
    target: Mapping[str, Scalar] = attributes("Its name on the host.", "target", {"dev": "web1-0"})
    model: str | None = word("Model.", "model@type", "virtio")
    driver: Mapping[str, Scalar] = driver({"name": "vhost", "queues": 4})
    filterref: FilterRef | None = part("Filter.", "filterref", FilterRef)
    mtu: str | None = word("Largest frame.", "mtu@size", 9000)
    link: str | None = word("up or down.", "link@state", "up")
    isolated: str | None = consent("Talk with the host's uplink alone.", "port@isolated")
    inbound: Mapping[str, Scalar] = attributes(
        "Limit of what comes in, KiB a second.",
        "bandwidth/inbound",
        {"average": 1000, "peak": 5000},
    )
    outbound: Mapping[str, Scalar] = attributes(
        "Limit of what goes out.", "bandwidth/outbound", {"average": 1000}
    )
    rom: Mapping[str, Scalar] = attributes("Option ROM.", "rom", {"bar": "off"})
    boot: Mapping[str, Scalar] = boot()
    alias: str | None = alias()
    address: Mapping[str, Scalar] = address()
    more: Mapping[str, Scalar] = more({"trustGuestRxFilters": "yes"})
    raw: tuple[str, ...] = raw()
