"""Parameters held against the metadata of the agents that are really installed."""

from __future__ import annotations

import pytest

from kvmha.build import cib as build
from kvmha.documents import cib
from kvmha.errors import InvalidInput
from kvmha.spec import load, load_part
from kvmha.tools import pacemaker
from kvmha.tools.agent_types import Typed
from kvmha.tools.agents import Catalogue
from kvmha.tools.runner import Runner

MOUNT = {"device": "/dev/disk/by-id/san", "directory": "/srv/a", "fstype": "ocfs2"}


@pytest.fixture
def plan(tmp_path):
    """Return a function that plans a cib on an empty one, with a fresh process's memory."""
    path = tmp_path / "cib.xml"
    path.write_text(cib.EMPTY)

    def call(words, runner=None, act=pacemaker.plan, **document):
        runner = runner or Runner()
        part = load_part({"cib": words, **document})
        types = Typed(Catalogue(runner, tmp_path / "cache"), refuse=part.agents == "refuse")
        return act(runner, build.of_words(part.cib, types=types), cib_file=str(path))

    return call


def filesystem(**params):
    return {"id": "fs", "agent": "ocf:heartbeat:Filesystem", "params": {**MOUNT, **params}}


def codes(plan, *resources, **words):
    with pytest.raises(InvalidInput) as caught:
        plan({"resources": list(resources), **words})
    return {problem.place: problem.code for problem in caught.value.problems}


def test_mistakes_of_all_agents_are_told_at_once(plan):
    ip = {"id": "ip", "agent": "ocf:heartbeat:IPaddr2", "params": {"cidr_netmask": 24}}
    found = codes(
        plan,
        filesystem(directori="/srv/b", fast_stop="perhaps", force_unmount="safe"),
        ip,
        properties={"no-quorum-policy": "perhaps", "stonith-enabld": True},
    )
    assert found == {
        "cib:primitive/fs/param.directori": "UNKNOWN_OPTION",
        "cib:primitive/fs/param.fast_stop": "WRONG_KIND",
        "cib:primitive/ip/param": "MISSING",
        "cib:property.no-quorum-policy": "NOT_A_CHOICE",
        "cib:property.stonith-enabld": "UNKNOWN_OPTION",
    }


def test_what_is_as_it_should_be_has_no_problem(plan):
    words = {"resources": [filesystem(options="noatime", fast_stop="no")]}
    assert [change.address for change in plan(words).changes] == ["cib:primitive/fs"]


def test_two_resources_on_one_address_are_a_mistake(plan):
    agent = "ocf:heartbeat:IPaddr2"
    two = [{"id": i, "agent": agent, "params": {"ip": "192.168.56.9"}} for i in ("ip1", "ip2")]
    assert "NOT_UNIQUE" in codes(plan, *two).values()


def test_an_agent_that_is_not_here_is_said_to_be_unchecked(plan):
    strange = {"id": "x", "agent": "ocf:acme:Strange", "params": {"any": 1}}
    notes = plan({"resources": [strange]}).notes
    assert any(note.startswith("unchecked: ocf:acme:Strange: ") for note in notes)


def test_what_an_agent_refuses_may_be_a_note(plan):
    plan_ = plan({"resources": [filesystem(directori="/srv/b")]}, agents="report")
    assert any(note.startswith("unusual: cib:primitive/fs/param") for note in plan_.notes)


def test_a_value_in_other_words_is_the_same(plan):
    first = {"resources": [filesystem(fast_stop="no")]}
    plan(first, act=pacemaker.apply)
    second, _ = plan({"resources": [filesystem(fast_stop="false")]}, act=pacemaker.apply)
    assert not second
    third = plan({"resources": [filesystem(options="noatime")]})
    assert [change.text() for change in third.changes] == [
        "+ cib:primitive/fs/param/options = noatime"
    ]


def test_an_agent_is_asked_once_and_a_second_run_asks_none(plan):
    words = {"resources": [filesystem()]}
    first, second, third = Runner(), Runner(), Runner()
    plan(words, first)
    plan(words, second)
    assert first.started == second.started + 1
    plan(words, act=pacemaker.apply)
    plan(words, third)
    assert third.started == 0  # a file is read by no program


def test_parameters_of_a_vm_are_held_against_the_metadata_of_its_agent(example, changed, tmp_path):
    said = {"vms[0].params": {"migration_downtim": 500, "migration_speed": "fast"}}
    spec = load(changed(example("lab"), said))
    types = Typed(Catalogue(Runner(), tmp_path / "cache"))
    path = tmp_path / "cib.xml"
    path.write_text(cib.EMPTY)
    with pytest.raises(InvalidInput) as caught:
        pacemaker.plan(Runner(), build.build(spec, "fence_sbd", types=types), cib_file=str(path))
    assert {problem.place: problem.code for problem in caught.value.problems} == {
        "cib:primitive/vm-web1/param.migration_downtim": "UNKNOWN_OPTION",
        "cib:primitive/vm-web1/param.migration_speed": "WRONG_KIND",
    }
    assert "did you mean 'migration_downtime'?" in str(caught.value)
