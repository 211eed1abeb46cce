"""Timelines: events from looks, and whether a tier was ever missing. Cases: tests/cases/timeline"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kvmha import timeline
from kvmha.timeline import Gap, Sample

CASES = sorted((Path(__file__).parents[1] / "cases" / "timeline").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_timeline_of_case(case):
    said = yaml.safe_load((case / "samples.yaml").read_text())
    samples = [Sample(**each) for each in said["samples"]]
    found = timeline.text(samples, said["tiers"], said.get("since", 0))
    assert found == (case / "timeline.txt").read_text()


def test_nothing_seen_is_nothing_told():
    assert timeline.events([]) == []
    assert timeline.missing([], ["db1"]) == []


def test_a_gap_begins_and_ends_with_looks():
    samples = [Sample(t, {"db1": "h1"} if t in (0, 6) else {}) for t in (0, 2, 4, 6)]
    assert timeline.missing(samples, ["db1"]) == [Gap(2, 6)]
    assert timeline.missing(samples[:-1], ["db1"]) == [Gap(2, None)]
    assert timeline.missing(samples, ["db1"], since=6) == []
