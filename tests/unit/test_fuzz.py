"""Broken inputs are accepted or refused in words, and never end in a traceback.

``python -m tests.fuzz`` makes as many as one likes; here is a sample.
"""

from __future__ import annotations

import pytest

from kvmha.errors import InvalidInput, KvmhaError, Problem
from tests.fuzz import cibs, pillars, report

SAMPLE = range(300)


@pytest.mark.parametrize("attempt", [pillars.attempt, cibs.attempt], ids=["pillars", "cibs"])
def test_no_input_ends_in_a_traceback(attempt):
    found = report.run(attempt, SAMPLE)
    assert not found.bugs, found.text()
    assert set(found.outcomes) <= {"refused", "accepted", "accepted as a part", "exported"}
    assert found.outcomes["refused"] > 30 and found.outcomes["refused"] < 290


def test_the_same_seed_is_the_same_input():
    one, other = (report.run(pillars.attempt, range(40)).outcomes for _ in range(2))
    assert one == other


def failing(error):
    def attempt(_random):
        raise error

    return attempt


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("a"), "KeyError"),
        (KvmhaError(" "), "an error without a text"),
        (InvalidInput("pillar", [Problem("", "is wrong")]), "a mistake without its place"),
    ],
)
def test_what_is_no_answer_to_a_person_is_a_bug(error, told):
    found = report.run(failing(error), range(3))
    ((bug, seeds),) = found.bugs.items()
    assert bug.startswith(told) and seeds == [0, 1, 2]
