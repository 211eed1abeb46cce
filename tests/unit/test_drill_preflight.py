"""Whether a drill may begin: what is refused and why, what the plan says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from kvmha.drills import actions, faults, invariants, preflight, scenarios
from kvmha.drills.actions import node_of, resolve
from kvmha.drills.awaited import Setting
from kvmha.errors import KvmhaError
from kvmha.spec import load
from kvmha.spec.drills import FAULTS, NEEDED, Step, selector
from tests.unit.simulation import Cluster

CASES = sorted((Path(__file__).parents[1] / "cases" / "drills").glob("*.yaml"))
NAMES = ("ha-host1", "ha-host2", "ha-host3")


@pytest.fixture(name="spec")
def lab_spec(example):
    return load(example("lab"))


def setting(spec, name):
    return Setting.of(spec, scenarios.all_of(spec)[name])


def whole():
    return Cluster(NAMES, {"web1": "ha-host2"}).look()


def refused(spec, name, look=None, **said):
    words = {"health": [], "confirm": "alpha", "fencing": ""} | said
    return preflight.refusals(setting(spec, name), look or whole(), **words)


def test_healthy_confirmed_drill_may_begin(spec):
    assert refused(spec, "isolate") == []
    assert refused(spec, "partition3", fencing="off") == []


@pytest.mark.parametrize("confirm", ["", "beta"])
def test_it_is_confirmed_by_the_clusters_name(confirm, spec):
    (why,) = refused(spec, "isolate", confirm=confirm)
    assert "confirm=alpha" in why


def test_unhealthy_cluster_is_refused_with_every_reason(spec):
    cluster = Cluster(NAMES, {"web1": None})
    cluster.hosts["ha-host3"].up = False
    found = refused(spec, "isolate", cluster.look(), health=["ha-host1: sbd does not run"])
    for expected in ("ha-host3 does not answer", "web1 runs on no node", "sbd does not run"):
        assert any(expected in line for line in found), found
    assert not any("confirm" in line for line in found)


def test_fencing_is_only_off_when_asked_for(spec):
    (why,) = refused(spec, "partition3")
    assert "fencing=off" in why and "stopped first" in why
    (why,) = refused(spec, "isolate", fencing="off")
    assert "fencing stays on" in why


def test_diskless_sbd_cannot_be_kept_from_resetting(example):
    spec = load(example("diskless"))
    look = Cluster(NAMES, {vm.name: "ha-host1" for vm in spec.vms}).look()
    words = {"health": [], "confirm": spec.cluster.name, "fencing": "off"}
    found = preflight.refusals(setting(spec, "partition3"), look, **words)
    assert any("diskless SBD resets" in line for line in found)


def test_what_a_cluster_lacks_is_told(spec, example):
    assert refused(spec, "lose_link") == ["it needs two links, nodes[].links has one"]
    two = load(example("two_node"))
    assert "it needs 3 nodes, the cluster has 2" in scenarios.lacking(
        two, scenarios.all_of(two)["partition3"]
    )


def test_wrong_votes_on_a_node_are_found(spec):
    look = whole()
    odd = replace(look.nodes[1], expected_votes=2)
    found = refused(spec, "isolate", replace(look, nodes=(look.nodes[0], odd, look.nodes[2])))
    assert found == [
        "ha-host2 expects 2 votes, the pillar 3: another partition than predicted may have quorum"
    ]


def test_planted_two_node_is_found(spec):
    wrong = setting(spec, "isolate")
    wrong = replace(wrong, rules=replace(wrong.rules, two_node=True))
    words = {"health": [], "confirm": "alpha", "fencing": ""}
    (why,) = preflight.refusals(wrong, whole(), **words)
    assert "two partitions can have quorum at once" in why


def test_two_nodes_are_not_parted_while_nobody_is_fenced(example, changed):
    cut = {"name": "cut", "fault": "cut", "node": 1, "peers": [2]}
    own = [{"name": "halves", "proves": "x", "fencing": "off", "steps": [cut]}]
    two = load(changed(example("two_node"), {"drills": own}))
    look = Cluster(NAMES[:2], {vm.name: "ha-host1" for vm in two.vms}).look()
    words = {"health": [], "confirm": two.cluster.name, "fencing": "off"}
    found = preflight.refusals(setting(two, "halves"), look, **words)
    assert any("two partitions can have quorum" in line for line in found), found


# --- the plan ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case_of_a_pillar_has_its_plan(path, example):
    case = yaml.safe_load(path.read_text())
    spec = load(example("three_node") | {"drills": case["drills"]})
    look = Cluster(NAMES, {"db1": "ha-host1", "ap1": "ha-host2"}).look()
    assert preflight.text(setting(spec, "own"), look) == case["plan"]


def test_plan_names_steps_what_may_follow_and_what_it_interrupts(spec):
    said = "\n".join(preflight.text(setting(spec, "isolate"), whole()))
    for expected in (
        "isolate on alpha: A host that nobody hears is fenced",
        "interrupts: ha-host2 may be fenced or start anew",
        "interrupts: web1, on ha-host2, may be away and run elsewhere",
        "2. isolate a host: isolate on ha-host2",
        "may follow: {ha-host1, ha-host3} with quorum; fenced: ha-host2",
        "3. heal: all faults are taken away",
    ):
        assert expected in said, said


def test_plan_without_fencing_says_that_everything_stops(spec):
    lines = preflight.text(setting(spec, "partition3"), whole())
    assert "interrupts: everything is stopped until the end: web1, and all storage" in lines


def test_drill_that_does_nothing_to_nodes_says_so(spec):
    lines = preflight.text(setting(spec, "clock_jump"), whole())
    assert "interrupts: nothing, if the cluster does as it should" in lines


# --- scenarios and selectors -------------------------------------------------------------------


def test_every_scenario_is_planned_on_a_cluster_that_has_all(example):
    spec = load(example("lab_breadth"))
    spec = replace(
        spec, nodes=tuple(replace(n, links=("10.1.0.1", "10.2.0.1")) for n in spec.nodes)
    )
    look = Cluster(NAMES, {vm.name: "ha-host1" for vm in spec.vms}).look()
    for name, drill in scenarios.all_of(spec).items():
        assert scenarios.lacking(spec, drill) == [], name
        steps = preflight.planned(Setting.of(spec, drill), look)
        assert all(each.outcomes for each in steps), name


def test_scenarios_of_the_pillar_win(spec, example, changed):
    own = [{"name": "isolate", "proves": "mine", "steps": [{"name": "look"}]}]
    assert (
        scenarios.all_of(load(changed(example("lab"), {"drills": own})))["isolate"].proves == "mine"
    )


def test_shipped_steps_do_one_thing_with_all_it_needs():
    for drill in scenarios.SHIPPED:
        for step in drill.steps:
            assert bool(step.fault) + step.heal + step.leave <= 1
            assert bool(step.fault) == bool(step.node)
            for key in NEEDED.get(step.fault, ()):
                assert getattr(step, key, ()) or key in step.arguments, (drill.name, key)


def test_shipped_scenarios_use_every_fault():
    used = {step.fault for drill in scenarios.SHIPPED for step in drill.steps}
    assert used == {"", *FAULTS}


def test_faults_of_the_vocabulary_are_those_that_nodes_can_make():
    assert set(FAULTS) - {"migrate"} == set(faults.FAULTS), "Pacemaker moves VMs"
    for name, fault in faults.FAULTS.items():
        assert set(NEEDED.get(name, ())) == set(fault.needed)


def test_shipped_faults_are_told_what_they_take(example):
    spec = load(example("lab_breadth"))
    look = Cluster(NAMES, {vm.name: "ha-host1" for vm in spec.vms}).look()
    for drill in scenarios.SHIPPED:
        for each in preflight.planned(Setting.of(spec, drill), look):
            if each.action and each.action.fault != "migrate" and drill.name != "lose_link":
                faults.read(spec, each.action.node, each.action.fault, each.action.arguments)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2", "ha-host2"),
        ("ha-host3", "ha-host3"),
        ("dc", "ha-host1"),
        ("not dc", "ha-host2"),
        ("host-of:web1", "ha-host2"),
        ("host-of:1", "ha-host2"),
        ("not host-of:1", "ha-host1"),
    ],
)
def test_selectors(text, name, spec):
    assert node_of(text, spec, whole()) == name


@pytest.mark.parametrize("text", ["7", "elsewhere", "host-of:web9", "host-of:migrating"])
def test_selectors_of_nobody(text, spec):
    with pytest.raises(KvmhaError, match=r"no (node|VM) is"):
        node_of(text, spec, whole())


def test_dc_of_nobody_and_vm_that_runs_nowhere(spec):
    look = Cluster(NAMES, {"web1": None}).look()
    silent = replace(look, nodes=tuple(replace(node, dc="") for node in look.nodes))
    with pytest.raises(KvmhaError, match="has a DC"):
        node_of("dc", spec, silent)
    with pytest.raises(KvmhaError, match="web1 runs nowhere"):
        node_of("host-of:1", spec, look)


def test_one_of_two_links_cuts_nobody(example):
    spec = load(example("three_node"))
    look = Cluster(NAMES, {}).look()

    def cuts(*links, fault="link_down"):
        step = Step(name="x", fault=fault, node="1", links=links, peers=("2",))
        return resolve(step, spec, look).cuts

    assert cuts(0) == cuts(1) == ()
    assert cuts(0, 1) == (("ha-host1", "ha-host2"), ("ha-host1", "ha-host3"))
    assert cuts(0, fault="cut") == ()
    assert cuts(fault="cut") == (("ha-host1", "ha-host2"),)


def test_text_of_an_action_says_all():
    action = actions.Action("cut", "n1", {"peers": ["n2", "n3"], "links": [0]})
    assert action.text() == "cut on n1 (peers n2, n3, links 0)"
    assert selector(" not dc ").negated
    assert invariants.NAMES
