"""Which values of a type are one value, and which are none of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmha.documents.typed_values import (
    Parameter,
    canonical,
    fits,
    milliseconds,
    problem,
    same,
    type_of,
)

KINDS = [
    *("string", "integer", "boolean", "duration", "timeout", "score", "health", "percentage"),
    *("port", "select", "enumeration"),
]


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("duration", "10", "10s"),
        ("duration", "10s", "10000ms"),
        ("duration", "2min", "120"),
        ("duration", "PT1H30M", "90min"),
        ("duration", "P1D", "24h"),
        ("timeout", "-1", "-1s"),
        ("timeout", "-5", "-1"),
        ("timeout", "10", "10s"),
        ("boolean", "yes", "true"),
        ("boolean", "1", "ON"),
        ("boolean", "ja", "y"),
        ("boolean", "0", "False"),
        ("integer", "5", "+5"),
        ("integer", "007", "7"),
        ("port", "0080", "80"),
        ("score", "INFINITY", "1000000"),
        ("score", "INFINITY", "+infinity"),
        ("score", "INFINITY", "2000000"),
        ("score", "-INFINITY", "-1000000"),
        ("score", "+5", "5"),
        ("health", "RED", "red"),
        ("health", "+5", "5"),
        ("percentage", "80%", "80.0%"),
        ("enumeration", "Master", "Promoted"),
        ("enumeration", "slave", "Unpromoted"),
        ("enumeration", "STARTED", "Started"),
        ("enumeration", "poweroff", "off"),
        ("enumeration", "suicide", "fence"),
        ("string", "a", "a"),
    ],
)
def test_equal_values_are_the_same(kind, one, other):
    assert same(kind, one, other)
    assert same(Parameter(kind), other, one)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("duration", "10", "10ms"),
        ("duration", "never", "always"),
        ("timeout", "-1", "0"),
        ("boolean", "yes", "no"),
        ("boolean", "maybe", "yes"),
        ("integer", "10", "10s"),
        ("integer", "INFINITY", "1000000"),
        ("score", "INFINITY", "-INFINITY"),
        ("score", "999999", "1000000"),
        ("percentage", "80%", "80"),
        ("string", "yes", "true"),
        ("string", "10", "10s"),
        ("string", "a", "A"),
        ("select", "a", "A"),
        ("enumeration", "Started", "Stopped"),
    ],
)
def test_other_values_differ(kind, one, other):
    assert not same(kind, one, other)


@given(st.sampled_from(KINDS), st.text())
def test_every_text_is_the_same_as_itself_and_has_one_canonical_form(kind, text):
    assert same(kind, text, text)
    again = canonical(kind, canonical(kind, text))
    assert again == canonical(kind, text)


@pytest.mark.parametrize("text", ["P", "PT", "P1Y", "PT5", "-5s", "", "1h30m"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="is no duration"):
        milliseconds(text)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("int", "integer"),
        ("Integer", "integer"),
        ("bool", "boolean"),
        ("time", "duration"),
        ("second", "duration"),
        ("enum", "select"),
        ("percentage", "percentage"),
        ("octal", "string"),
        ("", "string"),
        (None, "string"),
    ],
)
def test_types_of_metadata(word, kind):
    assert type_of(word) == kind


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "5s"),
        ("port", "0"),
        ("port", "65536"),
        ("boolean", "2"),
        ("duration", "-1"),
        ("score", "1e6"),
        ("percentage", "80"),
        ("health", "blue"),
    ],
)
def test_a_value_not_of_its_type_is_told_with_an_example(kind, text):
    wrong = problem(Parameter(kind), text, "here")
    assert wrong.code == "WRONG_KIND"
    assert repr(text) in wrong.message
    assert wrong.hint.startswith("for example ")
    example = wrong.hint.removeprefix("for example ").split(",")[0].split(" or ")[0]
    assert fits(Parameter(kind), example)


def test_choices_are_exact_for_agents_and_in_any_case_for_pacemaker():
    choices = ("Promoted", "Started")
    assert not fits(Parameter("select", choices=choices), "started")
    assert fits(Parameter("enumeration", choices=choices), "started")
    assert fits(Parameter("enumeration", choices=choices), "Master")
