"""Where virtual machines run: the words of ``placement`` and ``nodes[].capacity``."""

from __future__ import annotations

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said

# What `placement-strategy` of Pacemaker can be (Pacemaker Explained, Utilization).
STRATEGIES = ("default", "utilization", "minimal", "balanced")


@vocabulary(frozen=True)
class Capacity:
    """``nodes[].capacity``: what a host has for virtual machines, as it is to be counted."""

    memory: int = said(
        "size", "Memory for VMs: the host's, less what it needs for itself.", example="56GiB"
    )
    cpus: int = said(
        "integer",
        "Virtual processors that may run there, shared or not; 0: they are not counted.",
        default=0,
        minimum=0,
        example=32,
    )


@vocabulary(frozen=True)
class Company:
    """``placement.together[]`` and ``placement.apart[]``: VMs and how much they mean it."""

    vms: tuple[str, ...] = said("name", "The VMs.", many=True, example=["db1", "ap1"])
    strict: bool = said(
        "boolean",
        "Rather not run at all; otherwise as far as the hosts allow.",
        default=False,
        example=True,
    )


@vocabulary(frozen=True)
class Placement:
    """``placement``: where VMs run with regard to each other and to what hosts have."""

    strategy: str = said(
        "text",
        "How hosts are filled: `default` counts nothing; `utilization` starts no VM for which "
        "memory or processors do not suffice; `minimal` fills few hosts, `balanced` all alike; "
        "empty: Pacemaker's own choice stays.",
        default="",
        choices=("", *STRATEGIES),
        example="balanced",
    )
    together: tuple[Company, ...] = said(
        "object", "VMs that belong on one host.", many=True, of=Company, default=()
    )
    apart: tuple[Company, ...] = said(
        "object", "VMs that belong on different hosts.", many=True, of=Company, default=()
    )

    @property
    def counts(self) -> bool:
        """Tell whether what VMs need is counted against what hosts have."""
        return self.strategy not in ("", "default")
