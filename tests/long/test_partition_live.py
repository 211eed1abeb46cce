"""The article's own experiment on the main job's cluster: three nodes, cut pair by pair.

A lab of its own; see test_drills_live.py for every other drill.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lab.api import Lab
from tests.cluster.drilling import assert_nothing_left, assert_passed, drill
from tests.cluster.story import Story

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Yield the main job's cluster, deployed; ``KVMHA_PARTITION_LAB`` names one that is up."""
    given = os.environ.get("KVMHA_PARTITION_LAB")
    lab = Lab(given or "partition")
    try:
        if not given:
            lab.up(nodes=3, image="prepared", salt="3008")
            Story(lab).deploy()
        yield Story(lab)
    finally:
        if not given:
            lab.down()


def test_partition3_is_planned_and_touches_nothing(story: Story) -> None:
    before = story.daemons()
    found = drill(story, "partition3", "test=True", "fencing=off")
    assert found["problems"] == []
    assert any("everything is stopped until the end: web1" in line for line in found["plan"])
    assert story.daemons() == before


def test_partition3_is_refused_without_its_words(story: Story) -> None:
    found = drill(story, "partition3", "confirm=alpha")
    assert "record" not in found
    assert any("fencing=off" in line for line in found["problems"])
    found = drill(story, "partition3", "confirm=beta", "fencing=off")
    assert any("confirm=alpha" in line for line in found["problems"])


def test_partition3_shows_what_quorum_predicts(story: Story) -> None:
    found = drill(story, "partition3", "confirm=alpha", "fencing=off")
    assert_passed(found)
    seen = {step["name"]: step for step in found["record"]["steps"]}
    last = seen["cut 2 from 3 also"]["snapshot"]
    assert not any(node["quorate"] for node in last["nodes"] if node["answered"])
    assert len(seen["cut 1 from 3"]["predicted"]) == 3
    assert_nothing_left(story)
    story.until(story.is_whole, timeout=300)
    assert story.host_of("web1")
