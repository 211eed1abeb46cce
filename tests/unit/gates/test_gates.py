"""What keeps a gate closed, judged from what the nodes see."""

from __future__ import annotations

import pytest

from kvmha import gates
from kvmha.errors import KvmhaError
from kvmha.gates import storage, validated, vms
from tests.unit.gates.seen import SBD, change, resource


@pytest.mark.parametrize("name", list(gates.GATES))
def test_every_gate_is_open_for_a_healthy_cluster(name, spec, healthy):
    assert gates.of(name).judge(spec, healthy) == []


@pytest.mark.parametrize("name", list(gates.GATES))
def test_every_gate_is_closed_by_a_silent_node(name, spec, healthy):
    healthy["ha-host3"] = None
    assert any(
        "ha-host3: its minion does not answer" in line
        for line in gates.of(name).judge(spec, healthy)
    )


@pytest.mark.parametrize("name", list(gates.GATES))
def test_every_gate_passes_on_the_words_of_a_node_that_failed(name, spec, healthy):
    healthy["ha-host2"] = {"error": "'kvmha_view.observe' is not available."}
    found = gates.of(name).judge(spec, healthy)
    assert "ha-host2: 'kvmha_view.observe' is not available." in found


@pytest.mark.parametrize("name", list(gates.GATES))
def test_every_gate_looks_only_at_aspects_it_asked_for(name, spec, healthy):
    asked = {*gates.of(name).aspects, "marked"}
    less = {
        node: {key: value for key, value in answer.items() if key in asked}
        for node, answer in healthy.items()
    }
    assert gates.of(name).judge(spec, less) == []


def test_unknown_gate_is_refused_naming_those_there_are():
    with pytest.raises(KvmhaError, match="quorate"):
        gates.of("quorat")


CLOSED = [
    ("quorate", "ha-host1", ("corosync", "running"), False, "corosync does not run"),
    ("quorate", "ha-host1", ("corosync", "quorate"), False, "has no quorum"),
    ("quorate", "ha-host2", ("corosync", "votes"), 2, "ha-host2: sees 2 of 3 votes"),
    (
        "quorate",
        "ha-host2",
        ("pacemaker", "nodes", "ha-host3", "online"),
        False,
        "in Pacemaker ha-host3 is offline",
    ),
    (
        "quorate",
        "ha-host2",
        ("pacemaker", "nodes", "ha-host3", "unclean"),
        True,
        "ha-host3 is unclean",
    ),
    ("quorate", "ha-host2", ("pacemaker", "nodes"), {}, "ha-host1 is unknown"),
    ("quorate", "ha-host2", ("pacemaker",), {"error": "no crm_mon"}, "ha-host2: no crm_mon"),
    ("fencing", "ha-host1", ("pacemaker", "resources"), [], "fencing-sbd is not started"),
    (
        "fencing",
        "ha-host1",
        ("sbd", "devices", SBD, "slots", "ha-host2"),
        "reset",
        f"on {SBD}, ha-host2 is reset",
    ),
    ("fencing", "ha-host1", ("sbd", "devices", SBD, "slots"), {}, "without a slot"),
    ("fencing", "ha-host1", ("sbd", "devices", SBD, "error"), "no header", "no header"),
    ("storage", "ha-host3", ("mounts",), {}, "ha-host3: /srv/vmstore (vmstore) is not mounted"),
    (
        "storage",
        "ha-host3",
        ("mounts", "/srv/vmstore", "type"),
        "ext4",
        "is ext4, not ocfs2",
    ),
    ("vms", "ha-host1", ("domains", "running"), {}, "web1 runs nowhere"),
    (
        "vms",
        "ha-host2",
        ("domains", "running"),
        {"web1": 5},
        "web1 RUNS ON ha-host1 AND ha-host2",
    ),
    (
        "vms",
        "ha-host2",
        ("pacemaker", "failures"),
        [{"op_key": "vm-web1_start_0", "node": "ha-host2", "exitreason": "no XML"}],
        "failed: vm-web1_start_0 ha-host2 no XML",
    ),
    (
        "vms",
        "ha-host2",
        ("pacemaker", "resources"),
        [resource("vm-web1", ["ha-host3"])],
        "Pacemaker has vm-web1 ha-host3",
    ),
    (
        "vms",
        "ha-host2",
        ("pacemaker", "resources"),
        [resource("vm-web1", ["ha-host1"], managed=False)],
        "resource vm-web1 is unmanaged",
    ),
    ("validated", "ha-host2", ("verify",), ["no fencing"], "crm_verify on ha-host2: no fencing"),
    (
        "validated",
        "ha-host1",
        ("fencing",),
        {"problems": ["no device can fence ha-host3"]},
        "no device can fence ha-host3",
    ),
    (
        "validated",
        "ha-host2",
        ("files", "/etc/corosync/corosync.conf"),
        "22",
        "is not the same everywhere",
    ),
    ("validated", "ha-host2", ("files", "/etc/corosync/corosync.conf"), "", "has no /etc/coro"),
    (
        "validated",
        "ha-host2",
        ("marks", "vmstore", "ha-host1"),
        "bb",
        "ha-host2: vmstore shows another file than ha-host1 wrote",
    ),
]


@pytest.mark.parametrize("case", CLOSED, ids=lambda case: f"{case[0]}: {case[-1]}")
def test_gate_is_closed_and_says_why(spec, healthy, case):
    gate, node, path, value, words = case
    change(healthy, node, path, value)
    found = gates.of(gate).judge(spec, healthy)
    assert any(words in line for line in found), found
    assert any(words in line for line in validated.judge(spec, healthy))


def test_file_that_a_node_does_not_see_is_incoherence(spec, healthy):
    healthy["ha-host3"]["marks"] = {}
    found = storage.judge_coherent(spec, healthy)
    assert len(found) == 3
    assert all(line.startswith("ha-host3: vmstore shows no file") for line in found)


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [({"web1": 5}, {"web1": 6}, 0), ({"web1": 5}, {"web1": 5}, 1), ({"web1": 5}, {}, 1)],
)
def test_heartbeat_must_go_on(spec, before, after, count):
    assert len(vms.judge_alive(spec, before, after)) == count


def test_heartbeat_is_read_where_it_can_be():
    seen = {
        "a": {"heartbeats": {"web1": {"error": "not here"}}},
        "b": {"heartbeats": {"web1": 7}},
        "c": None,
    }
    assert vms.heartbeats(seen) == {"web1": 7}


def test_vm_that_moves_live_is_told_from_one_that_runs_twice(spec, healthy):
    healthy["ha-host2"]["domains"] = {"domains": {"web1": "paused"}, "running": {"web1": 0}}
    found = vms.judge_running(spec, healthy)
    assert "web1 is moving from ha-host1 to ha-host2" in found
    assert not any("RUNS ON" in line for line in found)
    healthy["ha-host2"]["domains"]["domains"]["web1"] = "running"
    assert any("RUNS ON ha-host1 AND ha-host2" in line for line in vms.judge_running(spec, healthy))
