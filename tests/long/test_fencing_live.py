"""Fencing as it is lived: boards that cut power, poison pills behind them, disks that fail.

The nodes' boards are OpenIPMI's simulators, whose power button is the lab's (``lab.bmc``).
"""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from kvmha.wait import eventually
from tests.cluster.story import Story

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

VICTIM, WATCHER = "ha-host3", "ha-host1"
CLUSTER = "awk '$1 == \"cluster_name:\" {print $2}' /etc/corosync/corosync.conf"


def asked(story: Story, function: str, *words: str, node: str = WATCHER) -> tuple[int, Any]:
    """Return exit code and answer of an execution module's function on a node."""
    words = ("salt", "--out=json", "-l", "quiet", "-t", "600", node, function, *words)
    done = story.lab.master.run(list(words), timeout=700, check=False)
    answer = json.loads(done.stdout)
    return done.returncode, answer[node]


def boots(story: Story) -> int:
    """Return how often the victim has booted."""
    return int(story.lab.node(VICTIM).state()["boots"])


def whole(story: Story) -> None:
    """Wait until nothing speaks against the next fencing."""

    def missing() -> str:
        code, said = asked(story, "fencing.test", VICTIM)
        return f"{code}: {said}" if code or said["problems"] else ""

    eventually(missing, timeout=600, interval=5)


def test_every_node_can_be_fenced_by_its_board_and_over_the_disks(breadth):
    whole(breadth)
    code, said = asked(breadth, "fencing.status")
    assert code == 0 and said["ok"], said
    for number, node in enumerate(("ha-host1", "ha-host2", "ha-host3"), 1):
        assert {f"fencing-ipmi{number}", "fencing-sbd"} <= set(said["nodes"][node])
    topology = breadth.lab.node(WATCHER).run("cibadmin -Q --scope fencing-topology").stdout
    assert topology.count('index="1"') == topology.count('index="2"') == 3


def test_no_password_is_seen(breadth):
    """Not in the plan, not in a module's answer, not in a log of the master or of a minion."""
    _, plan = asked(breadth, "pacemaker.plan", "part=fencing")
    assert plan["changes"] == []
    assert any(note.startswith("stonith-timeout ") for note in plan["notes"])
    for name in ("fencing.status", "pacemaker.export"):
        assert '"power"' not in json.dumps(asked(breadth, name)[1])
    assert not breadth.succeeds(WATCHER, "grep -q 'passw.*power' /var/log/salt/minion")


def test_a_test_message_arrives_and_does_no_harm(breadth):
    before = boots(breadth)
    code, slots = asked(breadth, "sbd.test", VICTIM)
    assert code == 0 and set(slots.values()) == {"clear"}, slots
    said = breadth.lab.node(VICTIM).run("journalctl -b -t sbd --no-pager", check=False).stdout
    assert said.count("Received command test from ha-host1") >= len(slots)
    assert boots(breadth) == before


def test_nothing_is_fenced_without_the_clusters_name(breadth):
    before = boots(breadth)
    code, said = asked(breadth, "fencing.test", VICTIM)
    assert code == 0 and any(f"fence {VICTIM}" in line for line in said["would"]), said
    code, said = asked(breadth, "fencing.test", VICTIM, "confirm=yes")
    assert code != 0 and "was not confirmed" in said
    code, said = asked(breadth, "fencing.test", WATCHER, "confirm=yes")
    assert code != 0
    assert boots(breadth) == before


def test_a_board_fences_its_node_on_purpose(breadth):
    whole(breadth)
    before = boots(breadth)
    name = breadth.lab.node(WATCHER).run(CLUSTER).stdout.strip()
    code, said = asked(breadth, "fencing.test", VICTIM, f"confirm={name}")
    assert code == 0, said
    assert said["record"]["target"] == VICTIM and said["record"]["status"] == "success"
    assert 0 < said["fenced"] < said["back"]
    assert boots(breadth) == before + 1
    breadth.until(breadth.is_whole)


def test_the_poison_pill_reaches_a_node_whose_board_is_dead(breadth):
    whole(breadth)
    before = boots(breadth)
    pid = breadth.lab.master.run(["pgrep", "-f", f"[i]pmi_sim.*bmc/{VICTIM}"]).stdout
    signalled = "kill -{} " + " ".join(pid.split())
    breadth.lab.master.run(signalled.format(signal.SIGSTOP.value))
    try:
        code, _ = asked(breadth, "fencing.test", VICTIM, "confirm=no")
        assert code != 0
        breadth.lab.node(WATCHER).run(["stonith_admin", "--reboot", VICTIM], timeout=600)
    finally:
        breadth.lab.master.run(signalled.format(signal.SIGCONT.value))
    assert boots(breadth) == before + 1
    breadth.until(breadth.is_whole)


def test_the_loss_of_one_of_three_disks_is_survived_and_told(breadth):
    whole(breadth)
    daemons = breadth.daemons()
    for node in breadth.nodes:
        breadth.lab.disk_fail(node.name, "sbd2")
    try:
        code, said = asked(breadth, "sbd.status")
        assert code == 0 and said["level"] == "degraded", said
        broken = [path for path, view in said["devices"].items() if view["error"]]
        assert broken == ["/dev/disk/by-id/scsi-lab-sbd2"]
        code, plan = asked(breadth, "sbd.device_plan")
        assert code == 0 and plan["changes"] == [] and "lives without" in plan["notes"][0]
        breadth.lab.node(WATCHER).run("sleep 20")
        assert breadth.daemons() == daemons
    finally:
        for node in breadth.nodes:
            breadth.lab.disk_heal(node.name, "sbd2")
    eventually(
        lambda: "" if asked(breadth, "sbd.status")[1]["level"] == "ok" else "a disk is away",
        timeout=120,
    )
