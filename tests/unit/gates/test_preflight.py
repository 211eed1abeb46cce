"""What preflight names of hosts that a cluster cannot be made of."""

from __future__ import annotations

import pytest

from kvmha.gates import preflight
from kvmha.spec import load
from tests.unit.gates.seen import NAMES, SBD, STORE, change


def test_right_hosts_pass_preflight(spec, facts):
    assert preflight.judge(spec, facts, window=1.0) == []


AMISS = [
    (("version",), "0.0.9", "ha-host2: has kvmha 0.0.9, the master 0.1.0"),
    (("hostname",), "localhost", "ha-host2: calls itself localhost"),
    (("addresses",), [], "ha-host2: has no address 192.168.56.102, that of link 0"),
    (("time",), 1010.0, "clocks:"),
    (("filesystems",), ["gfs2"], "has no ocfs2, the type of vmstore"),
    (
        ("watchdog_module",),
        False,
        "ha-host2: has no /dev/watchdog, and its kernel no module softdog",
    ),
    (("devices", SBD, "kind"), "missing", f"ha-host2: has no {SBD}"),
    (("devices", SBD, "kind"), "other", "is no block device"),
    (("devices", STORE, "size"), 5, f"{STORE} is not one disk"),
]


@pytest.mark.parametrize(("path", "value", "words"), AMISS)
def test_preflight_names_what_is_amiss(spec, facts, path, value, words):
    change(facts, "ha-host2", path, value)
    found = preflight.judge(spec, facts, window=1.0)
    assert len(found) == 1
    assert words in found[0]
    assert "hint" in found[0] or "no block device" in found[0]


def test_preflight_tells_everything_at_once(spec, facts):
    facts["ha-host1"]["hostname"] = "other"
    facts["ha-host2"]["addresses"] = []
    facts["ha-host3"] = None
    assert len(preflight.judge(spec, facts, window=1.0)) == 3


def test_clocks_within_the_window_of_asking_are_no_skew(spec, facts):
    facts["ha-host2"]["time"] = 1004.0
    assert preflight.judge(spec, facts, window=3.0) == []


def test_two_disks_under_one_name_are_told_by_their_serials(spec, facts):
    for name, serial in zip(NAMES, ("s1", "s1", "s2"), strict=True):
        facts[name]["devices"][SBD]["serial"] = serial
    found = preflight.judge(spec, facts, window=1.0)
    assert len(found) == 1
    assert "ha-host3: s2 is its serial" in found[0]


def test_node_without_watchdog_needs_a_module_for_one(example, changed, facts):
    spec = load(changed(example("lab"), {"fencing.sbd.watchdog_module": None}))
    found = preflight.judge(spec, facts, window=1.0)
    assert len(found) == 3
    assert all("softdog" in line for line in found)


def test_module_is_not_asked_for_where_the_watchdog_is_there(spec, facts):
    for each in facts.values():
        each.update(watchdog=True, watchdog_module=False)
    assert preflight.judge(spec, facts, window=1.0) == []


def test_vm_that_is_larger_than_every_host_is_told(example, changed, facts):
    spec = load(changed(example("lab"), {"vms[0].memory": "5GiB"}))
    (found,) = preflight.judge(spec, facts, window=1.0)
    assert found.startswith("web1: its 5GiB of memory are more than any host has")
    facts["ha-host3"] = None
    assert not any("web1" in line for line in preflight.judge(spec, facts, window=1.0))


def test_memory_without_one_host_is_a_note(example, changed, facts):
    spec = load(changed(example("lab"), {"vms[0].memory": "3GiB"}))
    assert preflight.notes(spec, facts) == []
    facts["ha-host2"]["memory"] = facts["ha-host3"]["memory"] = 2 << 30
    (note,) = preflight.notes(spec, facts)
    assert note.startswith("without ha-host1 there may be no memory for web1 (3GiB)")
    assert preflight.judge(spec, facts, window=1.0) == []
    facts["ha-host2"]["memory"] = 0  # its kernel does not tell
    assert preflight.notes(spec, facts) == []


def test_kvm_guest_needs_dev_kvm(example, changed, facts):
    spec = load(changed(example("lab"), {"vms[0].type": "kvm"}))
    assert all(
        "has no /dev/kvm, which web1 need" in line
        for line in preflight.judge(spec, facts, window=1.0)
    )
