"""What would not run without a node: the scheduler's answer, as notes of a plan and alone."""

from __future__ import annotations

import pytest

from kvmha.build import cib as build
from kvmha.spec import load
from kvmha.tools import pacemaker
from kvmha.tools.runner import Runner
from tests.contract.simulated import Simulated

NODES = ("ha-host1", "ha-host2", "ha-host3")
WELL = "every VM still has a place when any one node is lost"


@pytest.fixture
def cluster(example, changed, tmp_path):
    """Return a function that gives a pillar's spec and the file of its cluster's CIB, at rest."""

    def at_rest(changes=None, up=None):
        spec = load(changed(example("placement"), changes or {}))
        simulated = Simulated(spec, tmp_path, up)
        simulated.happens()
        path = tmp_path / "cib.xml"
        path.write_text(simulated.text)
        return spec, path

    return at_rest


def test_hosts_with_room_can_each_be_lost(cluster):
    _, path = cluster()
    assert pacemaker.losses(Runner(), path) == {node: [] for node in NODES}


def test_what_has_no_room_without_a_node_is_named(cluster):
    changes = {f"nodes[{i}].capacity": {"memory": "42GiB", "cpus": 32} for i in (0, 1)}
    _, path = cluster(changes | {"nodes[2].capacity": {"memory": "8GiB", "cpus": 16}})
    lost = ["vm-build"]
    assert pacemaker.losses(Runner(), path) == dict(zip(NODES, (lost, lost, []), strict=True))


def test_strict_wishes_count_too(cluster):
    """Two nodes: without the other one, of two that are never together one has no place."""
    _, path = cluster({"placement.strategy": "default"}, up=["ha-host1", "ha-host2"])
    found = pacemaker.losses(Runner(), path)
    assert {tuple(lost) for lost in found.values()} <= {("vm-dns1",), ("vm-dns2",)}


def test_a_node_that_is_down_is_not_asked_about(cluster):
    _, path = cluster(up=["ha-host1", "ha-host2"])
    assert list(pacemaker.losses(Runner(), path)) == ["ha-host1", "ha-host2"]


def test_vm_that_is_stopped_on_purpose_is_no_loss(cluster):
    stopped = [{"id": "vm-dns2", "meta": {"target-role": "Stopped"}}]
    changes = {"placement.strategy": "default", "cib.resources": stopped}
    _, path = cluster(changes, up=["ha-host1", "ha-host2"])
    assert set(map(tuple, pacemaker.losses(Runner(), path).values())) == {()}


def test_plan_tells_it_of_the_cluster_as_it_would_be(cluster, example, changed):
    _, path = cluster()
    smaller = {f"nodes[{i}].capacity": {"memory": "33GiB", "cpus": 32} for i in (0, 1)}
    spec = load(changed(example("placement"), smaller))
    runner = Runner()
    plan = pacemaker.plan(runner, build.build(spec, "external/sbd"), path, losses=True)
    assert plan.changes
    lost = [note for note in plan.notes if note.startswith("without ha-host")]
    assert any(note.startswith("without ha-host1 there is no place for") for note in lost)
    assert pacemaker.plan(Runner(), build.build(spec, "external/sbd"), path).digest == plan.digest
    assert runner.started <= 8


def test_plan_says_when_any_node_can_be_lost(cluster):
    spec, path = cluster()
    plan = pacemaker.plan(Runner(), build.build(spec, "external/sbd"), path, losses=True)
    assert not plan and WELL in plan.notes


def test_planning_goes_on_where_an_order_waits_for_what_never_comes(example, tmp_path):
    """crm_simulate ends with 1 there: no member of the set before can run."""
    spec = load(example("ap_db"))
    simulated = Simulated(spec, tmp_path)
    simulated.happens()
    for vm in ("vm-db1", "vm-db2"):
        simulated.set_option(vm, "target-role", "Stopped")
    simulated.happens()
    path = tmp_path / "cib.xml"
    path.write_text(simulated.text)
    wanted = build.build(spec, "external/sbd")
    plan = pacemaker.plan(Runner(), wanted, path, losses=True)
    assert not plan
    assert pacemaker.losses(Runner(), path) == {node: [] for node in NODES}
