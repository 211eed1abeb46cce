"""Disks over the network: the words of ``storage.iscsi``."""

from __future__ import annotations

import ipaddress

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said

PORT = 3260


@vocabulary(frozen=True)
class IscsiTarget:
    """``storage.iscsi.targets[]``: a target that every node is logged in to.

    Passwords stand apart in the pillar, below ``kvmha_secrets``; here are their keys.
    """

    iqn: str = said("text", "Name of the target.", example="iqn.2026-11.com.example:san1")
    portals: tuple[str, ...] = said(
        "text",
        "Addresses of the target, each with or without its port (3260); an IPv6 one with its port "
        "in brackets. Each is one session: one path to the disks.",
        many=True,
        example=["192.168.56.1:3260", "192.168.57.1:3260"],
    )
    user: str = said(
        "text",
        "CHAP name that the nodes give; empty: no CHAP.",
        default="",
        example="kvm-hosts",
    )
    secret: str = said(
        "text",
        "Key in `kvmha_secrets` of the CHAP password that the nodes give.",
        default="",
        example="san1",
    )
    mutual_user: str = said(
        "text",
        "CHAP name that the target has to give back; empty: it need not.",
        default="",
        example="san1",
    )
    mutual_secret: str = said(
        "text",
        "Key in `kvmha_secrets` of the password that the target has to give back.",
        default="",
        example="san1.back",
    )
    startup: str = said(
        "text",
        "Whether a node logs in by itself when it boots.",
        default="automatic",
        choices=("automatic", "manual"),
        example="automatic",
    )
    replacement_timeout: int | None = said(
        "duration",
        "Time after which a lost session fails the input and output that waits for it; unsaid: "
        "5s with several portals, where multipath goes on with another, 2min with one.",
        default=None,
        minimum=0,
        example="5s",
    )
    noop_interval: int = said(
        "duration", "Time between two pings of a session.", default=5000, minimum=0, example="5s"
    )
    noop_timeout: int = said(
        "duration",
        "Time after which a ping without an answer means that the session is lost.",
        default=5000,
        minimum=0,
        example="5s",
    )


@vocabulary(frozen=True)
class Iscsi:
    """``storage.iscsi``: disks over the network."""

    initiator_prefix: str = said(
        "text",
        "The nodes' initiator names are this, a colon and the node's name; empty: each node "
        "keeps the one it has.",
        default="",
        example="iqn.2026-11.com.example",
    )
    targets: tuple[IscsiTarget, ...] = said(
        "object", "Targets that every node is logged in to.", many=True, of=IscsiTarget, default=()
    )


def portal(text: str) -> tuple[str, int]:
    """Return address and port of a portal; raise ValueError where ``text`` is none.

    An address, not a name: open-iscsi files its records under what is said here.
    """
    head, colon, tail = text.rpartition(":")
    bare = text.startswith("[") and text.endswith("]")
    if bare or not colon or (":" in head and not head.startswith("[")):
        head, tail = text, str(PORT)
    address = ipaddress.ip_address(head.removeprefix("[").removesuffix("]"))
    if not tail.isdecimal() or not 0 < int(tail) < 65536:
        raise ValueError(f"{tail!r} is no port")
    return str(address), int(tail)
