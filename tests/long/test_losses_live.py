"""A run that loses a minion, then a node, is continued to the end; on a cluster of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from lab.api import Lab
from tests.cluster.story import Story, background

pytestmark = [pytest.mark.lab, pytest.mark.timeout(2700)]


@pytest.fixture(name="story")
def new_story() -> Iterator[Story]:
    """Yield nodes with the packages, on which nothing was deployed yet."""
    with Lab("lost") as lab:
        lab.up(nodes=3, image="prepared", salt="3008")
        yield Story(lab)


def test_run_that_loses_a_minion_and_a_node_is_continued_to_the_end(story: Story) -> None:
    """Whether a run ends with the minion it lost depends on the moment; the next one goes on."""
    with ExitStack() as held:
        run = held.enter_context(background(story.start("state.orchestrate", "kvmha")))
        story.until(lambda: story.succeeds("ha-host2", "pgrep -x pacemakerd"), during=run)
        story.nodes[1].run("systemctl kill -s KILL salt-minion")
        story.until(lambda: run.poll() is not None or story.has_dlm())
        if run.poll() is not None:
            story.nodes[1].run("systemctl restart salt-minion")
            story.lab.wait_minions()
            run = held.enter_context(background(story.start("state.orchestrate", "kvmha")))
            story.until(story.has_dlm, during=run)
        story.lab.kill("ha-host3")
        run.wait(timeout=1200)
    story.lab.node("ha-host3").wait()
    story.nodes[1].run("systemctl restart salt-minion")
    story.lab.wait_minions()
    report = story.deploy()
    assert [stage["name"] for stage in report["stages"]][-1] == "failover"
    assert story.host_of("web1")
