"""What speaks against a drill. Cases: tests/cases/readiness"""

from __future__ import annotations

import pytest
import yaml

from kvmha.drills import readiness, readiness_cib
from kvmha.spec import load
from tests.planted import CASES, answers


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_each_planted_fault_is_told(folder, example, changed):
    case = yaml.safe_load((folder / "case.yaml").read_text())
    spec = load(changed(example(case["example"]), case.get("changed", {})))
    seen = answers(spec, (folder / "cib.xml").read_text(), case.get("seen", {}))
    found = readiness.problems(spec, seen)
    assert found == yaml.safe_load((folder / "problems.yaml").read_text())


def test_a_node_that_was_not_asked_is_told(example):
    assert readiness.problems(load(example("lab")), {})[0] == "ha-host1: does not answer"


def test_an_error_is_told_in_its_words(example):
    seen = {f"ha-host{number}": {"error": "no module"} for number in (1, 2, 3)}
    assert "ha-host2: no module" in readiness.problems(load(example("lab")), seen)


def test_what_is_no_cib_is_told(example):
    (line,) = readiness_cib.problems(load(example("lab")), "<html/>")
    assert "no CIB" in line
