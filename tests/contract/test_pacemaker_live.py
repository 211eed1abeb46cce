"""A running Pacemaker: the race for the CIB, a busy cluster, status, fencing."""

from __future__ import annotations

import dataclasses

import pytest

from kvmha.build import cib as build
from kvmha.converge import committed
from kvmha.errors import CommandFailed
from kvmha.plan import Disruption
from kvmha.receipt import meter
from kvmha.spec import load
from kvmha.spec.cib import Cib
from kvmha.spec.cib_parts import NvSet
from kvmha.spec.cib_resources import Resource
from kvmha.tools import corosync, pacemaker
from kvmha.wait import eventually
from tests.contract.cluster_of_one import Inside, started

# The `null` plugin of cluster-glue answers that it has fenced whatever is in its list.
DEVICE = Resource(
    id="fencing-null", agent="stonith:null", params=(NvSet(values={"hostlist": "ha-host1 ghost"}),)
)
FENCING = build.of_words(
    Cib(properties=(NvSet(values={"stonith-enabled": True}),), resources=(DEVICE,)),
    unmanaged="keep",
)


@pytest.fixture(scope="module")
def node():
    with started() as pid:
        yield lambda: Inside(pid)


class Meddling(Inside):
    """Runs ``before`` just before the first patch."""

    def __init__(self, pid: int, before: list[str]) -> None:
        super().__init__(pid)
        self.before = before
        self.queries = 0

    def run(self, argv, **options):
        self.queries += "--query" in argv
        if "--patch" in argv and self.before:
            before, self.before = self.before, []
            super().run(before)
        return super().run(argv, **options)


@pytest.fixture(scope="module")
def properties():
    """Return a function that wants one property, another value at each call."""
    values = iter(range(3, 99))

    def wanted():
        nvset = NvSet(values={"cluster-recheck-interval": f"{next(values)}min"})
        return build.of_words(Cib(properties=(nvset,)), unmanaged="keep")

    return wanted


def test_the_whole_minimal_cib_is_taken_by_a_running_cluster(node, example):
    wanted = build.build(load(example("minimal")), "external/sbd")
    shown = pacemaker.plan(node(), wanted)
    first, nothing = node(), node()
    assert pacemaker.apply(first, wanted, shown.digest)[0] == shown
    assert not pacemaker.apply(nothing, wanted)[0]
    assert (first.started, nothing.started) == (3, 1)
    assert pacemaker.verify(node()) == []
    node().run(["cibadmin", "--delete", "--xml-text", '<primitive id="fencing-sbd"/>'])


def test_a_state_that_has_nothing_to_do_starts_one_program(node, properties):
    wanted = properties()

    def state():
        def apply():
            spent = meter()
            done, left = pacemaker.apply(node(), wanted, allow="reload")
            cost = dataclasses.asdict(spent())
            return {**done.to_dict(), "left": left.to_dict(), "cost": cost}

        return committed("it", plan=lambda: {}, apply=apply, test=False)

    first, second = state(), state()
    assert first["result"] and first["changes"] and first["cost"]["programs"] <= 4
    assert second["result"] and not second["changes"]
    assert second["cost"]["programs"] == 1
    assert second["comment"].endswith(", 1 program)")


def test_the_cluster_has_settled_when_settle_returns(node):
    quick = Resource(id="quick", agent="ocf:pacemaker:Dummy")
    off = NvSet(values={"stonith-enabled": False})
    wanted = build.of_words(Cib(properties=(off,), resources=(quick,)), unmanaged="keep")
    pacemaker.apply(node(), wanted)
    told: list[str] = []
    pacemaker.settle(node(), 60, told.append)
    (resource,) = pacemaker.status(node())["resources"]
    assert (resource["id"], resource["role"]) == ("quick", "Started")
    plan = pacemaker.plan(node(), build.of_words(Cib(properties=(off,)), unmanaged="remove"))
    assert plan.disruption is Disruption.RESOURCE_RESTART
    assert plan.placement == {"quick": (("ha-host1",), ())}
    pacemaker.apply(node(), build.of_words(Cib(properties=(off,)), unmanaged="remove"))
    pacemaker.settle(node(), 60)
    assert pacemaker.status(node())["resources"] == []


def test_a_change_of_the_configuration_in_between_is_noticed_and_kept(node, properties):
    meddler = ["crm_attribute", "--type=crm_config", "--name=elsewhere", "--update=1"]
    runner = Meddling(node().pid, meddler)
    assert len(pacemaker.apply(runner, properties())[0].changes) == 1
    assert 'name="elsewhere"' in (pacemaker.query(node()) or "")
    assert runner.queries == 2  # the plan was made twice


def test_a_change_of_the_status_in_between_does_no_harm(node, properties):
    busy = ["crm_attribute", "--node=ha-host1", "--lifetime=reboot", "--name=x", "--update=1"]
    runner = Meddling(node().pid, busy)
    assert len(pacemaker.apply(runner, properties())[0].changes) == 1
    assert runner.queries == 1  # the plan was made once


def test_fencing_answers_and_fences_with_a_device_that_works(node):
    pacemaker.apply(node(), FENCING)

    def missing() -> str:
        return "; ".join(pacemaker.fencing_answers(node(), ["ha-host1", "ghost"])["problems"])

    eventually(missing, timeout=60)
    answer = pacemaker.fencing_answers(node(), ["ha-host1", "elsewhere"])
    assert answer["nodes"]["ha-host1"] == ["fencing-null"]
    assert answer["problems"] == ["no device can fence elsewhere"]
    assert pacemaker.fence(node(), "ghost", timeout=20) < 20
    events = pacemaker.status(node())["fencing_history"]
    assert [(event["target"], event["status"]) for event in events] == [("ghost", "success")]


def test_fencing_what_no_device_reaches_fails_in_the_fencers_words(node):
    with pytest.raises(CommandFailed, match="elsewhere"):
        pacemaker.fence(node(), "elsewhere", timeout=5)


def test_status_of_both_daemons(node, tmp_path):
    status = pacemaker.status(node())
    assert (status["dc"], status["quorate"]) == ("ha-host1", True)
    assert status["nodes"]["ha-host1"]["online"] is True
    runner = node()
    seen = corosync.status(runner, tmp_path / "none")
    assert runner.started == 2
    assert (seen["running"], seen["quorate"], seen["votes"]) == (True, True, 1)
    assert (seen["members"], seen["links"]) == (["ha-host1"], {"0": {"1": "localhost"}})
    assert corosync.is_running(node())
