"""How virtual machines move live from node to node: the words of ``libvirt.migration``."""

from __future__ import annotations

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import optional, said


@vocabulary(frozen=True)
class Migration:
    """``libvirt.migration``: how VMs with ``migrate`` move to another node while they run.

    ``transport`` is that of the control connection between the libvirts. The guest's memory
    goes over a connection of its own, from node to node, unencrypted unless ``options`` say
    otherwise (https://libvirt.org/migration.html).
    """

    transport: str = said(
        "text",
        "How libvirt reaches the other node's; `tcp` is neither encrypted nor authenticated.",
        default="ssh",
        choices=("ssh", "tcp"),
        example="ssh",
    )
    user: str = said(
        "text",
        "User on the other node for `ssh`, a member of its group libvirt; empty: root.",
        default="",
        example="migrator",
    )
    link: int | None = optional(
        "integer",
        "Number of the corosync link whose addresses carry the guests' memory; "
        "unsaid: those that the host names have.",
        example=1,
        minimum=0,
        maximum=7,
    )
    port_min: int | None = optional(
        "integer",
        "First port for the guests' memory; unsaid: libvirt's 49152.",
        example=49152,
        minimum=1024,
        maximum=65535,
    )
    port_max: int | None = optional(
        "integer",
        "Last port for the guests' memory; unsaid: libvirt's 49215.",
        example=49215,
        minimum=1024,
        maximum=65535,
    )
    bandwidth: int | None = optional(
        "integer", "MiB a second that one VM's move may take.", example=500, minimum=1
    )
    downtime: int | None = optional(
        "duration", "Longest pause of the guest at the end of its move.", example="300ms"
    )
    options: str = said(
        "text",
        "Further options of `virsh migrate`.",
        default="",
        example="--auto-converge",
    )
    limit: int | None = optional(
        "integer",
        "Moves at a time of one node, Pacemaker's migration-limit.",
        example=2,
        minimum=1,
    )
