"""The main job, told in order on one cluster: preview, accidents, deployment, failover, day after.

The tests build on each other; pytest runs them in the order of this file.
"""

from __future__ import annotations

import json
import re
import time

import pytest

from tests.cluster.story import Story, background

pytestmark = [pytest.mark.lab, pytest.mark.timeout(2700)]

SAN = "/dev/disk/by-id/scsi-lab-"


def test_preview_of_bare_nodes_says_what_would_change_and_changes_nothing(story: Story) -> None:
    before = story.fingerprint()
    status, said = story.orchestrate("test=True")
    assert status == 0, said
    for expected in ("package:corosync", "corosync.conf:totem.token", "sbd:", "ocfs2:", "web1"):
        assert expected in said, f"the preview does not mention {expected}:\n{said}"
    assert story.fingerprint() == before


def test_pillar_with_mistakes_is_refused_before_any_node_is_asked(story: Story) -> None:
    wrong = {
        "kvmha": {"cluster": {"nam": "alpha"}, "nodes": [{"name": "n1", "id": 0, "links": []}]}
    }
    status, said = story.orchestrate(f"pillar={json.dumps(wrong)}")
    assert status != 0
    for expected in ("cluster.nam", "nodes[0].id", "nodes[0].links", "NODES_TOO_FEW"):
        assert expected in said, said
    assert "All nodes are ready" not in said


def test_preflight_names_all_that_is_wrong_with_the_hosts_at_once(story: Story) -> None:
    silent, odd, late = story.nodes
    link = f"{SAN}vmstore"
    silent.run("systemctl stop salt-minion")
    odd.run(f"hostname elsewhere; mv {link} {link}.away")
    late.run("date -s '1 hour ago'")
    try:
        status, said = story.orchestrate()
    finally:
        silent.run("systemctl start salt-minion")
        odd.run(f"hostname ha-host2; mv {link}.away {link}")
        late.run(f"date -s @{time.time():.0f}")
        story.lab.wait_minions()
    assert status != 0
    for expected in (
        "ha-host1: its minion does not answer",
        "ha-host2: calls itself elsewhere",
        f"ha-host2: has no {link}",
        "clocks: ha-host3 is at least",
    ):
        assert expected in said, f"{expected!r} is not said:\n{said}"
    assert "package:" not in said, "a node was touched"


def test_foreign_content_on_the_san_stops_the_run(story: Story) -> None:
    first = story.nodes[0]
    first.run(f"mkswap -L payroll {SAN}vmstore && blockdev --flushbufs {SAN}vmstore")
    try:
        status, said = story.orchestrate()
        assert status != 0
        for expected in ("scsi-lab-vmstore", "swap", "payroll", "kvmha:consent:overwrite"):
            assert expected in said, said
        assert "payroll" in first.run(f"blkid -p {SAN}vmstore").stdout
    finally:
        first.run(f"wipefs -qa {SAN}vmstore")
        story.blank("vmstore")


def test_run_killed_with_its_salt_master_is_continued(story: Story) -> None:
    with background(story.start("state.orchestrate", "kvmha")) as run:
        installing = "test -s /etc/corosync/corosync.conf"
        story.until(lambda: story.succeeds("ha-host1", installing), during=run)
        story.crash_master()
        run.wait(timeout=60)
    story.lab.wait_minions()


def test_next_run_goes_on_to_the_end(story: Story) -> None:
    """What dies beside a master, a minion and a node, is in ``tests/long/test_losses_live.py``."""
    report = story.deploy()
    assert [stage["name"] for stage in report["stages"]][-1] == "failover"
    assert story.host_of("web1")


def test_second_run_changes_and_restarts_nothing(story: Story) -> None:
    before = story.fingerprint(), story.daemons()
    report = story.deploy()
    assert report["changes"] == 0
    assert (story.fingerprint(), story.daemons()) == before


def test_preview_of_a_converged_cluster_is_empty(story: Story) -> None:
    before = story.fingerprint(), story.daemons()
    status, said = story.orchestrate("test=True")
    assert status == 0, said
    assert re.search(r"^Succeeded: \d+$", said, re.M), said
    assert "changed=" not in said, said
    assert "web1: proven: fenced" in said, said
    assert (story.fingerprint(), story.daemons()) == before


def test_highstate_of_a_converged_cluster_changes_nothing(story: Story) -> None:
    before = story.fingerprint(), story.daemons()
    assert story.highstate_changes() == {node.name: [] for node in story.nodes}
    assert (story.fingerprint(), story.daemons()) == before


def test_highstate_mends_what_is_the_nodes_own(story: Story) -> None:
    node = story.nodes[2]
    node.run("sed -i '/ha-host1/d' /etc/hosts; rm /etc/modules-load.d/kvmha-watchdog.conf")
    before = story.daemons()
    changed = story.highstate_changes()
    assert changed[node.name]
    assert not changed[story.nodes[0].name]
    assert "ha-host1" in node.run("cat /etc/hosts").stdout
    assert story.daemons() == before


def test_vm_survives_the_power_loss_of_its_host(story: Story) -> None:
    host = story.host_of("web1")
    assert host
    count = story.counts("web1")[-1]
    story.lab.off(host)
    began = time.monotonic()
    story.until(lambda: story.host_of("web1") not in (None, host), timeout=600)
    story.until(lambda: story.counts("web1")[-1] > count, timeout=120)
    print(f"web1 was back after {time.monotonic() - began:.0f} s")
    story.lab.on(host)
    story.lab.wait_minions()
    story.until(story.is_whole, timeout=600)
    assert story.host_of("web1") != host, "the VM moved back by itself"


def test_secret_is_nowhere_but_in_its_files(story: Story) -> None:
    assert story.traces_of_the_authkey() == []


def test_watch_over_the_vms_looked_all_the_time(story: Story) -> None:
    assert story.looks > 20
    said = story.serial("web1")
    assert "conflict" not in said, "two guests wrote one disk"
    assert "disk error" not in said
    counts = story.counts("web1")
    assert counts == sorted(counts), "a count that was acknowledged is not on the disk any more"
