"""Every fault made and healed once on real nodes; what a timer and a reboot heal alone.

The node that is cut off has left the cluster before, so that nobody fences it: what heals it is
then what the test says.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from kvmha.wait import eventually
from tests.cluster.story import Story

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

MEMBER, OTHER, VICTIM = "ha-host1", "ha-host2", "ha-host3"
MASTER = "192.168.56.1"
DRILL = "live"
RULES = "iptables-legacy -S"
DISK = "/dev/disk/by-id/scsi-lab-sbd"
READ = "dd of=/dev/null bs=4k count=1 iflag=direct if="


def call(story: Story, node: str, function: str, *words: str) -> Any:
    """Return what ``kvmha_fault.FUNCTION`` returns on a node; None when it cannot answer."""
    argv = ["salt", "--out=json", "--static", "-l", "quiet", "-t", "300", node]
    done = story.lab.master.run([*argv, f"kvmha_fault.{function}", *words], check=False)
    return json.loads(done.stdout or "{}").get(node)


def inject(story: Story, node: str, fault: str, *words: str, seconds: int = 600) -> dict[str, Any]:
    """Arm a node, make a fault on it and return what that tells."""
    call(story, node, "arm", DRILL, str(seconds))
    told = call(story, node, "inject", DRILL, fault, *words)
    assert isinstance(told, dict), told
    return told


def heal(story: Story, node: str) -> None:
    told = call(story, node, "heal", DRILL)
    assert isinstance(told, dict) and "not healed" not in told["said"], told
    status = call(story, node, "status")
    assert (status["faults"], status["armed"]) == ([], False)


def pings(story: Story, node: str, address: str) -> bool:
    return story.succeeds(node, f"ping -q -c 1 -W 1 {address}")


@pytest.fixture
def leaver(breadth) -> Iterator[Story]:
    """Yield the cluster while the victim's daemons are down in good order."""
    breadth.until(breadth.is_whole)
    node = breadth.lab.node(VICTIM)
    node.run("systemctl stop pacemaker corosync", timeout=600)
    yield breadth
    node.wait()
    node.run("systemctl start corosync pacemaker", timeout=300)
    breadth.until(breadth.is_whole)


def test_a_look_at_every_fault_changes_nothing(breadth):
    breadth.until(lambda: breadth.host_of("db1") is not None)
    node = breadth.host_of("db1")
    peer = OTHER if node != OTHER else MEMBER
    before = (
        breadth.lab.node(node).run(f"{RULES}; dmsetup table; ls /run/kvmha", check=False).stdout
    )
    for words in (
        *(["cut", f"peers={peer}"], ["isolate"], ["link_down", "links=0"], ["sbd_disk_loss"]),
        *(["san_loss"], ["kill", "daemon=corosync"], ["freeze"], ["power_off"], ["crash"]),
        *(["fill"], ["clock_jump", "seconds=-90s"], ["restart"], ["kill_guest", "vm=db1"]),
    ):
        told = call(breadth, node, "inject", DRILL, *words, "test=True")
        assert isinstance(told, dict) and told["does"], told
        assert call(breadth, node, "inject", DRILL, *words).startswith("ERROR: no timer would heal")
    after = breadth.lab.node(node).run(f"{RULES}; dmsetup table; ls /run/kvmha", check=False).stdout
    assert re.sub(r"^drill$\n?", "", after, flags=re.M) == re.sub(
        r"^drill$\n?", "", before, flags=re.M
    )


def test_the_timer_heals_a_node_whose_minion_is_dead_and_whose_master_is_away(leaver):
    node = leaver.lab.node(VICTIM)
    inject(leaver, VICTIM, "isolate", seconds=120)
    assert not pings(leaver, VICTIM, "192.168.56.101")
    assert not pings(leaver, MEMBER, "192.168.56.103")
    assert pings(leaver, MEMBER, "192.168.56.102")
    assert call(leaver, VICTIM, "status")["faults"][0]["in_force"] is True
    foreign = "INPUT -p tcp -m tcp --sport 4505:4506 -j DROP"
    node.run(f"iptables-legacy -A {foreign}; systemctl kill -s KILL salt-minion")
    node.run("systemctl stop salt-minion")
    try:
        leaver.until(lambda: "KVMHA" not in node.run(RULES).stdout, timeout=180)
        assert pings(leaver, VICTIM, "192.168.56.101")
        assert f"-A {foreign}" in node.run(RULES).stdout
    finally:
        node.run(f"iptables-legacy -D {foreign}; systemctl start salt-minion")
        leaver.lab.wait_minions()
    status = call(leaver, VICTIM, "status")
    assert (status["drill"], status["faults"], status["healed"]) == ("", [], DRILL)


def test_a_reboot_in_the_middle_heals(leaver):
    node = leaver.lab.node(VICTIM)
    boots = node.state()["boots"]
    inject(leaver, VICTIM, "isolate")
    call(leaver, VICTIM, "inject", DRILL, "crash")
    leaver.until(lambda: node.state()["boots"] > boots, timeout=180)
    node.wait()
    assert "KVMHA" not in node.run(RULES).stdout
    assert pings(leaver, VICTIM, "192.168.56.101")
    leaver.lab.wait_minions()
    assert call(leaver, VICTIM, "status")["faults"] == []


def test_disks_fail_and_come_back(leaver):
    node = leaver.lab.node(VICTIM)
    table = node.run("dmsetup table lab-sbd").stdout
    for fault in ("sbd_disk_loss", "san_loss"):
        assert inject(leaver, VICTIM, fault)["in_force"] is True
        assert not leaver.succeeds(VICTIM, READ + DISK)
        heal(leaver, VICTIM)
        assert leaver.succeeds(VICTIM, READ + DISK)
        assert node.run("dmsetup table lab-sbd").stdout == table


def test_the_clock_jumps_and_is_set_right(leaver):
    node = leaver.lab.node(VICTIM)

    def ahead() -> float:
        return float(node.run("date +%s").stdout) - time.time()

    for seconds in (3600, -90):
        inject(leaver, VICTIM, "clock_jump", f"seconds={seconds}")
        assert abs(ahead() - seconds) < 10
        heal(leaver, VICTIM)
        assert abs(ahead()) < 10


def test_a_frozen_node_stands_still_and_goes_on(leaver):
    node = leaver.lab.node(VICTIM)
    stamps = "for n in $(seq 300); do cut -d' ' -f1 /proc/uptime; sleep 0.2; done >/tmp/stamps"
    node.run(["systemd-run", "--unit=stamps", "sh", "-c", stamps])
    inject(leaver, VICTIM, "freeze", "seconds=10")
    time.sleep(15)
    leaver.until(lambda: pings(leaver, VICTIM, MASTER), timeout=60)
    seen = [float(line) for line in node.run("cat /tmp/stamps").stdout.split()]
    assert max(later - sooner for sooner, later in pairwise(seen)) > 9
    node.run("systemctl stop stamps", check=False)
    heal(leaver, VICTIM)


def test_the_filesystem_is_filled_but_for_its_headroom(breadth):
    breadth.until(breadth.is_whole)
    node = breadth.lab.node(MEMBER)

    def free() -> int:
        return int(node.run("stat -f -c %a /srv/vmstore").stdout) * 4096 >> 20

    before = free()
    inject(breadth, MEMBER, "fill", "filesystem=vmstore", "headroom=64MiB")
    assert free() <= 66
    assert "kvmha-drill" not in node.run("ls -a /srv/vmstore").stdout
    heal(breadth, MEMBER)
    breadth.until(lambda: free() > before - 16, timeout=120)


def test_libvirt_is_killed_and_restarted(breadth):
    pid = "systemctl show --value --property=MainPID libvirtd"
    node = breadth.lab.node(MEMBER)
    node.run("virsh -q -c qemu:///system list", timeout=120)  # it ends when idle
    before = node.run(pid).stdout
    inject(breadth, MEMBER, "restart")
    between = node.run(pid).stdout
    inject(breadth, MEMBER, "kill", "daemon=libvirtd")
    heal(breadth, MEMBER)
    node.run("virsh -q -c qemu:///system list", timeout=120)
    assert len({before, between, node.run(pid).stdout}) == 3


def test_a_killed_guest_is_started_again(breadth):
    breadth.until(lambda: breadth.host_of("db1") is not None)
    host = breadth.host_of("db1")
    pid = breadth.lab.node(host).run("cat /run/libvirt/qemu/db1.pid").stdout
    inject(breadth, host, "kill_guest", "vm=db1")
    assert not breadth.succeeds(host, f"grep -q guest=db1 /proc/{pid.strip()}/cmdline")
    breadth.until(lambda: breadth.host_of("db1") is not None)
    heal(breadth, host)


@pytest.mark.parametrize("words", [["kill", "daemon=corosync"], ["power_off"]], ids="-".join)
def test_the_cluster_is_whole_after_a_node_lost(breadth, words):
    """The lab's firmware boots a node that is off; fencing or the watchdog may do it before."""
    breadth.until(breadth.is_whole)
    node = breadth.lab.node(OTHER)
    call(breadth, OTHER, "arm", DRILL, "600")
    call(breadth, OTHER, "inject", DRILL, *words)
    if words[0] == "power_off":
        eventually(
            lambda: "" if not breadth.succeeds(OTHER, "true") else "it is still on", timeout=60
        )
    node.wait()
    breadth.lab.wait_minions()
    call(breadth, OTHER, "heal")
    breadth.until(breadth.is_whole)
    breadth.lab.wait_minions()
    assert call(breadth, OTHER, "status")["faults"] == []
