"""Fencing without all of SBD's disks, without disks, by boards; and the votes behind it."""

from __future__ import annotations

import pytest

from kvmha import gates
from kvmha.gates import preflight, validated
from kvmha.spec import load
from tests.unit.gates.seen import NAMES, STORE

DISKS = [f"/dev/disk/by-id/sbd{number}" for number in range(3)]


@pytest.fixture
def three(example, changed):
    return load(changed(example("lab"), {"fencing.sbd.devices": DISKS}))


def with_lost(healthy, count):
    view = {"slots": dict.fromkeys(NAMES, "clear"), "error": ""}
    for each in healthy.values():
        each["sbd"]["devices"] = {
            disk: view | {"error": f"{disk} is gone" if number < count else ""}
            for number, disk in enumerate(DISKS)
        }
    return healthy


def test_fencing_works_without_one_of_three_disks_and_validation_tells_it(three, healthy):
    seen = with_lost(healthy, 1)
    assert gates.of("fencing").judge(three, seen) == []
    found = validated.judge(three, seen)
    assert found == [f"{node}: {DISKS[0]} is gone (SBD's disks: degraded)" for node in NAMES]


def test_fencing_does_not_work_without_two_of_three_disks(three, healthy):
    found = gates.of("fencing").judge(three, with_lost(healthy, 2))
    assert f"ha-host1: {DISKS[1]} is gone (SBD's disks: lost)" in found


def test_diskless_fencing_wants_sbd_itself(example, changed, healthy):
    spec = load(changed(example("lab"), {"fencing.sbd.devices": []}))
    for each in healthy.values():
        each["sbd"]["devices"] = {}
        each["pacemaker"]["resources"] = []
    assert gates.of("fencing").judge(spec, healthy) == []
    healthy["ha-host2"]["sbd"]["service"]["active"] = "failed"
    (found,) = gates.of("fencing").judge(spec, healthy)
    assert found.startswith("ha-host2: sbd does not run")


def test_every_fencing_device_has_to_be_started(example, changed, healthy):
    ipmi = {"name": "ipmi1", "agent": "fence_ipmilan", "nodes": ["ha-host1"]}
    spec = load(changed(example("lab"), {"fencing.devices": [ipmi]}))
    found = gates.of("fencing").judge(spec, healthy)
    assert found == [f"{node}: fencing-ipmi1 is not started" for node in NAMES]


def test_a_new_cluster_begins_with_all_disks_of_sbd(three, facts):
    disk = {"kind": "block", "size": 1 << 30, "serial": ""}
    for each in facts.values():
        each["devices"] = {path: dict(disk) for path in (*DISKS, STORE)}
    facts["ha-host2"]["devices"][DISKS[1]]["kind"] = "missing"
    (found,) = preflight.judge(three, facts, window=1.0)
    assert found.startswith(f"ha-host2: has no {DISKS[1]}")
    facts["ha-host2"]["sbd_runs"] = True
    assert preflight.judge(three, facts, window=1.0) == []
    assert preflight.notes(three, facts)[0].startswith(f"ha-host2: has no {DISKS[1]}")
    facts["ha-host2"]["devices"][DISKS[2]]["kind"] = "missing"
    assert len(preflight.judge(three, facts, window=1.0)) == 2


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("watchdog_users", ["systemd (pid 1)"], "is in use by systemd (pid 1)"),
        ("watchdog_denied", "/etc/modprobe.d/no.conf", "/etc/modprobe.d/no.conf forbids it"),
    ],
)
def test_preflight_wants_the_watchdog_for_sbd_alone(spec, facts, key, value, words):
    facts["ha-host3"][key] = value
    (found,) = preflight.judge(spec, facts, window=1.0)
    assert found.startswith("ha-host3: ") and words in found


def test_no_watchdog_is_asked_for_without_sbd(example, changed, facts):
    names = ["ha-host1", "ha-host2", "ha-host3"]
    strip = {"name": "pdu", "agent": "fence_apc", "ports": dict.fromkeys(names, 1)}
    spec = load(changed(example("lab"), {"fencing": {"devices": [strip]}}))
    for each in facts.values():
        del each["watchdog"], each["watchdog_module"]
    assert preflight.judge(spec, facts, window=1.0) == []


def test_a_qdevice_has_to_vote(example, changed, healthy):
    device = {"model": "net", "votes": 1, "net": {"host": "qnetd", "algorithm": "ffsplit"}}
    spec = load(changed(example("lab"), {"corosync.quorum": {"device": device}}))
    (first, *_) = gates.of("quorate").judge(spec, healthy)
    assert first.startswith("ha-host1: sees no vote of the qdevice")
    for each in healthy.values():
        each["corosync"]["votes"] = 4
    assert gates.of("quorate").judge(spec, healthy) == []
