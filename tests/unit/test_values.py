"""Values as people write them: units, sizes, words for yes and no, and which are equal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmha.values import age, boolean, canonical, duration, milliseconds, size_bytes


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5s", 5000), ("500ms", 500), ("2min", 120_000), ("1.5 s", 1500), ("1h", 3_600_000), ("0", 0)],
)
def test_durations_are_read_with_their_unit(text, expected):
    assert milliseconds(text) == expected


@pytest.mark.parametrize("text", ["5", 5, "soon", "", "5 apples", "-5s", "s", "9" * 400 + "s"])
def test_a_duration_without_unit_or_sense_is_refused(text):
    with pytest.raises(ValueError, match=r"has no unit|is no duration"):
        milliseconds(text)


def test_a_bare_number_takes_the_unit_of_its_file():
    assert milliseconds("5", unit="s") == 5000
    assert milliseconds("5", unit="ms") == 5
    assert milliseconds("5s", unit="ms") == 5000


@given(st.integers(0, 10**12))
def test_a_written_duration_is_read_as_itself(ms):
    assert milliseconds(duration(ms)) == ms


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2GiB", 2 * 1024**3), ("512M", 512 * 1024**2), ("1.5k", 1536), ("7B", 7), ("1 TiB", 1024**4)],
)
def test_sizes_are_binary(text, expected):
    assert size_bytes(text) == expected


@pytest.mark.parametrize("text", ["2048", 2048, "big", "", "-1GiB", "1GiBit", "9" * 400 + "G"])
def test_a_size_without_unit_or_sense_is_refused(text):
    with pytest.raises(ValueError, match="is no size"):
        size_bytes(text)


@pytest.mark.parametrize("text", ["yes", "True", True, "on", 1, "Y"])
def test_words_for_yes(text):
    assert boolean(text) is True


@pytest.mark.parametrize("text", ["no", "False", False, "off", 0, "n"])
def test_words_for_no(text):
    assert boolean(text) is False


@pytest.mark.parametrize("text", ["", "maybe", 2])
def test_other_words_are_neither(text):
    with pytest.raises(ValueError, match="neither true nor false"):
        boolean(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10", "10s"),
        ("10s", "10000ms"),
        ("yes", "true"),
        (True, "on"),
        ("2min", "120"),
        ("5m", "5min"),
        ("1500ms", "1.5s"),
        (" 10s ", 10),
    ],
)
def test_equal_values_are_equal(one, other):
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10", "10ms"),
        ("1", "true"),
        ("0", "false"),
        ("a", "A"),
        ("500us", "0"),
        ("1500us", "2ms"),
        ("10s", "10m"),
        ("INFINITY", "true"),
    ],
)
def test_different_values_differ(one, other):
    assert canonical(one) != canonical(other)


@given(st.text())
def test_canonical_is_its_own_canonical(text):
    assert canonical(canonical(text)) == canonical(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0.9, "0 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (11_520, "3 h 12 min"),
        (86_400 + 59, "1 d"),
        (200_000, "2 d 7 h"),
    ],
)
def test_an_age_is_told_in_its_two_largest_units(seconds, words):
    assert age(seconds) == words
