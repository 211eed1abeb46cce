"""Three hosts for tests of the network: namespaces at one bridge, two links each, IPv4 and IPv6."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kvmha.tools.runner import Result, Runner
from tests.contract.disks import run

IP = "/usr/sbin/ip"
COUNT = 3


class Inside(Runner):
    """Runs programs in a host's network namespace; with ``path`` it finds only what is there."""

    def __init__(self, host: str, path: str = "") -> None:
        super().__init__()
        self.host = host
        self.path = path

    def run(self, argv: Sequence[str], **more: Any) -> Result:
        if self.path:
            more["env"] = {"PATH": self.path}
        return super().run([IP, "netns", "exec", self.host, *argv], **more)


def name(number: int) -> str:
    return f"drill-host{number}"


def links(number: int) -> list[str]:
    """Return the addresses of a host: IPv4 on link 0, IPv6 on link 1, IPv4 again on link 2."""
    return [f"10.77.0.{number}", f"fd77::{number}", f"10.78.0.{number}"]


@contextmanager
def three() -> Iterator[list[str]]:
    """Yield the names of three hosts that reach each other. Needs root."""
    hosts = [name(number) for number in range(1, COUNT + 1)]
    switch = "drill-switch"
    try:
        for each in [*hosts, switch]:
            run(IP, "netns", "add", each)
        run(IP, "-n", switch, "link", "add", "br0", "type", "bridge", "forward_delay", "0")
        run(IP, "-n", switch, "link", "set", "br0", "up")
        for number, host in enumerate(hosts, 1):
            wire = ["link", "add", "eth0", "type", "veth", "peer", "name", f"p{number}"]
            run(IP, "-n", host, *wire, "netns", switch)
            run(IP, "-n", switch, "link", "set", f"p{number}", "master", "br0", "up")
            for address in links(number):
                family, size = (["-6"], "64") if ":" in address else ([], "24")
                more = ["nodad"] if family else []
                place = ["address", "add", f"{address}/{size}", "dev", "eth0", *more]
                run(IP, *family, "-n", host, *place)
            run(IP, "-n", host, "link", "set", "lo", "up")
            run(IP, "-n", host, "link", "set", "eth0", "up")
        yield hosts
    finally:
        for each in [*hosts, switch]:
            subprocess.run([IP, "netns", "del", each], check=False, capture_output=True)


def reached(source: int, target: int) -> list[int]:
    """Return the links of ``target`` from which a ping of ``source`` is answered."""
    ping = [IP, "netns", "exec", name(source), "ping", "-q", "-c", "1", "-W", "0.5"]
    asked = [
        subprocess.Popen([*ping, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for address in links(target)
    ]
    return [link for link, each in enumerate(asked) if each.wait() == 0]


def only(folder: Path, programs: dict[str, str]) -> str:
    """Return a PATH on which there are ``programs`` alone: a name, and the program behind it."""
    folder.mkdir()
    for called, real in programs.items():
        (folder / called).symlink_to(real)
    return str(folder)
