"""Cuts by real packet filters, between real network namespaces."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from kvmha.drills import faults
from kvmha.drills.packet_filter import Peer
from kvmha.errors import KvmhaError
from kvmha.spec import load
from kvmha.tools.faults import cuts
from kvmha.tools.faults.dead_man import DeadMan, Made, State
from kvmha.tools.faults.kind import Here
from tests.contract import hosts
from tests.contract.disks import needs, run

NODES = ["ha-host1", "ha-host2", "ha-host3"]
# What a host may have, and the programs that are to be found on it then.
BACKENDS = {
    "nft": {"nft": "/usr/sbin/nft"},
    "iptables-nft": {
        f"ip{six}tables{end}": f"/usr/sbin/ip{six}tables-nft{end}"
        for six in ("", "6")
        for end in ("", "-restore")
    },
    "iptables-legacy": {
        f"ip{six}tables-legacy{end}": f"/usr/sbin/ip{six}tables-legacy{end}"
        for six in ("", "6")
        for end in ("", "-restore")
    },
}
# Rules in both chains: iptables over nftables makes a chain with its first rule, and keeps it.
_MINE = (
    "for t in ip ip6; do for c in INPUT OUTPUT; do ${{t}}tables-{0} -A $c -p tcp --dport 9 -j DROP;"
    " done; ${{t}}tables-{0} -N MINE; done"
)
FOREIGN = {
    "nft": "nft add table inet mine; nft add chain inet mine c '{ type filter hook input priority"
    " 0; }'; nft add rule inet mine c ip saddr 10.99.0.1 drop",
    "iptables-nft": _MINE.format("nft"),
    "iptables-legacy": _MINE.format("legacy"),
}
DUMPS = (
    "nft list ruleset",
    *(f"{name}-save" for name in ("iptables-legacy", "ip6tables-legacy")),
)


@dataclass
class Host:
    """Host 1, whose packets are dropped, and its dead man's folder."""

    runner: hosts.Inside
    here: Here
    man: DeadMan

    def cut(self, **arguments: Any) -> cuts.Facts:
        """Make a cut as ``inject`` does: what heals it is written first."""
        wanted = faults.read(self.here.spec, NODES[0], "cut", arguments)
        ready = cuts.prepare(self.here, wanted)
        state = self.man.state() or State("drill", 0.0, "none")
        self.man.add(state, Made("cut", {}, dict(ready.facts), ready.pieces))
        cuts.put(self.here, ready.facts)
        self.here = replace(self.here, standing=[*self.here.standing, ready.facts])
        return ready.facts

    def heal(self) -> None:
        """Run what the timer runs, with as little as it has: a shell."""
        run(
            hosts.IP,
            "netns",
            "exec",
            self.runner.host,
            "env",
            "-i",
            "/bin/sh",
            str(self.man.script),
        )

    def rules(self) -> str:
        """Return every rule of the host, without counts of packets and times."""
        inside = (hosts.IP, "netns", "exec", self.runner.host, "sh", "-c", "; ".join(DUMPS))
        return re.sub(
            r"\[\d+:\d+\]|counter packets \d+ bytes \d+|^#.*\n", "", run(*inside), flags=re.M
        )


@pytest.fixture(params=BACKENDS)
def host(request, tmp_path, example, changed) -> Iterator[Host]:
    """Yield a host with one packet filter, which has rules of its own."""
    needs("nft", "iptables", "ping", "flock")
    spec = load(changed(example("three_node"), {
        f"nodes[{number - 1}].links": hosts.links(number) for number in (1, 2, 3)
    }))  # fmt: skip
    with hosts.three() as names:
        runner = hosts.Inside(names[0], hosts.only(tmp_path / "bin", BACKENDS[request.param]))
        run(hosts.IP, "netns", "exec", names[0], "sh", "-c", FOREIGN[request.param])
        here = Here(runner, spec, NODES[0], folder=tmp_path)
        yield Host(runner, here, DeadMan(runner, tmp_path))


def test_a_cut_and_another_are_healed_and_leave_the_rules_of_others(host):
    before = host.rules()
    assert (hosts.reached(1, 2), hosts.reached(1, 3)) == ([0, 1, 2], [0, 1, 2])
    first = host.cut(peers="ha-host3")
    assert (hosts.reached(1, 2), hosts.reached(1, 3)) == ([0, 1, 2], [])
    assert (hosts.reached(3, 1), hosts.reached(3, 2)) == ([], [0, 1, 2])
    second = host.cut(peers="ha-host2", links=1)
    assert (hosts.reached(1, 2), hosts.reached(1, 3)) == ([0, 2], [])
    assert cuts.in_force(host.runner, first)
    assert cuts.in_force(host.runner, second)
    host.heal()
    assert not cuts.in_force(host.runner, first)
    assert (hosts.reached(1, 2), hosts.reached(1, 3)) == ([0, 1, 2], [0, 1, 2])
    assert host.rules() == before
    assert host.man.state() is None
    assert host.man.last_healed().drill == "drill"
    host.heal()  # again: nothing is left to do
    assert host.rules() == before


def test_who_applies_a_cut_may_die_at_any_moment(host):
    """Every program that a cut starts is the last one once."""
    before = host.rules()
    host.cut(peers="ha-host2")
    cut = host.rules()
    started = host.runner.started
    host.heal()
    for allowed in range(1, started):
        pid = os.fork()
        if not pid:
            die_after(host, allowed)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
        assert host.rules() != cut
        if host.man.script.exists():
            host.heal()
        assert host.rules() == before, f"after {allowed} programs"


def die_after(host: Host, allowed: int) -> None:
    """Make a cut in this process, which kills itself before program number ``allowed``."""
    real, count = host.runner.run, 0

    def counted(*args: Any, **more: Any) -> Any:
        nonlocal count
        count += 1
        if count > allowed:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **more)

    host.runner.run = counted
    host.here = replace(host.here, standing=())
    try:
        host.cut(peers="ha-host2")
    finally:
        os._exit(0)


def test_a_portal_is_cut_and_its_host_is_not(host):
    address = hosts.links(2)[0]
    server = [hosts.IP, "netns", "exec", hosts.name(2), "python3", "-m", "http.server"]
    with subprocess.Popen([*server, "3260"], stdout=-3, stderr=-3) as portal:
        try:
            assert answers(address)
            ready = cuts.prepare_peers(host.here, [Peer(address, 3260)])
            cuts.put(host.here, ready.facts)
            assert cuts.in_force(host.runner, ready.facts)
            assert not answers(address)
            assert hosts.reached(1, 2) == [0, 1, 2]
        finally:
            portal.kill()


def answers(address: str) -> bool:
    """Tell whether a connection to port 3260 comes about within some seconds."""
    ask = f"import socket; socket.create_connection(('{address}', 3260), 0.5)"
    words = [hosts.IP, "netns", "exec", hosts.name(1), "python3", "-c", ask]
    tries = (subprocess.run(words, check=False, capture_output=True).returncode for _ in range(4))
    return 0 in tries


def test_a_host_without_a_packet_filter_is_told(tmp_path, example):
    here = Here(hosts.Inside("none", str(tmp_path)), load(example("three_node")), NODES[0])
    with pytest.raises(KvmhaError, match=r"no packet filter .* can drop IPv4") as caught:
        cuts.prepare(here, {"peers": ("ha-host2",)})
    assert "install nftables" in str(caught.value)
    assert Path(hosts.IP).exists()
