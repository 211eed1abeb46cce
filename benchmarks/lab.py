"""Failover and provisioning on a real cluster of three nodes, each beside its floor in one run."""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import yaml

from benchmarks.figures import Target, table
from kvmha import timeouts
from kvmha.spec import load
from kvmha.wait import eventually
from lab.api import Lab, Node
from lab.model import CHECKOUT
from tests.cluster.story import Story

Say = Callable[[str], None]
PILLAR = CHECKOUT / "pillar/examples/lab.sls"
VM = "web1"
STORE = "/srv/vmstore"
IMAGE_MIB = 24
VMS = 20


@dataclass
class Failover:
    """Seconds of one failover, from the loss of power to the guest's next sign of life."""

    detection: float
    fencing: float
    start: float
    total: float


@dataclass
class Measured:
    """Everything that was measured, in seconds."""

    floor: dict[str, float] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)
    failovers: list[Failover] = field(default_factory=list)
    copies: list[float] = field(default_factory=list)
    states: list[float] = field(default_factory=list)
    second: list[float] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for the JSON."""
        return asdict(self)


def measure(found: Measured, runs: int, say: Say) -> None:
    """Boot a lab, deploy, measure ``runs`` times; take the lab down, whatever happens.

    Raises LabError when a step does not come about.
    """
    with Lab("bench", say) as lab:
        lab.up(nodes=3, image="prepared", salt="3008", pillar=PILLAR)
        story = Story(lab)
        story.deploy()
        for _ in range(runs):
            _provisioning(story, found, say)
            found.starts.append(_planned_start(story))
            say(f"planned start: {found.starts[-1]:.1f} s")
            found.failovers.append(_failover(story))
            say(f"failover: {found.failovers[-1]}")
        found.floor = _floor(found)


def _floor(found: Measured) -> dict[str, float]:
    """Return the least that the configuration implies, and the guest's own start."""
    spec = load(yaml.safe_load(PILLAR.read_text(encoding="utf-8"))["kvmha"])
    derived = timeouts.derive(spec)
    return {
        "token": derived.token / 1000,
        "consensus": derived.consensus / 1000,
        "msgwait": derived.msgwait / 1000,
        "guest start": statistics.median(found.starts),
    }


def _planned_start(story: Story) -> float:
    """Return the seconds from asking for the VM to its sign of life, with nothing else to do."""
    node = story.nodes[0]
    node.run(f"crm_resource --resource vm-{VM} --disable --wait", timeout=300)
    before = len(story.counts(VM))
    began = time.monotonic()
    node.run(f"crm_resource --resource vm-{VM} --enable")
    _alive(story, before)
    return time.monotonic() - began


def _failover(story: Story) -> Failover:
    """Cut the power of the VM's host for good; return what its survivors' journals say."""
    host = story.host_of(VM)
    assert host
    watcher = next(node for node in story.nodes if node.name != host)
    before = len(story.counts(VM))
    began = _clock(watcher)
    story.lab.off(host)
    _alive(story, before)
    ended = _clock(watcher)
    detected = _logged(watcher, began, rf"{host}.* state is now lost")
    fenced = _logged(watcher, began, rf"targeting {host} .*: OK")
    story.lab.on(host)
    story.lab.wait_minions()
    story.until(story.is_whole, timeout=600)
    return Failover(
        round(detected - began, 1), round(fenced - detected, 1), round(ended - fenced, 1),
        round(ended - began, 1),
    )  # fmt: skip


def _alive(story: Story, before: int) -> None:
    """Wait for a count that the guest had not said before; nodes that are away do not answer."""
    up = [node for node in story.nodes if node.state()["power"] == "on"]
    log = f"{STORE}/{VM}/serial.log"

    def missing() -> str:
        said = up[0].run(f"cat {log}", check=False, timeout=60).stdout
        count = len(re.findall(r"^\d{10} [a-p]{8}\r?$", said, re.M))
        return "" if count > before else f"{VM} has not counted on from {before}"

    eventually(missing, timeout=600, interval=0.5)


def _clock(node: Node) -> float:
    return float(node.run("date +%s.%N").stdout)


def _logged(node: Node, since: float, pattern: str) -> float:
    """Return when the journal of ``node`` said what ``pattern`` matches, first after ``since``."""
    said = node.run(f"journalctl --output=short-unix --since=@{since:.0f}", timeout=60).stdout
    for line in said.splitlines():
        stamp = line.split(" ", 1)[0]
        if re.search(pattern, line) and float(stamp) >= since:
            return float(stamp)
    raise AssertionError(f"{node.name} did not say {pattern}")


def _provisioning(story: Story, found: Measured, say: Say) -> None:
    """Copy an image twenty times by itself; then by twenty states; then find it all done."""
    node = story.nodes[0]
    source = "/var/tmp/bench.raw"
    node.run(f"test -s {source} || dd if=/dev/urandom of={source} bs=1M count={IMAGE_MIB}")
    alone = f"{STORE}/alone"
    loop = f"for i in $(seq {VMS}); do cp {source} {alone}/$i.raw; sync {alone}/$i.raw; done"
    node.run(f"mkdir -p {alone}; cat {source} >/dev/null")
    found.copies.append(_timed(node, loop))
    node.run(f"rm -r {alone}")
    vms = [_vm(number, source) for number in range(VMS)]
    found.states.append(_states(story, vms))
    found.second.append(_states(story, vms))
    node.run(f"rm -r {STORE}/bench*")
    say(f"copies {found.copies[-1]:.1f} s, states {found.states[-1]:.1f} s, "
        f"a second run {found.second[-1]:.1f} s")  # fmt: skip


def _timed(node: Node, command: str) -> float:
    began = time.monotonic()
    node.run(command, timeout=600)
    return time.monotonic() - began


def _vm(number: int, source: str) -> dict[str, Any]:
    disk = {"file": "disk0.raw", "size": f"{IMAGE_MIB}MiB", "source": source}
    return {"name": f"bench{number:02}", "type": "qemu", "memory": "32MiB", "disks": [disk]}


def _states(story: Story, vms: list[dict[str, Any]]) -> float:
    """Apply one state for each VM, in one run; return the seconds that the states took."""
    spec = yaml.safe_load(PILLAR.read_text(encoding="utf-8"))["kvmha"] | {"vms": vms}
    text = json.dumps({vm["name"]: {"libvirt_domain.defined": [{"spec": spec}]} for vm in vms})
    node = story.nodes[0]
    node.run("cat >/var/tmp/bench.sls", text=text)
    call = "salt-call --out=json state.template /var/tmp/bench.sls"
    answer = json.loads(node.run(call, timeout=900).stdout)["local"]
    failed = [state["comment"] for state in answer.values() if not state["result"]]
    assert not failed, failed[0]
    return sum(state["duration"] for state in answer.values()) / 1000


def targets(found: Measured) -> list[Target]:
    """Return what the project asks of itself, beside what was measured."""
    floor = sum(found.floor.values()) if found.floor else None
    total = statistics.median(one.total for one in found.failovers) if found.failovers else None
    copying = statistics.median(found.copies) if found.copies else None
    states = statistics.median(found.states) if found.states else None
    return [
        Target("failover / floor of the configuration", 1.15,
               total / floor if total and floor else None, unit="x"),
        Target(f"provisioning {VMS} VMs: states' time / copying alone", 1.2,
               states / copying if states and copying else None, unit="x"),
    ]  # fmt: skip


def text(found: Measured) -> str:
    """Return everything for a person."""
    rows = [
        [str(number), "", *(f"{value:.1f}" for value in asdict(one).values())]
        for number, one in enumerate(found.failovers, 1)
    ]
    floor = " + ".join(f"{name} {value:.1f}" for name, value in found.floor.items())
    pairs = zip(found.copies, found.states, found.second, strict=False)
    parts = [
        "## failover: power lost -> the guest counts on",
        table(["run", "", "detection", "fencing", "start", "total"], rows),
        f"floor: {floor} = {sum(found.floor.values()):.1f} s",
        f"## provisioning {VMS} VMs of {IMAGE_MIB} MiB",
        table(
            ["run", "", "copying alone", "states", "second run"],
            [[str(n), "", *(f"{v:.1f}" for v in row)] for n, row in enumerate(pairs, 1)],
        ),
        "## asked for",
        "\n".join(target.line() for target in targets(found)),
    ]
    return "\n\n".join(parts)
