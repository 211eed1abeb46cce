"""The lab's network: a bridge and one tap a node, in the network namespace of the caller."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable

from lab.errors import CommandError
from lab.model import MASTER_ADDRESS

BRIDGE = "br0"
Pair = frozenset[int]


def tap(number: int) -> str:
    """Return the name of node ``number``'s tap."""
    return f"tap{number}"


def create(nodes: int) -> None:
    """Make the bridge and the taps; they vanish with the namespace."""
    lines = [
        "link set lo up",
        f"link add {BRIDGE} type bridge forward_delay 0 mcast_snooping 0",
        f"addr add {MASTER_ADDRESS}/24 dev {BRIDGE}",
        f"link set {BRIDGE} up",
    ]
    for number in range(1, nodes + 1):
        _run(["ip", "tuntap", "add", "dev", tap(number), "mode", "tap"])
        lines.append(f"link set {tap(number)} master {BRIDGE} up")
    _run(["ip", "-batch", "-"], "\n".join(lines) + "\n")


def set_cuts(pairs: Iterable[Pair]) -> None:
    """Drop what the nodes of each pair send to each other, and nothing else.

    The rules sit on the bridge, so they outlast a node's reboot.
    """
    rules = ["add table bridge lab", "delete table bridge lab"]
    pairs = list(pairs)
    if pairs:
        rules += [
            "add table bridge lab",
            "add chain bridge lab cut { type filter hook forward priority 0; policy accept; }",
        ]
    for one, two in map(sorted, pairs):
        for source, target in ((one, two), (two, one)):
            rules.append(
                f'add rule bridge lab cut iifname "{tap(source)}" oifname "{tap(target)}" drop'
            )
    _run(["nft", "-f", "-"], "\n".join(rules) + "\n")


def _run(argv: list[str], text: str = "") -> None:
    done = subprocess.run(argv, input=text, text=True, capture_output=True, check=False)
    if done.returncode:
        why = done.stderr.strip() or f"status {done.returncode}"
        raise CommandError(f"{' '.join(argv)}: {why}", done.returncode)
