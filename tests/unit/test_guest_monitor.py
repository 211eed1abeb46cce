"""The program that asks a guest: its text. Cases: tests/cases/guest_monitor."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from kvmha.build import cib as cib_build
from kvmha.build import domain, guest_monitor
from kvmha.documents import cib, cib_merge
from kvmha.plan import Action
from kvmha.spec import load

CASES = sorted((Path(__file__).parents[1] / "cases" / "guest_monitor").iterdir())


@pytest.fixture(name="spec")
def monitored(example, changed):
    """Return a function that loads the lab's pillar with a monitor for its VM."""

    def loaded(monitor):
        changes = {"vms[0].monitor": monitor} if monitor is not None else {}
        return load(changed(example("lab"), changes))

    return loaded


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_program_is_the_recorded_one(case, spec):
    one = spec(yaml.safe_load((case / "monitor.yaml").read_text()))
    assert guest_monitor.script(one, one.vms[0]) == (case / "monitor").read_text()


def test_plan_tells_what_is_asked_and_then_nothing(spec):
    one = spec({"serial": {"max_age": "45s"}, "tcp": {"host": "192.168.56.20", "port": 22}})
    vm = one.vms[0]
    (change,) = guest_monitor.changes(one, vm, None)
    told = "+ domain:web1:monitor = serial line within 45s; tcp 192.168.56.20:22"
    assert change.text() == told
    text = guest_monitor.script(one, vm)
    assert guest_monitor.changes(one, vm, text) == []
    (change,) = guest_monitor.changes(one, vm, text + "# by hand\n")
    assert change.action is Action.UPDATE


def test_program_stays_when_it_is_no_longer_wanted(spec):
    """The cluster runs it until its CIB says otherwise, and would take its absence for a hang."""
    one = spec(None)
    assert guest_monitor.changes(one, one.vms[0], "#!/bin/bash\n") == []
    with pytest.raises(ValueError, match="web1 has no monitor"):
        guest_monitor.script(one, one.vms[0])


def test_cluster_runs_it_while_it_is_wanted(spec):
    whole = cib_build.build(spec({"serial": {}}), "external/sbd")
    text, _, _ = cib_merge.edit(cib.EMPTY, whole)
    assert 'name="monitor_scripts" value="/srv/vmstore/web1/monitor"' in text
    assert cib_merge.edit(text, whole)[1] == ()
    text, changes, _ = cib_merge.edit(text, cib_build.build(spec(None), "external/sbd"))
    assert [change.action for change in changes] == [Action.DELETE]
    assert "monitor_scripts" not in text


def test_disk_cannot_take_the_programs_place(spec, example, changed):
    with pytest.raises(Exception, match="monitor is a file of ours"):
        load(changed(example("lab"), {"vms[0].disks[0].file": "monitor"}))


def test_another_program_is_another_plan(spec):
    one = spec({"serial": {}})
    digests = {
        domain.plan(one, one.vms[0], domain.Observed(mounted="ocfs2", monitor=text)).digest
        for text in (None, "#!/bin/bash\n", guest_monitor.script(one, one.vms[0]))
    }
    assert len(digests) == 3


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_is_defined_that_is_not_used(case):
    text = (case / "monitor").read_text()
    for name in re.findall(r"^(\w+)\(\)", text, re.M):
        assert len(re.findall(rf"\b{name}\b", text.replace("# ", ""))) > 1, name
