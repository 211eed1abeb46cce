"""Records survive the way through JSON."""

from __future__ import annotations

import json

from kvmha import plain
from kvmha.drills.record import Breach, Outcome, Record, StepRecord
from kvmha.timeline import Sample
from kvmha.view.snapshot import Link, NodeSeen, Partition, Snapshot

SEEN = NodeSeen(
    "ha-host1",
    answered=True,
    corosync=True,
    members=("ha-host1", "ha-host2"),
    quorate=True,
    links=(Link(0, "ha-host2", True), Link(0, "ha-host3", False)),
    dc="ha-host1",
    flags={"ha-host2": ("standby",)},
    slots={"/dev/disk/by-id/scsi-sbd": {"ha-host1": "clear"}},
    domains={"web1": "running"},
    addresses=("192.168.56.200",),
)
SNAPSHOT = Snapshot(12.5, (SEEN, NodeSeen("ha-host3")))


def test_a_record_comes_back_as_it_was():
    outcome = Outcome((Partition(("ha-host1", "ha-host2"), quorate=True),), fenced=("ha-host3",))
    step = StepRecord(
        "cut", "cut 1-3", 1.0, 2.0, SNAPSHOT, (("ha-host1", "ha-host3"),), (outcome,), "observed"
    )
    record = Record(
        id="partition3-1",
        scenario="partition3",
        proves="that",
        cluster="alpha",
        began="2026-01-01T00:00:00Z",
        seconds=3.0,
        verdict="passed",
        healed=True,
        steps=(step,),
        watched=(Sample(0.0, {"web1": "ha-host1"}, {"vip": True}),),
        breaches=(Breach("one", 1.0, "why"),),
    )
    assert plain.of(Record, json.loads(json.dumps(plain.plain(record)))) == record


def test_keys_of_a_later_version_are_left_out():
    assert plain.of(Link, {"number": 1, "peer": "x", "connected": True, "new": 1}).number == 1


def test_partitions_are_told_once_and_largest_first():
    other = NodeSeen("ha-host3", answered=True, corosync=True, members=("ha-host3",))
    twin = NodeSeen("ha-host2", answered=True, corosync=True, members=("ha-host2", "ha-host1"))
    found = Snapshot(0.0, (other, SEEN, twin)).partitions
    assert found == (
        Partition(("ha-host1", "ha-host2"), quorate=True, dc="ha-host1"),
        Partition(("ha-host3",), quorate=False),
    )


def test_a_vm_is_where_libvirt_runs_it():
    assert SNAPSHOT.hosts("web1") == ("ha-host1",)
    assert SNAPSHOT.holders("192.168.56.200") == ("ha-host1",)
    assert SNAPSHOT.node("ha-host9").answered is False
