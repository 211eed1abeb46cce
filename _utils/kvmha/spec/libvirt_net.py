"""Networks that libvirt has on every node: the words of ``libvirt.networks``."""

from __future__ import annotations

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said

BRIDGE, DIRECT, ISOLATED, NAT, ROUTE = "bridge", "direct", "isolated", "nat", "route"
PRESENT, ABSENT = "present", "absent"
# Networks whose bridge libvirt makes itself.
OWN_BRIDGE = (ISOLATED, NAT, ROUTE)


@vocabulary(frozen=True)
class Network:
    """``libvirt.networks[]``: a name, the same on every node, for what cards are plugged into."""

    name: str = said("name", "Name of the network.", example="lan")
    type: str = said(
        "text",
        "`bridge`: a bridge that the host has. `direct`: a network card of the host, by macvtap. "
        "`isolated`, `nat` and `route`: a bridge that libvirt makes, by itself or before the "
        "host's other networks.",
        choices=(BRIDGE, DIRECT, ISOLATED, NAT, ROUTE),
        example="bridge",
    )
    bridge: str = said(
        "name",
        "The bridge: of the host, or the one that libvirt makes (empty: it chooses a name).",
        default="",
        example="br0",
    )
    dev: str = said(
        "name",
        "Network card of the host: of `direct`; of `nat` and `route` the only way out, if said.",
        default="",
        example="eth1",
    )
    mode: str = said(
        "text",
        "How guests of a `direct` network reach each other; empty: `bridge`, at once.",
        default="",
        choices=("", "bridge", "vepa", "private", "passthrough"),
        example="bridge",
    )
    address: str = said(
        "text",
        "Address of the host in the network, with its prefix length; where libvirt makes the "
        "bridge.",
        default="",
        example="192.168.100.1/24",
    )
    dhcp_start: str = said(
        "text", "First address given to guests.", default="", example="192.168.100.100"
    )
    dhcp_end: str = said(
        "text", "Last address given to guests.", default="", example="192.168.100.200"
    )
    state: str = said(
        "text",
        "Whether it exists. One that a running domain is plugged into is not removed.",
        default=PRESENT,
        choices=(PRESENT, ABSENT),
        example="absent",
    )

    @property
    def present(self) -> bool:
        """Whether it is to exist."""
        return self.state == PRESENT
