"""Cuts as rules of the packet filter, in a place of their own, and what takes them out again.

nftables: a table of our own; its chains come before all others (a priority below ``raw``, -300),
and deleting it leaves nothing. firewalld flushes only its own table, so a reload leaves ours.
iptables: a chain of our own in INPUT and OUTPUT. A cut drops in both directions, as corosync's
authors advise for tests: a link that is taken down is another fault.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TABLE = "kvmha_drill"
CHAIN = "KVMHA-DRILL"
_HOOKS = ("INPUT", "OUTPUT")


@dataclass(frozen=True)
class Peer:
    """Whose packets are dropped: an address, or one TCP port of it (0: everything)."""

    address: str
    port: int = 0

    @property
    def version(self) -> int:
        """4 or 6."""
        return ipaddress.ip_address(self.address).version

    def __str__(self) -> str:
        if not self.port:
            return self.address
        return f"{f'[{self.address}]' if self.version == 6 else self.address}:{self.port}"


def peer(text: str) -> Peer:
    """Return what ``str`` of a Peer says."""
    try:
        return Peer(str(ipaddress.ip_address(text)))
    except ValueError:
        address, _, port = text.rpartition(":")
        return Peer(address.strip("[]"), int(port))


def nft_rules(peers: Sequence[Peer]) -> str:
    """Return the input of ``nft -f`` that makes our table hold ``peers`` and nothing else.

    It is one transaction: an old table is replaced without a moment in between.
    """
    chains = [
        f"\tchain {hook} {{\n\t\ttype filter hook {hook} priority -350; policy accept;\n"
        + "".join(f"\t\t{_nft(each, side)} drop\n" for each in peers)
        + "\t}\n"
        for hook, side in (("input", "s"), ("output", "d"))
    ]
    return nft_removal() + f"table inet {TABLE} {{\n{''.join(chains)}}}\n"


def nft_removal() -> str:
    """Return the input of ``nft -f`` that leaves no table of ours, whether there was one or not."""
    return f"add table inet {TABLE}\ndelete table inet {TABLE}\n"


def iptables_rules(peers: Iterable[Peer], jumps: Iterable[str] = ()) -> str:
    """Return the input of ``iptables-restore --noflush`` that makes our chain hold ``peers``.

    ``jumps`` are the chains (INPUT, OUTPUT) that lead to ours already: a second jump would
    outlive the removal of the first. What is not ours is kept (--noflush); COMMIT is atomic.
    """
    lines = ["*filter", f":{CHAIN} - [0:0]", *_iptables_lines(peers)]
    missing = [hook for hook in _HOOKS if hook not in set(jumps)]
    lines += [f"-I {hook} 1 -j {CHAIN}" for hook in missing]
    return "\n".join([*lines, "COMMIT", ""])


def iptables_probe() -> str:
    """Return the input of ``iptables-restore --noflush`` that makes a chain and removes it.

    Listing proves nothing: iptables over nftables lists on kernels where it cannot write.
    """
    return f"*filter\n:{CHAIN}-TRY - [0:0]\n-X {CHAIN}-TRY\nCOMMIT\n"


def iptables_jumps(listed: str) -> list[str]:
    """Return the chains that lead to ours, from what ``iptables -S`` lists."""
    return [hook for hook in _HOOKS if f"-A {hook} -j {CHAIN}" in listed.splitlines()]


def nft_holds(listed: str, peers: Iterable[Peer]) -> bool:
    """Tell from what ``nft list table`` prints whether all ``peers`` are cut off."""
    lines = {line.strip() for line in listed.splitlines()}
    return all(f"{_nft(each, side)} drop" in lines for each in peers for side in ("s", "d"))


def iptables_holds(listed: str, peers: Iterable[Peer]) -> bool:
    """Tell from what ``iptables -S`` prints whether all ``peers`` are cut off."""
    jumps = set(iptables_jumps(listed)) == set(_HOOKS)
    return jumps and set(_iptables_lines(peers)) <= set(listed.splitlines())


def nft_heal() -> str:
    """Return shell commands that take our table out of nftables."""
    return f"nft -f - <<'RULES'\n{nft_removal()}RULES\n"


def iptables_heal(programs: Sequence[str]) -> str:
    """Return shell commands that take our chain out of the tables of ``programs``."""
    return "".join(
        f"while {name} -w 5 -D {hook} -j {CHAIN} 2>/dev/null; do :; done\n"
        for name in programs
        for hook in _HOOKS
    ) + "".join(
        f"{name} -w 5 -F {CHAIN} 2>/dev/null && {name} -w 5 -X {CHAIN}\n"
        f"listed=$({name} -w 5 -S) || return 1\n"
        f"case $listed in *{CHAIN}*) return 1 ;; esac\n"
        for name in programs
    )


def _nft(each: Peer, side: str) -> str:
    family = "ip6" if each.version == 6 else "ip"
    port = f" tcp {side}port {each.port}" if each.port else ""
    return f"{family} {side}addr {each.address}{port}"


def _iptables_lines(peers: Iterable[Peer]) -> list[str]:
    """Return the rules of our chain, as ``iptables -S`` prints them."""
    lines = []
    for each in peers:
        address = f"{each.address}/{128 if each.version == 6 else 32}"
        for side in ("s", "d"):
            port = f" -p tcp -m tcp --{side}port {each.port}" if each.port else ""
            lines.append(f"-A {CHAIN} -{side} {address}{port} -j DROP")
    return lines
