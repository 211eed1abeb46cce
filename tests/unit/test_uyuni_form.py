"""The form for Uyuni: its language is kept, and what it brings into the pillar loads."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest
import yaml

from kvmha.errors import InvalidInput
from kvmha.spec import kinds, load, uyuni_form
from kvmha.spec.fields import class_of, fields_of
from kvmha.spec.model import ClusterSpec
from kvmha.spec.uyuni_language import form_problems
from tests.uyuni_server import pillar_from

FOLDER = Path(__file__).parent.parent.parent / "formulas" / "kvmha"


@pytest.fixture
def form():
    return yaml.safe_load((FOLDER / "form.yml").read_text())


def told(pillar):
    with pytest.raises(InvalidInput) as caught:
        load(pillar["kvmha"])
    return [(problem.place, problem.code) for problem in caught.value.problems]


def test_the_form_keeps_the_language(form):
    assert form_problems(form) == []


def test_every_kind_is_known():
    assert set(uyuni_form.ELEMENTS) >= {*kinds._READERS, "object"}


def test_what_is_in_the_form_is_in_the_vocabulary():
    top = dict(fields_of(ClusterSpec))
    for part, keys in uyuni_form.PARTS.items():
        below = class_of(top[part])
        assert set(keys) <= {name for name, _ in fields_of(below)} if below else not keys


@pytest.mark.parametrize("saved", [False, True])
def test_an_untouched_form_says_all_that_is_missing(form, saved):
    pillar = pillar_from(form, {}) if saved else pillar_from(form)
    missing = told(pillar)
    assert ("cluster.name", "MISSING") in missing
    assert any(place.startswith("nodes") for place, _ in missing)
    assert {code for _, code in missing} == {"MISSING"}
    assert not any(place.startswith(("vms", "storage", "corosync")) for place, _ in missing)


@pytest.mark.parametrize("name", ["minimal", "two_node", "three_node", "lab"])
def test_a_filled_form_is_the_same_cluster_as_the_file(form, name, example):
    data = {key: value for key, value in example(name).items() if key in uyuni_form.PARTS}
    pillar = pillar_from(form, {"kvmha": copy.deepcopy(data)})
    assert load(pillar["kvmha"]) == load(data)


def test_numbers_and_blanks_arrive_as_forms_bring_them(form, example):
    """The model of the server has its traps, or the tests above prove nothing."""
    pillar = pillar_from(form, {"kvmha": example("minimal")})["kvmha"]
    assert repr(pillar["nodes"][0]["id"]) == "1.0"
    assert pillar["nodes"][0]["minion"] == ""
    assert pillar["vms"][0]["name"] == ""
    assert pillar["vms"][0]["disks"][0]["format"] == "raw"
    assert pillar["validate"]["vm"] == ""  # hidden, and there all the same
    assert "servers" not in pillar["time"]


def test_a_blank_item_beside_filled_ones_is_told_at_its_place(form, example):
    data = example("minimal") | {"vms": [{"name": "web1", "memory": "1GiB"}, {}]}
    data["storage"] = {"filesystems": example("lab")["storage"]["filesystems"]}
    assert told(pillar_from(form, {"kvmha": data})) == [
        ("vms[1].name", "MISSING"),
        ("vms[1].memory", "MISSING"),
    ]


def elements(form):
    for name, each in form.items():
        if isinstance(each, dict) and (not name.startswith("$") or name in ("$prototype", "$key")):
            yield each
            yield from elements(each)


def test_patterns_take_nothing_at_all_and_every_browser_reads_them(form):
    patterns = {each["$match"] for each in elements(form) if "$match" in each}
    assert patterns
    for pattern in patterns:
        assert re.fullmatch(pattern, "")
        assert not re.search(r"\[[^\]]*[^\\]-\]", pattern)  # browsers want '-' escaped there


def test_only_what_can_be_given_at_once_is_required(form):
    required = [each.get("$name", "an item") for each in elements(form) if each.get("$required")]
    assert required == ["Name", "Name", "ID", "an item"]


def test_metadata_says_what_the_server_reads():
    metadata = yaml.safe_load((FOLDER / "metadata.yml").read_text())
    assert set(metadata) <= {"description", "group", "after", "pillar_only"}
    assert metadata["description"]


def test_the_states_of_the_formula_are_where_its_readme_says():
    readme = (FOLDER / "README.md").read_text()
    for path in re.findall(r"^# ln -s \S*/kvmha/(\S+) \S+$", readme, re.MULTILINE):
        assert (FOLDER.parent.parent / path).exists(), path
    assert "/usr/share/salt-formulas/states/kvmha" in readme
