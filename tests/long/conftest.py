"""The long run: one lab for the whole breadth of the vocabulary, deployed once for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lab.api import Lab
from lab.model import CHECKOUT
from tests.cluster.story import Story

PILLAR = CHECKOUT / "pillar/examples/lab_breadth.sls"


@pytest.fixture(scope="session")
def breadth() -> Iterator[Story]:
    """Yield a cluster of three nodes that has everything ``lab_breadth.sls`` says.

    ``KVMHA_LAB`` names a lab that is up and deployed, and that stays up.
    """
    given = os.environ.get("KVMHA_LAB")
    lab = Lab(given or "breadth")
    story = Story(lab)
    try:
        if not given:
            lab.up(nodes=3, image="prepared", salt="3008", pillar=PILLAR, bmc=True)
            story.deploy()
        with story.watched():
            yield story
    finally:
        if not given:
            lab.down()
