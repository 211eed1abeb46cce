"""The one body of every state, against a small world that a plan can change."""

from __future__ import annotations

import pytest
from salt.exceptions import CommandExecutionError

from kvmha.converge import checked, converge
from kvmha.errors import CommandFailed, StalePlan
from kvmha.plan import Action, Change, Disruption, Plan


class World:
    """A value that should be 2, what changing it costs, and how well that works."""

    def __init__(self, value=1, cost=Disruption.RELOAD, works=True):
        self.value, self.cost, self.works = value, cost, works
        self.applied = 0

    def plan(self):
        change = Change(Action.UPDATE, "world:value", self.value, 2, self.cost)
        return Plan((change,) if self.value != 2 else (), str(self.value), ("a note",)).to_dict()

    def apply(self, digest):
        plan = self.plan()
        if plan["digest"] != digest:
            raise StalePlan("the world moved")
        self.applied += 1
        if self.works:
            self.value = 2
        return plan

    def state(self, test=False, allow="reload"):
        return converge("it", plan=self.plan, apply=self.apply, test=test, allow=allow)


@pytest.mark.parametrize("test", [True, False])
def test_what_is_as_wanted_is_left_alone(test):
    world = World(value=2)
    ret = world.state(test)
    assert ret == {
        "name": "it",
        "changes": {},
        "result": True,
        "comment": "Already as wanted.\na note\n(0.00 s, 0 programs)",
        "cost": {"seconds": 0.0, "programs": 0},
    }
    assert world.applied == 0


def test_test_mode_says_what_a_run_would_do_and_does_nothing():
    world = World()
    preview = world.state(test=True)
    assert preview["result"] is None
    assert world.value == 1 and world.applied == 0
    done = world.state(test=False)
    assert done["result"] is True
    assert done["changes"] == preview["changes"] == {"world:value": {"old": 1, "new": 2}}
    assert world.state()["changes"] == {}


@pytest.mark.parametrize("test", [True, False])
def test_more_disruption_than_allowed_fails_in_test_mode_too(test):
    world = World(cost=Disruption.CLUSTER_STOP)
    ret = world.state(test)
    assert ret["result"] is False
    assert ret["changes"] == {}
    assert "set allow: cluster_stop" in ret["comment"]
    assert world.applied == 0


@pytest.mark.parametrize("test", [True, False])
def test_an_unknown_level_of_disruption_fails_before_anything_changes(test):
    world = World()
    assert world.state(test, allow="a lot")["result"] is False
    assert world.applied == 0


def test_success_is_read_back_and_not_assumed():
    ret = World(works=False).state()
    assert ret["result"] is False
    assert ret["changes"]
    assert "Still differs:\n~ world:value: 1 -> 2  [reload]\n# a note\n" in ret["comment"]


def test_a_failure_after_the_change_keeps_what_was_changed():
    world = World()
    looks = []

    def plan():
        looks.append(1)
        if len(looks) == 2:
            raise CommandFailed(["corosync-cmapctl"], 1, "no daemon")
        return world.plan()

    ret = converge("it", plan=plan, apply=world.apply, test=False, allow="reload")
    assert ret["result"] is False
    assert ret["changes"] == {"world:value": {"old": 1, "new": 2}}
    assert "Changed:" in ret["comment"] and "no daemon" in ret["comment"]


@pytest.mark.parametrize(
    "error", [CommandFailed(["sbd"], 1, "no disk"), CommandExecutionError("'sbd': no disk")]
)
def test_an_error_for_the_user_becomes_the_comment(error):
    def plan():
        raise error

    ret = converge("it", plan=plan, apply=plan, test=False)
    assert ret["result"] is False
    assert "no disk" in ret["comment"]


def test_our_own_bug_is_not_dressed_up():
    def plan():
        raise KeyError("bug")

    with pytest.raises(KeyError):
        converge("it", plan=plan, apply=plan, test=False)


def test_a_world_that_moved_between_plan_and_apply_is_left_alone():
    world = World()

    def apply(digest):
        world.value = 3
        return world.apply(digest)

    ret = converge("it", plan=world.plan, apply=apply, test=False, allow="reload")
    assert ret["result"] is False
    assert "the world moved" in ret["comment"]
    assert world.applied == 0


def test_a_gate_with_nothing_missing_says_so_and_changes_nothing():
    ret = checked("quorum", missing=list, test=False, said=lambda: "3 of 3 votes")
    assert (ret["changes"], ret["result"], ret["comment"]) == ({}, True, "3 of 3 votes")
    assert ret["cost"]["programs"] == 0


def test_a_gate_fails_with_what_is_missing():
    ret = checked(
        "quorum", missing=lambda: ["ha-host2: 1 of 3 votes", "ha-host3: down"], test=False
    )
    assert ret["result"] is False
    assert ret["comment"] == "ha-host2: 1 of 3 votes\nha-host3: down"


def test_a_gate_in_test_mode_looks_once_and_does_not_fail():
    looks = []

    def missing():
        looks.append(1)
        return ["no votes"]

    ret = checked("quorum", missing=missing, test=True, timeout=600)
    assert ret["result"] is None
    assert "no votes" in ret["comment"]
    assert len(looks) == 1


def test_a_gate_tells_an_error_for_the_user_and_raises_our_own_bug():
    def no_tool():
        raise CommandFailed(["corosync-quorumtool"], 127, "no such program")

    def bug():
        raise KeyError("bug")

    assert "no such program" in checked("it", missing=no_tool, test=True)["comment"]
    with pytest.raises(KeyError):
        checked("it", missing=bug, test=False)
