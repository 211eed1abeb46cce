"""An application tier over a database tier, through the loss of a host: two ``db``, two ``ap``.

The databases are up when their probes answer; the applications wait for one of them; the address
of the ``ap`` tier is where one of its members is up.
"""

from __future__ import annotations

import json
import re
import time
from xml.etree import ElementTree

import pytest

from kvmha import timeline
from kvmha.timeline import Sample
from kvmha.wait import eventually
from lab.errors import LabError
from tests.cluster.story import RUNNING_VMS, Story

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

DB, AP = ("db1", "db2"), ("ap1", "ap2")
VIP = "192.168.56.200"
TIERS = {"db": DB, "ap": AP, "vip-ap": ("vip-ap",)}
LOOK = f"{RUNNING_VMS}; ip -brief -4 address show to {VIP}"


def test_replicas_are_on_different_hosts(breadth: Story) -> None:
    up(breadth)
    where = look(breadth, 0).where
    assert where["db1"] != where["db2"] and where["ap1"] != where["ap2"]
    assert where["vip-ap"] in (where["ap1"], where["ap2"])


def test_applications_wait_until_a_database_answers(breadth: Story) -> None:
    node = breadth.nodes[0]
    for vm in (*AP, *DB):
        node.run(f"crm_resource -r vm-{vm} --meta -p target-role -v Stopped")
    breadth.until(lambda: not {*DB, *AP, "vip-ap"} & {*look(breadth, 0).where})
    for vm in (*AP, *DB):  # the applications are let go first, and have to wait
        node.run(f"crm_resource -r vm-{vm} --meta -d target-role")
    up(breadth)
    started = starts(breadth)
    first_answer = min(started[vm][1] for vm in DB)
    assert min(started[vm][0] for vm in AP) >= first_answer - 1  # whole seconds are recorded
    assert min(started[vm][1] - started[vm][0] for vm in DB) > 0


def test_a_host_is_lost_and_no_tier_is_without_a_member(breadth: Story) -> None:
    up(breadth)
    began = time.monotonic()
    samples = [look(breadth, 0.0)]
    before = samples[0].where
    breadth.lab.kill(before["vip-ap"])

    def recovered() -> bool:
        samples.append(look(breadth, time.monotonic() - began))
        now = samples[-1]
        hosts = {now.where.get(name) for name in (*DB, *AP, "vip-ap")}
        return None not in hosts and bool(now.answers["vip-ap"]) and before != now.where

    try:
        eventually(lambda: "" if recovered() else str(samples[-1]), timeout=600, interval=1)
    finally:
        print(timeline.text(samples, TIERS))
    assert timeline.missing(samples, DB) == []
    assert timeline.missing(samples, AP) == []
    (gap,) = timeline.missing(samples, ["vip-ap"])
    assert gap.end is not None
    up_before = {before[vm] for vm in AP} - {before["vip-ap"]}
    later = (one for one in samples if one.time >= gap.end)
    after = next(one for one in later if "vip-ap" in one.where)  # a look is not one moment
    assert after.where["vip-ap"] in up_before, "the address waited for a member that was starting"
    breadth.until(breadth.is_whole)


def test_scheduler_says_that_any_host_can_be_lost(breadth: Story) -> None:
    breadth.until(breadth.is_whole)
    up(breadth)
    done = breadth.lab.master.run("salt --out=json --static ha-host1 pacemaker.capacity")
    (found,) = json.loads(done.stdout).values()
    assert {*found} == {node.name for node in breadth.nodes}
    assert not [vm for lost in found.values() for vm in lost if vm[3:] in (*DB, *AP)]


def up(story: Story) -> None:
    """Wait until every member runs, and the address answers."""

    def there() -> bool:
        now = look(story, 0)
        return {*DB, *AP, "vip-ap"} <= {*now.where} and bool(now.answers["vip-ap"])

    story.until(there)


def look(story: Story, when: float) -> Sample:
    """Return what each node runs of the tiers; one that does not answer runs nothing."""
    where = {}
    for node in story.nodes:
        try:
            said = node.run(LOOK, check=False, timeout=10).stdout
        except LabError:
            continue
        for vm in re.findall(r"guest=([^,]+)", said):
            where[vm] = node.name
        if VIP in said:
            where["vip-ap"] = node.name
    connect = f"timeout 2 bash -c 'exec 3<> /dev/tcp/{VIP}/22'"
    answers = story.lab.master.run(connect, check=False).returncode == 0
    ours = {name: host for name, host in where.items() if name in (*DB, *AP, "vip-ap")}
    return Sample(when, ours, {"vip-ap": answers})


def starts(story: Story) -> dict[str, tuple[float, float]]:
    """Return when the last start of each VM began and ended, in seconds of its host's clock."""
    text = story.nodes[0].run("cibadmin --query --scope status").stdout
    found: dict[str, tuple[float, float]] = {}
    for resource in ElementTree.fromstring(text).iter("lrm_resource"):
        vm = resource.get("id", "").removeprefix("vm-")
        for op in resource.iter("lrm_rsc_op"):
            if vm in (*DB, *AP) and op.get("operation") == "start" and op.get("rc-code") == "0":
                began = float(op.get("last-rc-change", 0))
                spent = float(op.get("exec-time", 0)) / 1000
                found[vm] = max(found.get(vm, (0.0, 0.0)), (began, began + spent))
    return found
