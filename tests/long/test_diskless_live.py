"""SBD with one disk or none: the watchdog alone fences, a qdevice gives two nodes a third vote.

Labs of their own, each deployed with the base of a cluster and nothing on top.
"""

from __future__ import annotations

import re

import pytest

from lab.api import Lab
from tests.cluster.story import Story
from tests.long.base import LINK, cluster, deployed
from tests.long.test_fencing_live import asked

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

DISKLESS = {"devices": [], "watchdog_timeout": "15s", "watchdog_module": "softdog"}
DISK = "/dev/disk/by-id/scsi-lab-sbd"
QNETD = "ha-host3"  # no node of the cluster of two


def quorum(story: Story, node: str) -> dict[str, str]:
    """Return what corosync-quorumtool says on ``node``, by its words."""
    said = story.lab.node(node).run("corosync-quorumtool -s", check=False).stdout
    return dict(re.findall(r"^([\w ]+?):\s+(.*?)\s*$", said, re.MULTILINE))


def start_qnetd(lab: Lab) -> None:
    """Start the server of the qdevice on a machine that is no node of the cluster."""
    node = lab.node(QNETD)
    node.run("echo 'COROSYNC_QNETD_OPTIONS=\"-s off\"' > /etc/default/corosync-qnetd")
    node.run("systemctl unmask corosync-qnetd", check=False)
    node.run("systemctl restart corosync-qnetd")


def boots(story: Story, node: str) -> int:
    return int(story.lab.node(node).state()["boots"])


def cut_off(story: Story, victim: str, others: list[str]) -> None:
    for other in others:
        story.lab.cut(victim, other)


def test_three_nodes_are_fenced_by_their_watchdogs_alone(tmp_path):
    with deployed("diskless", cluster(3, DISKLESS), tmp_path) as story:
        code, said = asked(story, "sbd.status")
        assert code == 0 and (said["mode"], said["level"]) == ("diskless", "ok"), said
        code, plan = asked(story, "pacemaker.plan", "part=fencing")
        assert plan["changes"] == []
        assert "stonith-watchdog-timeout 30s = 2 * watchdog 15s" in plan["notes"]
        before = boots(story, "ha-host3")
        cut_off(story, "ha-host3", ["ha-host1", "ha-host2"])
        # Without quorum its own watchdog resets it; nobody had to reach it.
        story.until(lambda: boots(story, "ha-host3") == before + 1, timeout=180)
        assert quorum(story, "ha-host1")["Quorate"] == "Yes"
        story.lab.heal()
        story.until(lambda: quorum(story, "ha-host3").get("Total votes") == "3", timeout=300)
        story.until(
            lambda: story.succeeds("ha-host1", "crm_mon -1 | grep -q 'Online:.*ha-host3'"),
            timeout=300,
        )
        assert not story.deploy()["changes"]


def test_two_nodes_and_a_qdevice_survive_the_loss_of_one(tmp_path):
    device = {
        "model": "net",
        "votes": 1,
        "sync_timeout": "30s",
        "net": {"host": f"{LINK}3", "algorithm": "ffsplit", "tls": "off"},
    }
    sbd = DISKLESS | {"watchdog_timeout": "35s"}
    pillar = cluster(2, sbd, corosync={"quorum": {"device": device}})
    with deployed("qdevice", pillar, tmp_path, before=start_qnetd) as story:
        tool = story.lab.node("ha-host1").run("corosync-qdevice-tool -s").stdout
        assert re.search(r"State:\s+Connected", tool), tool
        assert quorum(story, "ha-host1")["Total votes"] == "3"
        story.lab.kill("ha-host2")
        story.until(lambda: quorum(story, "ha-host1").get("Total votes") == "2", timeout=120)
        assert quorum(story, "ha-host1")["Quorate"] == "Yes"
        story.lab.on("ha-host2")
        story.until(lambda: quorum(story, "ha-host2").get("Total votes") == "3", timeout=300)


def test_the_loss_of_the_only_disk_is_told(tmp_path):
    sbd = DISKLESS | {"devices": [DISK]}
    with deployed("onedisk", cluster(2, sbd), tmp_path, nodes=2) as story:
        assert asked(story, "sbd.status")[1]["level"] == "ok"
        story.lab.disk_fail("ha-host1", "sbd")
        code, said = asked(story, "sbd.status")
        assert said["level"] == "lost" and said["devices"][DISK]["error"], said
        code, plan = asked(story, "sbd.device_plan")
        assert code != 0 and DISK in str(plan), plan
        story.lab.disk_heal("ha-host1", "sbd")
        story.until(lambda: asked(story, "sbd.status")[1]["level"] == "ok", timeout=240)
