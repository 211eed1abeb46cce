"""Cuts by this host's packet filter: nftables where it works, iptables elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kvmha.drills import faults, packet_filter
from kvmha.drills.healing import Piece
from kvmha.drills.packet_filter import Peer
from kvmha.errors import CommandFailed, KvmhaError
from kvmha.tools.faults.kind import Facts, Here, Prepared
from kvmha.tools.runner import Runner

# `iptables` may be the one that writes to nftables, on a kernel that has the old tables alone.
_IPTABLES = {4: ("iptables", "iptables-legacy"), 6: ("ip6tables", "ip6tables-legacy")}
_LOCK = ("-w", "5")  # seconds to wait for another iptables


def prepare(here: Here, arguments: Facts) -> Prepared:
    """Look at what cuts this node off ``peers`` (others, all of them) on ``links`` (all)."""
    peers = arguments.get("peers", ())
    links = arguments.get("links", ())
    cut = faults.addresses(here.spec, here.node, peers, links)
    if not cut:
        raise KvmhaError(
            f"there is nothing to cut {here.node} off from", hint="see nodes[].links in the pillar"
        )
    return prepare_peers(here, [Peer(address) for address in cut])


def prepare_peers(here: Here, wanted: Sequence[Peer]) -> Prepared:
    """Look at what drops the packets of ``wanted``, beside those that are dropped already."""
    before = [
        packet_filter.peer(text) for facts in here.standing for text in facts.get("peers", ())
    ]
    peers = list(dict.fromkeys([*before, *wanted]))
    programs = _choose(here.runner, peers)
    facts: dict[str, Any] = {"peers": [str(each) for each in peers], "programs": programs}
    named = ", ".join(map(str, wanted))
    heal = (
        packet_filter.nft_heal() if programs == ["nft"] else packet_filter.iptables_heal(programs)
    )
    piece = Piece(f"cuts of {' and '.join(programs)}", heal)
    return Prepared(facts, (f"drop packets from and to {named} ({programs[0]})",), (piece,))


def put(here: Here, facts: Facts) -> None:
    """Make the packet filter drop the packets of ``peers``: in one transaction for each program."""
    peers = _peers(facts)
    for program in facts.get("programs", ()):
        if program == "nft":
            here.runner.run(["nft", "-f", "-"], stdin=packet_filter.nft_rules(peers))
            continue
        listed = here.runner.run([program, *_LOCK, "-S"]).stdout
        text = packet_filter.iptables_rules(
            _of_program(program, peers), packet_filter.iptables_jumps(listed)
        )
        here.runner.run(_restore(program), stdin=text)


def in_force(runner: Runner, facts: Facts) -> bool:
    """Tell whether the kernel has every rule of the cut."""
    return all(_holds(runner, program, _peers(facts)) for program in facts.get("programs", ()))


def _holds(runner: Runner, program: str, peers: Sequence[Peer]) -> bool:
    if program == "nft":
        argv = ["nft", "list", "table", "inet", packet_filter.TABLE]
        return packet_filter.nft_holds(runner.run(argv, ok=None).stdout, peers)
    listed = runner.run([program, *_LOCK, "-S"], ok=None).stdout
    return packet_filter.iptables_holds(listed, _of_program(program, peers))


def _choose(runner: Runner, peers: Sequence[Peer]) -> list[str]:
    """Return the programs that can cut off ``peers`` on this kernel.

    ``nft --check`` has the kernel try the whole transaction and drop it.
    """
    said: list[str] = []
    if _works(runner, ["nft", "--check", "-f", "-"], said, packet_filter.nft_rules(peers)):
        return ["nft"]
    found = []
    for version in sorted({each.version for each in peers}):
        working = (
            name
            for name in _IPTABLES[version]
            if _works(runner, _restore(name), said, packet_filter.iptables_probe())
        )
        program = next(working, None)
        if program is None:
            raise KvmhaError(
                f"no packet filter of this host can drop IPv{version}: {'; '.join(said)}",
                hint="install nftables, or iptables where the kernel has no nftables",
            )
        found.append(program)
    return found


def _restore(program: str) -> list[str]:
    return [f"{program}-restore", *_LOCK, "--noflush"]


def _works(runner: Runner, argv: Sequence[str], said: list[str], stdin: str | None = None) -> bool:
    try:
        runner.run(argv, stdin=stdin)
    except CommandFailed as error:
        said.append(f"{argv[0]}: {(error.output.splitlines() or ['it failed'])[0]}")
        return False
    return True


def _peers(facts: Facts) -> list[Peer]:
    return [packet_filter.peer(text) for text in facts.get("peers", ())]


def _of_program(program: str, peers: Sequence[Peer]) -> list[Peer]:
    version = 6 if program.startswith("ip6") else 4
    return [each for each in peers if each.version == version]
