"""Each rule has a case that breaks it: tests/cases/spec/<rule>/, changes to three_node."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from kvmha.errors import InvalidInput
from kvmha.rules import RULES, check
from kvmha.spec import load
from kvmha.spec.fields import class_of
from kvmha.spec.model import ClusterSpec

CASES = Path(__file__).parent.parent / "cases" / "spec"


def cases():
    return sorted(folder for folder in CASES.iterdir() if (folder / "problems.txt").exists())


@pytest.mark.parametrize("folder", cases(), ids=lambda folder: folder.name)
def test_case_gives_exactly_its_problems(folder, example, changed):
    changes = yaml.safe_load((folder / "change.yaml").read_text())
    with pytest.raises(InvalidInput) as caught:
        load(changed(example("three_node"), changes))
    told = "\n".join(str(problem) for problem in caught.value.problems)
    assert told == (folder / "problems.txt").read_text().strip()
    assert all(problem.hint and problem.code for problem in caught.value.problems)


@pytest.mark.parametrize("folder", cases(), ids=lambda folder: folder.name)
def test_case_is_found_by_the_rule_of_its_name_alone(folder, example, changed):
    name = folder.name.partition("-")[0]
    if name not in RULES:
        pytest.fail(f"{folder.name} names no rule")
    changes = yaml.safe_load((folder / "change.yaml").read_text())
    others = [rule for rule in RULES.values() if rule.name != name]
    data = changed(example("three_node"), changes)
    with pytest.raises(InvalidInput) as caught:
        load(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kvmha.rules.registry.RULES", {rule.name: rule for rule in others})
        load(data)
    assert len(caught.value.problems) >= 1


def test_every_rule_has_a_case():
    covered = {folder.name.partition("-")[0] for folder in cases()}
    assert covered == set(RULES)


def test_every_rule_says_what_and_why():
    for rule in RULES.values():
        assert rule.check.__doc__, rule.name
        assert rule.check.__doc__.split()[0] in ("Want", "Refuse", "Keep"), rule.name


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_needs_of_a_rule_are_places_of_the_spec(rule):
    places = set(_places(ClusterSpec, ""))
    assert set(rule.needs) <= places


def _places(cls, prefix):
    for field in dataclasses.fields(cls):
        name, meta = field.name, field.metadata["said"]
        place = f"{prefix}{name}"
        yield place
        if meta.many:
            place += "[]"
            yield place
        if class_of(meta) and not isinstance(meta.of, str):
            yield from _places(meta.of, f"{place}.")


def test_a_rule_that_needs_an_unread_place_is_silent(example):
    data = example("three_node")
    spec = load(data | {"validate": {}})
    object.__setattr__(spec.validate, "vm", "gone")
    assert [problem.code for problem in check(spec)] == ["VM_UNKNOWN"]
    assert check(spec, unread={"vms[].name"}) == ()
    assert check(spec, unread={"vms[]"}) == ()
    assert check(spec, unread={"vms[].disks[].file"}) != ()
