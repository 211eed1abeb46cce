"""What operators did, asked through Salt's loader, with and without a pillar that says it too."""

from __future__ import annotations

from tests.conftest import ROOT

CIB_FILE = str(ROOT / "tests" / "cases" / "cib_marks" / "undone_by_the_pillar" / "observed.xml")
STOPPED = {
    "cib": {
        "resources": [
            {"id": "vm-web1", "agent": "ocf:heartbeat:Dummy", "meta": {"target-role": "Stopped"}}
        ]
    }
}


def test_marks_need_no_pillar(modules):
    found = modules("ha-host1", {})["pacemaker.marks"](cib_file=CIB_FILE)
    assert [mark["about"] for mark in found] == ["", "", "vm-web1", "db"]
    assert found[2]["text"] == "vm-web1 was stopped on purpose (target-role=Stopped)"
    assert (found[2]["since"], found[2]["seconds"], found[2]["how"]) == (None, None, "unknown")


def test_what_the_minions_pillar_says_is_no_mark(modules):
    found = modules("ha-host1", {"kvmha": STOPPED})["pacemaker.marks"](cib_file=CIB_FILE)
    assert [mark["about"] for mark in found] == ["", "", "db"]


def test_a_document_given_is_asked_in_place_of_the_pillar(modules):
    marks = modules("ha-host1", {})["pacemaker.marks"]
    assert len(marks(spec=STOPPED, cib_file=CIB_FILE)) == 3


def test_a_plan_notes_them(modules):
    plan = modules("ha-host1", {"kvmha": STOPPED})["pacemaker.plan"](cib_file=CIB_FILE)
    assert "db was set unmanaged (is-managed=false): left as it is" in plan["notes"]
