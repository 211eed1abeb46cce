"""What is asked of a guest to know that it works: the words of ``vms[].monitor``."""

from __future__ import annotations

import re

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said

_URL = re.compile(r"http://(\[[0-9A-Fa-f:]+\]|[\w.-]+)(?::(\d{1,5}))?(/[!-~]*)?")


@vocabulary(frozen=True)
class SerialProbe:
    """``vms[].monitor.serial``: the guest says something on its first serial line."""

    max_age: int = said(
        "duration", "Longest silence of a guest that works.", default=30_000, example="30s"
    )


@vocabulary(frozen=True)
class TcpProbe:
    """``vms[].monitor.tcp``: a port of the guest takes connections."""

    host: str = said("text", "Name or address of the guest.", example="192.168.56.20")
    port: int = said("integer", "Port.", minimum=1, maximum=65535, example=5432)


@vocabulary(frozen=True)
class HttpProbe:
    """``vms[].monitor.http``: the guest answers a request."""

    url: str = said("text", "What is asked for; http alone.", example="http://192.168.56.20/health")
    expect: str = said(
        "text",
        "Text in the answer; empty: a status below 400 suffices.",
        default="",
        example="ready",
    )


@vocabulary(frozen=True)
class Monitor:
    """``vms[].monitor``: a VM is up when all of this is true, and restarted when it is no more."""

    guest_agent: bool = said(
        "boolean", "The QEMU guest agent in it answers.", default=False, example=True
    )
    serial: SerialProbe | None = said(
        "object", "It says something on its serial line.", of=SerialProbe, default=None
    )
    tcp: TcpProbe | None = said(
        "object", "One of its ports takes connections.", of=TcpProbe, default=None
    )
    http: HttpProbe | None = said("object", "It answers over HTTP.", of=HttpProbe, default=None)
    timeout: int = said(
        "duration",
        "How long one check goes on asking before the guest counts as hung.",
        default=20_000,
        minimum=1000,
        example="20s",
    )


@vocabulary(frozen=True)
class Watchdog:
    """``vms[].watchdog``: a watchdog inside the VM, which its guest has to feed."""

    model: str = said(
        "text",
        "Model of the device.",
        default="i6300esb",
        choices=("i6300esb", "ib700", "itco"),
        example="i6300esb",
    )
    action: str = said(
        "text",
        "What follows when it is not fed: `poweroff` has the cluster start the VM again.",
        default="reset",
        choices=("reset", "shutdown", "poweroff", "pause", "none", "dump", "inject-nmi"),
        example="reset",
    )


def place_of(url: str) -> tuple[str, int, str] | None:
    """Return host, port and path of an address of plain HTTP, None for anything else."""
    found = _URL.fullmatch(url)
    port = int(found[2] or 80) if found else 0
    return (found[1].strip("[]"), port, found[3] or "/") if found and 0 < port < 65536 else None
