"""One lab for all cluster tests: booted once, its nodes bare."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lab.api import Lab
from tests.cluster.story import Story


@pytest.fixture(scope="session")
def story() -> Iterator[Story]:
    """Yield the cluster of this run; ``KVMHA_LAB`` names one that is up and stays up."""
    given = os.environ.get("KVMHA_LAB")
    lab = Lab(given or "check")
    if not given:
        lab.up(nodes=3, image="bare", salt="3008")
    told = Story(lab)
    try:
        with told.watched():
            yield told
    finally:
        if not given:
            lab.down()


@pytest.fixture(autouse=True)
def invariant(story: Story) -> Iterator[None]:
    """Fail the test in which a VM was seen active on two nodes."""
    yield
    assert not story.doubles, f"a VM ran on two nodes at once: {story.doubles}"
