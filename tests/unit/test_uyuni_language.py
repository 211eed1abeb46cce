"""Each rule of the language of forms, broken once."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvmha.spec.uyuni_expression import mistake
from kvmha.spec.uyuni_language import ATTRIBUTES, TYPES, form_problems
from tests.unit.test_spec_load import JUNK, spots

FORM = """
app:
  $type: namespace
  live: {$type: boolean, $default: false, $name: Live, $help: Whether.}
  port: {$type: number, $default: 80, $min: 1, $max: 65535, $visible: this.parent.value.live}
  mode: {$type: select, $values: [fast, safe], $default: safe, $scope: system}
  note: {$type: textarea, $default: '', $rows: 3, $optional: true}
  word: {$default: abc, $match: '[a-z]*', $required: true}
  hosts:
    $type: edit-group
    $default: [{name: a}]
    $minItems: 1
    $maxItems: 3
    $itemName: '${name}'
    $prototype:
      $type: group
      name: {$type: text, $default: '', $required: formValues.app.live == true}
      hidden: {$type: text, $default: '', $visible: "this.parent.value.name != ''"}
      tags: {$type: edit-group, $default: [], $prototype: {$type: text, $default: ''}}
  options:
    $type: edit-group
    $default: {a: b}
    $prototype: {$key: {$type: text, $default: ''}, $type: text, $default: ''}
"""
HOSTS = "app.hosts"
BROKEN = {
    "unknown type": ("app.word.$type", "string", "app.word.$type", "FORM_TYPE"),
    "type of the manual": ("app.live.$type", "checkbox", "app.live.$type", "FORM_TYPE"),
    "unknown attribute": ("app.word.$defualt", "", "app.word.$defualt", "FORM_ATTRIBUTE"),
    "attribute of others": ("app.word.$min", 1, "app.word.$min", "FORM_ATTRIBUTE"),
    "limit of a group": ("app.$default", {}, "app.$default", "FORM_ATTRIBUTE"),
    "placeholder": ("app.word.$placeholder", "x", "app.word.$placeholder", "FORM_TRAP"),
    "deprecated": ("app.word.$visibleIf", ".live == true", "app.word.$visibleIf", "FORM_TRAP"),
    "optional boolean": ("app.live.$optional", True, "app.live.$optional", "FORM_TRAP"),
    "optional number": ("app.port.$optional", True, "app.port.$optional", "FORM_TRAP"),
    "number if empty": ("app.port.$ifEmpty", 80, "app.port.$ifEmpty", "FORM_TRAP"),
    "scope": ("app.mode.$scope", "node", "app.mode.$scope", "FORM_SCOPE"),
    "key with a dash": ("app.my-word", {"$default": ""}, "app.my-word", "FORM_KEY"),
    "no element": ("app.word", "abc", "app.word", "FORM_SHAPE"),
    "empty group": ("app.empty", {"$type": "group"}, "app.empty", "FORM_SHAPE"),
    "value with children": ("app.word.inner", {"$default": ""}, "app.word", "FORM_SHAPE"),
    "no default": ("app.word.$default", None, "app.word.$default", "FORM_DEFAULT"),
    "boolean as text": ("app.live.$default", "false", "app.live.$default", "FORM_DEFAULT"),
    "number as text": ("app.port.$default", "80", "app.port.$default", "FORM_DEFAULT"),
    "text as number": ("app.word.$default", 5, "app.word.$default", "FORM_DEFAULT"),
    "boolean as number": ("app.port.$default", True, "app.port.$default", "FORM_DEFAULT"),
    "below minimum": ("app.port.$default", 0, "app.port.$default", "FORM_DEFAULT"),
    "above maximum": ("app.port.$default", 65536, "app.port.$default", "FORM_DEFAULT"),
    "no such choice": ("app.mode.$default", "slow", "app.mode.$default", "FORM_DEFAULT"),
    "beside the pattern": ("app.word.$default", "ABC", "app.word.$default", "FORM_DEFAULT"),
    "no choices": ("app.mode.$values", [], "app.mode.$values", "FORM_VALUES"),
    "repeated choice": ("app.mode.$values", ["safe", "safe"], "app.mode.$values", "FORM_VALUES"),
    "limits swapped": ("app.port.$min", 70000, "app.port.$min", "FORM_LIMIT"),
    "limit as text": ("app.port.$max", "9", "app.port.$max", "FORM_LIMIT"),
    "items swapped": (f"{HOSTS}.$minItems", 4, f"{HOSTS}.$minItems", "FORM_LIMIT"),
    "items as text": (f"{HOSTS}.$maxItems", "4", f"{HOSTS}.$minItems", "FORM_LIMIT"),
    "broken pattern": ("app.word.$match", "(", "app.word.$match", "FORM_MATCH"),
    "no prototype": (f"{HOSTS}.$prototype", None, f"{HOSTS}.$prototype", "FORM_PROTOTYPE"),
    "empty prototype": (f"{HOSTS}.$prototype", {}, f"{HOSTS}.$prototype", "FORM_PROTOTYPE"),
    "both": (f"{HOSTS}.$prototype.$type", "text", f"{HOSTS}[]", "FORM_PROTOTYPE"),
    "elements beside it": (f"{HOSTS}.name", {"$default": ""}, HOSTS, "FORM_SHAPE"),
    "within a prototype": (
        f"{HOSTS}.$prototype.name.$default",
        None,
        f"{HOSTS}[].name.$default",
        "FORM_DEFAULT",
    ),
    "within a key": (
        "app.options.$prototype.$key.$default",
        None,
        "app.options[].$key.$default",
        "FORM_DEFAULT",
    ),
    "mapping for a list": (f"{HOSTS}.$default", {}, f"{HOSTS}.$default", "FORM_DEFAULT"),
    "list for a mapping": ("app.options.$default", [], "app.options.$default", "FORM_DEFAULT"),
    "item unlike it": (f"{HOSTS}.$default", [{"nam": "a"}], f"{HOSTS}.$default", "FORM_DEFAULT"),
    "value unlike it": ("app.options.$default", {"a": 1}, "app.options.$default", "FORM_DEFAULT"),
    "more than the most": (
        f"{HOSTS}.$default",
        [{"name": "a"}] * 4,
        f"{HOSTS}.$default",
        "FORM_DEFAULT",
    ),
    "condition": ("app.word.$visible", "app.live == true", "app.word.$visible", "FORM_EXPRESSION"),
}


@pytest.fixture
def form():
    return yaml.safe_load(FORM)


def change(form, place, value):
    *way, last = place.split(".")
    inner = form
    for step in way:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value


def test_a_form_that_keeps_all_rules_has_no_problems(form):
    assert form_problems(form) == []


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_rule_is_told_at_its_place(case, form):
    place, value, where, code = BROKEN[case]
    change(form, place, value)
    found = form_problems(form)
    assert (where, code) in [(problem.place, problem.code) for problem in found]
    assert all(problem.hint and problem.message for problem in found)


def test_the_test_form_says_every_attribute_but_the_forbidden_ones():
    said = {word for word in ATTRIBUTES if word in FORM}
    assert set(ATTRIBUTES) - said == {"$disabled", "$ifEmpty", "$cols"}


@pytest.mark.parametrize("type_", TYPES)
def test_every_type_of_the_renderer_is_known(type_, form):
    more = {"boolean": False, "select": "a"}.get(type_, "")
    element = {"$type": type_, "$default": more}
    if type_ == "select":
        element["$values"] = ["a"]
    if "group" in type_ or type_ == "namespace":
        return  # the form above has them
    form["app"]["more"] = element
    assert form_problems(form) == []


@pytest.mark.parametrize("form", [None, [], {}, "x"])
def test_what_is_no_form_is_said(form):
    assert [problem.code for problem in form_problems(form)] == ["FORM_SHAPE"]


@pytest.mark.parametrize(
    "text",
    [
        "formValues.app.live",
        "!formValues.app.live && (formValues.app.port > 1.5 || this.value == 'x')",
        'this.parent.value.mode == "safe"',
        "this.parent.value.mode in 'fast safe'",
        "this.parent.value.live",
        "true",
    ],
)
def test_expressions_of_the_browser_are_taken(text, form):
    assert mistake(text, "app.word", form) == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("formValues.app.livee", "names no field"),
        ("formValues", "names no field"),
        ("this.live", "names no field"),
        ("this.parent.live", "names no field"),
        ("this.parent.value.livee", "names no field"),
        ("this.parent.parent.value.app.live", "names no field"),  # the top has no parent
        ("this.parent.parent.parent.parent.value", "names no field"),
        ("this.parent.value.live = true", "is no part"),
        ("this.parent.value.live & true", "is no part"),
        ("app.live", "is no part"),
        ("this.parent.value.my-word", "names no field"),
        ("'open", "is no part"),
        ("(true", "not closed"),
        ("true)", "wrong place"),
        ("true true", "wrong place"),
        ("&& true", "wrong place"),
        ("()", "wrong place"),
        ("true ==", "no end"),
        ("!", "no end"),
        ("", "no end"),
    ],
)
def test_mistakes_in_expressions_are_told(text, told, form):
    assert told in mistake(text, "app.word", form)


def test_this_finds_its_neighbours_within_an_item(form):
    assert mistake("this.parent.value.name", "app.hosts[].hidden", form) == ""
    assert mistake("this.parent.parent.parent.value.live", "app.hosts[].hidden", form) == ""
    assert "names no field" in mistake("this.parent.value.live", "app.hosts[].hidden", form)


SHIPPED = Path(__file__).parent.parent.parent / "formulas" / "kvmha" / "form.yml"


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draw=st.data())
def test_junk_in_a_form_is_told_or_taken_but_never_a_traceback(draw, form):
    data = copy.deepcopy(form)
    way = draw.draw(st.sampled_from(list(spots(data))))
    inner = data
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = draw.draw(JUNK)
    assert all(problem.place and problem.message for problem in form_problems(data))


def test_the_shipped_form_is_checked_as_it_is():
    assert form_problems(yaml.safe_load(SHIPPED.read_text())) == []
