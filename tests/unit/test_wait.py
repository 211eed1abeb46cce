"""Waiting, with a clock that the test winds."""

from __future__ import annotations

import pytest

from kvmha.errors import TimedOut
from kvmha.wait import eventually


class Clock:
    """Time that passes only when somebody pauses, or when a look costs some."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


def waiting(clock, answers, **limits):
    left = list(answers)
    return eventually(
        lambda: left.pop(0) if len(left) > 1 else left[0], clock=clock, pause=clock.pause, **limits
    )


def test_what_is_there_already_is_not_waited_for(clock):
    assert waiting(clock, [""], timeout=60) == 0
    assert clock.pauses == []


def test_it_returns_the_seconds_it_took(clock):
    assert waiting(clock, ["no votes", "no votes", ""], timeout=60, interval=2) == 4


def test_the_error_says_what_was_missing_last(clock):
    with pytest.raises(TimedOut, match=r"^after 60 s: ha-host2 sees 1 of 3 votes$"):
        waiting(clock, ["no link", "ha-host2 sees 1 of 3 votes"], timeout=60, interval=7)
    assert sum(clock.pauses) == pytest.approx(60)


def test_one_look_is_taken_even_without_time(clock):
    assert waiting(clock, [""], timeout=0) == 0
    with pytest.raises(TimedOut, match="nothing"):
        waiting(clock, ["nothing"], timeout=0)


def test_a_slow_look_counts_as_waiting(clock):
    def slow():
        clock.now += 40
        return "still starting"

    with pytest.raises(TimedOut, match="after 80 s"):
        eventually(slow, timeout=60, interval=0, clock=clock, pause=clock.pause)
