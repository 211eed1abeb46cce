"""Fencing when nodes come and go: two, three, and two again."""

from __future__ import annotations

import pytest

from kvmha.build import cib as build
from kvmha.build import sbd
from kvmha.documents import cib, cib_merge
from kvmha.documents.sysconfig import parse
from kvmha.plan import Disruption
from kvmha.spec import load

CONFIG = "/etc/sysconfig/sbd"
THIRD = {"name": "kvm-c", "id": 3, "links": ["192.168.10.13", "10.10.10.13"]}
BOARDS = [
    {"name": f"ipmi-{each}", "agent": "fence_ipmilan", "nodes": [f"kvm-{each}"]} for each in "ab"
]


@pytest.fixture
def counts(example, changed):
    """Return the specs of two, three, and again two nodes."""
    two = changed(example("two_node"), {"fencing.devices": BOARDS})
    three = changed(two, {"nodes[2]": THIRD})
    return [load(two), load(three), load(two)]


def test_the_cib_follows_the_number_of_nodes(counts):
    text, told = cib.EMPTY, []
    for spec in counts:
        text, changes, _ = cib_merge.edit(text, build.build(spec, "external/sbd", "fencing"))
        told.append([change.text() for change in changes])
    gone = [
        "- cib:property/priority-fencing-delay (was 60s)",
        "- cib:rsc_defaults/priority (was 1)",
        "- cib:primitive/fencing-sbd/param/pcmk_delay_max (was 30s)",
        "- cib:primitive/fencing-ipmi-a/param/pcmk_delay_base (was 15s)",
    ]
    assert told[1] == gone
    assert sorted(told[2]) == sorted(
        line.replace("- ", "+ ", 1).replace("(was ", "= ").replace(")", "") for line in gone
    )


def test_sbds_start_follows_the_number_of_nodes(counts):
    seen = sbd.NodeSeen(None, None, None, has_module=True, has_watchdog=True, running=False)
    told = []
    for spec in counts:
        plan = sbd.plan_node(spec, seen, CONFIG)
        said = plan.salt_changes()
        told.append(said[f"sysconfig:{CONFIG}:SBD_DELAY_START"]["new"])
        assert any(f"SBD_DELAY_START {told[-1]}s = " in note for note in plan.notes)
    assert told == ["101", "71", "101"]  # token + consensus 11, twice the watchdog's 30, 30


def test_another_start_time_disturbs_no_running_cluster(counts):
    two, three, _ = counts
    text = "".join(f"{key}={value}\n" for key, value in sbd.settings(two).items())
    assert parse(text).get("SBD_DELAY_START") == "101"
    seen = sbd.NodeSeen(
        text, sbd.dropin(two), sbd.modules_file(two),
        has_module=True, has_watchdog=True, running=True,
    )  # fmt: skip
    plan = sbd.plan_node(three, seen, CONFIG)
    setting, file = plan.changes
    assert setting.address.endswith(":SBD_DELAY_START")
    assert file.address == f"file:{sbd.DROPIN}"
    assert plan.disruption is Disruption.NONE
    assert "takes effect when the cluster of this node starts again" in plan.notes
