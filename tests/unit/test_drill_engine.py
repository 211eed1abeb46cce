"""Whole drills against a simulated cluster: what passes, what is found, and that all is healed."""

from __future__ import annotations

import dataclasses

import pytest

from kvmha.drills import actions, awaited, judge, scenarios
from kvmha.drills.awaited import Setting
from kvmha.drills.engine import Run
from kvmha.drills.record import Record
from kvmha.errors import KvmhaError
from kvmha.plain import of, plain
from kvmha.spec import load
from kvmha.spec.drills import Drill, Step
from kvmha.view.snapshot import NodeSeen, Snapshot
from tests.unit.simulation import Cluster

NAMES = ("ha-host1", "ha-host2", "ha-host3")


@pytest.fixture(name="spec")
def lab_spec(example):
    return load(example("lab"))


@pytest.fixture(name="drill")
def a_drill(spec):
    """Return a function that runs a drill against a simulated cluster and returns both."""

    def run(name, **planted):
        drill = name if isinstance(name, Drill) else scenarios.all_of(spec)[name]
        cluster = Cluster(NAMES, {"web1": "ha-host1"}, **planted)
        empty = Record("x", drill.name, drill.proves, "alpha", "2026-01-01T00:00:00Z", 0, "", False)
        return Run(Setting.of(spec, drill), cluster, empty).run(), cluster

    return run


def verdicts(record):
    return [(step.name, step.verdict, step.why) for step in record.steps]


HONEST = (
    *("partition3", "partition3_fencing", "isolate", "freeze", "power_off", "crash_dc"),
    *("kill_corosync", "kill_guest", "clock_jump", "restart_libvirtd", "lose_master"),
    *("lose_sbd_disk", "fill_filesystem", "kill_libvirtd"),
)


@pytest.mark.parametrize("name", HONEST)
def test_honest_cluster_passes_and_is_healed(name, drill):
    record, cluster = drill(name)
    assert record.verdict == "passed", (record.problems, verdicts(record))
    assert record.healed
    assert not cluster.cuts
    assert cluster.fencing and not cluster.stopped
    assert {step.verdict for step in record.steps} == {"as predicted"}
    assert record.steps[0].name == "baseline"


def test_partition3_shows_the_three_cuts(drill):
    record, _ = drill("partition3")
    seen = {step.name: step for step in record.steps}
    last = seen["cut 2 from 3 also"]
    assert [part.members for part in last.snapshot.partitions] == [(name,) for name in NAMES]
    assert not any(part.quorate for part in last.snapshot.partitions)
    assert len(last.cuts) == 3
    assert len(seen["cut 1 from 3"].predicted) == 3
    assert len(last.predicted) == 1
    assert seen["heal"].snapshot.partitions[0].quorate


def test_fenced_node_takes_its_cuts_along_and_comes_back(drill):
    record, _ = drill("partition3_fencing")
    first = record.steps[1]
    assert first.snapshot.partitions[0].members
    assert any(outcome.fenced for outcome in first.predicted)
    assert record.absences[0].name == "web1"


def test_absence_stands_beside_what_timeouts_imply(drill):
    record, _ = drill("isolate")
    (away,) = record.absences
    assert 0 < away.seconds < away.worst
    assert set(away.parts) == {"token", "consensus", "fencing", "start"}
    assert away.worst == pytest.approx(sum(away.parts.values()), abs=0.1)


def test_fault_that_a_monitor_has_to_find_is_waited_for(drill):
    """The simulation fences 70 s after DLM was killed: until then all looks well."""
    record, _ = drill("kill_dlm_controld")
    killed = record.steps[1]
    assert killed.verdict == "as predicted"
    assert "ended: ha-host1" in killed.why[0]
    assert record.verdict == "passed"


def test_fencing_off_stops_everything_before_the_first_cut(drill):
    """``Cluster.fencing_off`` itself refuses while a VM runs."""
    record, cluster = drill("partition3")
    assert all(not sample.where for sample in record.watched[5:8])
    assert cluster.vms["web1"]


def test_membership_that_never_rests_is_judged_by_its_rules(spec):
    """corosync forms the same membership again and again (1-3 is cut, 2 hears both)."""
    found = Setting.of(spec, scenarios.all_of(spec)["partition3"])
    look = Cluster(NAMES, {"web1": None}).look()
    forming = dataclasses.replace(look.nodes[0], members=NAMES[:2])
    between = dataclasses.replace(look, nodes=(forming, *look.nodes[1:]))
    action = actions.resolve(found.drill.steps[1], spec, look)
    _, outcomes = actions.following(found.rules, actions.Standing(), action)
    seen, looks = awaited.Awaited(found, outcomes, action, {}), [look]
    for number in range(20):
        looks.append(between if number % 2 else look)
        missing = seen.missing(looks, found.timing.settle + number)
        assert missing
    verdict, why = seen.verdict(missing, looks[-1])
    assert verdict == "as predicted"
    assert why == ("corosync forms it again and again: an outcome in 10 of 20 looks",)
    isolated = awaited.Awaited(found, outcomes[:1], action, {})
    assert isolated.missing(looks, 999.0)
    assert isolated.verdict("x", looks[-1])[0] == "not predicted"


def test_what_cannot_be_seen_counts_as_running(spec):
    found = Setting.of(spec, scenarios.all_of(spec)["partition3"])
    look = Cluster(NAMES, {"web1": None}).look()
    assert awaited.still_running(found, look) == ""
    blind = dataclasses.replace(look.nodes[0], errors={"libvirt": "no answer in 5 s"})
    hidden = dataclasses.replace(look, nodes=(blind, *look.nodes[1:]))
    assert awaited.still_running(found, hidden) == "ha-host1: libvirt: no answer in 5 s"
    used = dataclasses.replace(look.nodes[0], mounts=("/", "/srv/vmstore"), lockspaces=("vm",))
    mounted = dataclasses.replace(look, nodes=(used, *look.nodes[1:]))
    assert awaited.still_running(found, mounted) == "ha-host1 still has /srv/vmstore, vm"


def test_uptime_that_could_not_be_told_is_no_reboot():
    def looks(*uptimes):
        nodes = [NodeSeen("a", answered=True, uptime=uptime) for uptime in uptimes]
        return [Snapshot(float(i), (node,)) for i, node in enumerate(nodes)]

    assert judge.down_in(looks(100.0, 0.0, 106.0), ["a"]) == set()
    assert judge.down_in(looks(100.0, 0.0, 6.0), ["a"]) == {"a"}
    silent = Snapshot(9.0, (NodeSeen("a"),))
    assert judge.down_in([*looks(100.0), silent, *looks(106.0)], ["a"]) == set()
    assert judge.down_in([*looks(100.0), silent, silent], ["a"]) == {"a"}


# --- what is broken is found -------------------------------------------------------------------


def test_split_brain_is_found_broken_with_its_evidence_and_healed(drill):
    record, cluster = drill("isolate", wrong=frozenset({"split brain"}))
    assert record.verdict == "broken"
    broken = {each.invariant for each in record.breaches}
    assert {"at most one partition has quorum", "no VM runs twice"} & broken
    assert record.steps[-1].verdict == "broken"
    assert "quorum" in record.breaches[0].evidence or "runs on" in record.breaches[0].evidence
    assert not cluster.cuts


def test_cluster_that_does_not_fence_is_found(drill):
    record, cluster = drill("isolate", wrong=frozenset({"no fencing"}))
    assert record.verdict == "failed"
    assert record.steps[1].verdict == "not predicted"
    assert "fenced: ha-host1" in record.steps[1].why[1]
    assert not cluster.cuts


def test_fault_that_does_not_heal_is_reported(drill):
    record, _ = drill("partition3", wrong=frozenset({"does not heal"}))
    assert record.verdict == "failed"
    assert not record.healed
    assert any("cut from" in problem for problem in record.problems)


def test_fault_that_was_not_made_is_no_success(drill):
    record, _ = drill("isolate", wrong=frozenset({"no fault"}))
    assert record.verdict == "failed"
    assert "no such program" in record.problems[0]


def test_nothing_is_cut_without_dead_man_timers(drill):
    record, cluster = drill("isolate", wrong=frozenset({"no timer"}))
    assert record.verdict == "failed"
    assert "no dead-man timer: ha-host1" in record.problems[0]
    assert "isolate" not in cluster.done


def test_timers_are_set_before_each_fault(drill):
    _, cluster = drill("partition3")
    before = [cluster.done[i - 1] for i, what in enumerate(cluster.done) if what == "cut"]
    assert before == ["arm"] * 3


def test_nodes_heal_themselves_when_nobody_else_does(drill):
    record, cluster = drill("lose_master")
    left = record.steps[-1]
    assert left.verdict == "as predicted"
    assert left.seconds > 60
    assert cluster.done.index("heal") > cluster.done.index("cut") + 1


# --- whatever ends it, it heals ----------------------------------------------------------------


@pytest.mark.parametrize("where", ["look", "pause", "arm"])
@pytest.mark.parametrize("ending", [KeyboardInterrupt(), KvmhaError("the master is busy")])
def test_ending_in_the_middle_heals(where, ending, drill):
    record, cluster = drill("partition3", ends_at={where: ending})
    assert not cluster.cuts
    assert cluster.fencing and not cluster.stopped
    assert record.healed
    assert record.verdict == ("failed" if isinstance(ending, KvmhaError) else "interrupted")
    assert record.problems


def test_bug_of_ours_heals_and_is_raised(drill):
    ends = {"look": ZeroDivisionError("ours")}
    with pytest.raises(ZeroDivisionError):
        drill("partition3", ends_at=ends)


def test_signal_while_it_heals_does_not_keep_it_from_healing(drill):
    cut = dataclasses.replace(scenarios.SHIPPED[0], steps=scenarios.SHIPPED[0].steps[:2])
    record, cluster = drill(cut, ends_at={"heal": KeyboardInterrupt()})
    assert not cluster.ends_at, "the signal came"
    assert record.healed and record.verdict == "passed"
    assert cluster.fencing and not cluster.stopped and not cluster.cuts


def test_interrupted_healing_says_who_heals_now(drill):
    record, _ = drill("partition3", ends_at={"look": KeyboardInterrupt(), "heal": SystemError("x")})
    assert not record.healed
    assert any("dead-man timers" in problem for problem in record.problems)


def test_record_is_kept_after_each_step_as_interrupted(drill):
    record, cluster = drill("partition3")
    assert [len(each.steps) for each in cluster.kept] == [0, 1, 2, 3, 4, 5, 5]
    assert {each.verdict for each in cluster.kept[:-1]} == {"interrupted"}
    assert cluster.kept[-1] == record
    assert of(Record, plain(record)) == record


def test_step_that_names_nobody_is_told(drill, spec):
    step = Step(name="x", fault="freeze", node="ha-host9")
    record, _ = drill(dataclasses.replace(scenarios.SHIPPED[2], steps=(step,)))
    assert record.verdict == "failed"
    assert "no node is 'ha-host9'" in record.problems[0]
