"""Applications that several virtual machines run: the words of ``tiers``."""

from __future__ import annotations

from collections.abc import Iterable

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said


@vocabulary(frozen=True)
class Vip:
    """``tiers[].vip``: the address under which a tier is reached."""

    address: str = said("text", "Address with its prefix length.", example="192.168.56.200/24")
    nic: str = said(
        "text",
        "Interface of the hosts that gets it, such as their bridge; empty: the one in its network.",
        default="",
        example="br0",
    )


@vocabulary(frozen=True)
class Tier:
    """``tiers[]``: one application, run by the VMs whose ``tier`` it is."""

    name: str = said("name", "Its name.", example="db")
    after: str = said(
        "name",
        "Tier that has to be up before a member of this one starts: one member of it suffices.",
        default="",
        example="db",
    )
    spread: bool = said(
        "boolean",
        "Keep its members on different hosts, as far as there are hosts.",
        default=True,
        example=True,
    )
    strict: bool = said(
        "boolean",
        "Never two members on one host, though one may then not run.",
        default=False,
        example=True,
    )
    vip: Vip | None = said("object", "Address that is where a member is up.", of=Vip, default=None)


def circle(tier: Tier, tiers: Iterable[Tier]) -> list[str]:
    """Return the names on the way from ``tier`` by ``after`` back to itself; none without one."""
    after = {each.name: each.after for each in tiers}
    way = [tier.name]
    while after.get(way[-1]) and after[way[-1]] not in way:
        way.append(after[way[-1]])
    return way if after.get(way[-1]) == tier.name else []
