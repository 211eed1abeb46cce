"""Why a VM is where it is, by Pacemaker's own scheduler. Cases: tests/cases/explain"""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from kvmha.errors import CommandFailed, KvmhaError
from kvmha.tools import explain, pacemaker
from kvmha.tools.runner import Result, Runner
from kvmha.view import reasons

CASES = sorted((Path(__file__).parents[1] / "cases" / "explain").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_words_of_case(case):
    vm, _, words = (case / "words.txt").read_text().partition("\n\n")
    found = explain.of_cib(Runner(), (case / "cib.xml").read_text(), vm)
    assert reasons.text(found) == words


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_pacemaker_accepts_the_cib_of_case(case):
    assert pacemaker.verify(Runner(), str(case / "cib.xml")) == []


class Told(Runner):
    """Answers ``cibadmin`` with a CIB; everything else is run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def run(self, argv, **options) -> Result:
        if argv[0] == "cibadmin":
            return Result(tuple(argv), 0, self.text, "", 0.0)
        return super().run(argv, **options)


def test_only_the_dc_explains():
    text = (CASES[0] / "cib.xml").read_text()
    dc, other = Told(text), Told(text)
    assert explain.explained(dc, "web1", "ha-host1")["quorate"] is True
    assert explain.explained(other, "web1", "ha-host2") == {"dc": "ha-host1"}
    assert (dc.started, other.started) == (1, 0)


def test_without_pacemaker_it_is_said():
    with pytest.raises(KvmhaError, match="does not run on this node"):
        explain.explained(Runner(), "web1")


def test_a_cib_that_the_scheduler_does_not_take_is_an_error():
    root = etree.fromstring((CASES[0] / "cib.xml").read_text())
    root.set("validate-with", "pacemaker-99")
    with pytest.raises(CommandFailed):
        explain.of_cib(Runner(), etree.tostring(root, encoding="unicode"), "web1")
