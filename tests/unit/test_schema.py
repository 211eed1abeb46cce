"""The JSON Schema of the pillar: it takes what loads, and finds what a schema can find."""

from __future__ import annotations

import functools
import importlib
import json
from dataclasses import dataclass

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvmha.errors import InvalidInput
from kvmha.spec import fields, kinds, load, schema, written
from kvmha.spec.fields import said
from kvmha.spec.model import ClusterSpec
from tests.unit.test_spec_load import JUNK, SHAPES, spots

EXAMPLES = ("minimal", "two_node", "three_node", "lab")


@functools.cache
def validator(cls=ClusterSpec):
    return jsonschema.Draft202012Validator(json.loads(schema.schema_text(cls)))


def mistakes(data):
    return [error.json_path for error in validator().iter_errors({"kvmha": data})]


def test_the_schema_itself_is_valid():
    jsonschema.Draft202012Validator.check_schema(schema.json_schema())


@pytest.mark.parametrize("table", [schema._SHAPES, written.KINDS])
def test_every_kind_is_known(table):
    assert set(table) >= {*kinds._READERS, "object"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_validates(name, example):
    assert mistakes(example(name)) == []


# What a schema cannot say, or says elsewhere.
BEYOND = {"masked"}


@pytest.mark.parametrize("case", sorted(set(SHAPES) - BEYOND))
def test_what_the_loader_cannot_read_the_schema_refuses(case, example, changed):
    changes, _ = SHAPES[case]
    assert mistakes(changed(example("minimal"), changes))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("nodes[0].id", "1"),
        ("nodes[0].id", 1.0),
        ("validate", {"failover": "Yes"}),
        ("validate", {"failover": 0}),
        ("validate", None),
        ("storage", ""),
        ("corosync", {"token": "1.5 S", "consensus": ""}),
        ("nodes[0].links", ["fe80::1%eth0"]),
        ("cib", {"properties": {"batch-limit": 30.5}}),
    ],
)
def test_spellings_that_load_validate(place, value, example, changed):
    data = changed(example("minimal"), {place: ""}) if value is None else example("minimal")
    data = data | {place: None} if value is None else changed(data, {place: value})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kvmha.rules.registry.RULES", {})
        load(data)
    assert mistakes(data) == []


CIB = """
resources:
  - {id: web, agent: "ocf:heartbeat:IPaddr2", params: {ip: 192.168.56.200}}
  - id: all
    kind: group
    members: [{id: a, agent: "ocf:pacemaker:Dummy", ops: [{name: monitor, interval: 10}]}]
    meta: [{score: 2, values: {priority: 1}, rule: {conditions: [{attribute: disk}]}}]
constraints:
  - {kind: location, id: l, rsc: web, node: ha-host1, score: 100}
  - {kind: colocation, id: c, rsc: web, with_rsc: all, influence: false}
"""


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ("cib.resources[0].members", [{"id": "b"}], "WRONG_FOR_KIND"),
        ("cib.resources[1].agent", "ocf:pacemaker:Dummy", "WRONG_FOR_KIND"),
        ("cib.resources[1].template", "", "WRONG_FOR_KIND"),
        ("cib.constraints[0].with_rsc", "all", "WRONG_FOR_KIND"),
        ("cib.constraints[1].rules", [], ""),
        ("cib.resources[0].kind", "", ""),
        ("cib.resources[0].kind", "group", "WRONG_FOR_KIND"),
        ("cib.resources[1].members[0].kind", "clone", "WRONG_FOR_KIND"),
    ],
)
def test_keys_of_another_kind_are_refused_as_they_do_not_load(place, value, code, example, changed):
    data = changed(example("minimal") | {"cib": yaml.safe_load(CIB)}, {place: value})
    found = set()
    try:
        load(data)
    except InvalidInput as error:
        found = {problem.code for problem in error.problems}
    assert found == ({code} if code else set())
    assert bool(mistakes(data)) is bool(code)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draw=st.data())
def test_what_loads_validates(draw, example):
    data = example("three_node") | {"cib": yaml.safe_load(CIB)}
    way = draw.draw(st.sampled_from(list(spots(data))))
    junk = draw.draw(JUNK)
    inner = data
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = junk
    blank = isinstance(inner, list) and junk in ("", None)
    if blank or isinstance(junk, list) or (isinstance(junk, str) and junk != junk.strip()):
        return  # blanks in and around: the schema says that it is stricter there
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kvmha.rules.registry.RULES", {})
        # ... and where a form leaves blank objects in a list.
        patch.setattr(importlib.import_module("kvmha.spec.load"), "_is_blank", lambda *_: False)
        try:
            load(data)
        except InvalidInput:
            return
    assert mistakes(data) == []


def test_unknown_keys_and_missing_ones_are_found_at_their_place(example, changed):
    data = changed(example("minimal"), {"nodes[1].adress": "x", "cluster.name": None})
    assert mistakes(data) == ["$.kvmha.cluster", "$.kvmha.nodes[1]"]


def test_defaults_are_in_the_units_of_the_pillar():
    token = schema.json_schema()["$defs"]["Corosync"]["properties"]["token"]
    assert token["default"] == "5s"
    assert token["examples"] == ["5s"]


def test_every_default_and_example_validates():
    root = schema.json_schema()
    checked = 0
    for name, each in root["$defs"].items():
        for key, said_ in each.get("properties", {}).items():
            wanted = {"$ref": f"#/$defs/{name}/properties/{key}", "$defs": root["$defs"]}
            for value in (*said_.get("examples", []), said_.get("default", "")):
                if value == "" and "anyOf" not in said_:
                    continue  # required: there is no default
                assert jsonschema.Draft202012Validator(wanted).is_valid(value), (name, key)
                checked += 1
    assert checked > 50


@dataclass(frozen=True)
class Branch:
    """``branch``: one that holds more of its like."""

    name: str = said("name", "Name.", example="a")
    branches: tuple[Branch, ...] = said("object", "Below it.", many=True, of="Branch", default=())
    sets: tuple[Branch, ...] = said("nvsets", "Sets.", of="Branch", default=())


def test_a_class_may_hold_itself(monkeypatch):
    monkeypatch.setitem(fields.RECURSIVE, "Branch", Branch)
    assert fields.classes_of(Branch) == (Branch,)
    deep = {"name": "a", "branches": [{"name": "b", "branches": [{"name": "c"}]}]}
    assert validator(Branch).is_valid({"kvmha": deep})
    deep["branches"][0]["branches"][0]["nam"] = "d"
    assert not validator(Branch).is_valid({"kvmha": deep})


@pytest.mark.parametrize(
    ("sets", "valid"),
    [({"priority": 1}, True), ([{"name": "b"}], True), ([{"nam": "b"}], False), ("b", False)],
)
def test_sets_are_a_mapping_or_objects(sets, valid, monkeypatch):
    monkeypatch.setitem(fields.RECURSIVE, "Branch", Branch)
    assert validator(Branch).is_valid({"kvmha": {"name": "a", "sets": sets}}) is valid
