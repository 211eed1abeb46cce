"""Several change the CIB of the deployed cluster at once: nothing of anybody is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests import race
from tests.cluster.story import Story

pytestmark = [pytest.mark.lab, pytest.mark.timeout(2700)]

ROUNDS = 20
APPLIERS = {"ha-host1": "a", "ha-host2": "b"}
# The minion's own Python, with the copy of the library that Salt has synced.
PYTHON = "PYTHONPATH=/var/cache/salt/minion/extmods/utils /opt/salt/bin/python"
# A change takes about as long as the pause on these nodes; `over` ends it.
WRITE = f"""
n=0
while ! test -e /run/race-over; do
    crm_attribute --name={race.WRITER}-$n --update=$n || exit 1
    n=$((n + 1))
    sleep 1
done
echo $n
"""
CONFIGURATION = "cibadmin --query --scope configuration"


@pytest.fixture(name="story")
def deployed(breadth: Story) -> Story:
    """Return the deployed cluster."""
    return breadth


@pytest.fixture
def third(story: Story) -> Iterator[Any]:
    """Return the node of the writer; take away what a test that failed has left."""
    node = story.lab.node("ha-host3")
    node.run("rm -f /run/race-over")
    yield node
    for argv in race.CLEANING:
        node.run(argv, check=False)


def test_appliers_on_two_nodes_and_a_writer_on_the_third_lose_nothing(
    story: Story, third: Any
) -> None:
    before, daemons = configuration(story), story.daemons()
    with ThreadPoolExecutor() as pool:
        writer = pool.submit(third.run, WRITE, timeout=1500)
        appliers = {who: pool.submit(applied, story, node) for node, who in APPLIERS.items()}
        try:
            told = {who: one.result() for who, one in appliers.items()}
        finally:
            third.run("touch /run/race-over")
        written = int(writer.result().stdout.split()[-1])
    after = story.lab.node("ha-host2").run("cibadmin --query").stdout
    for argv in race.CLEANING:
        third.run(argv)

    for who, one in told.items():
        seconds = one["ended"] - one["began"]
        print(f"{who}: {seconds:.0f} s, planned again {sum(one['again'])} times: {one['again']}")
    print(f"the writer wrote {written} times")
    assert race.missing(after, told, ROUNDS, written) == []
    together = min(one["ended"] for one in told.values()) - max(o["began"] for o in told.values())
    assert together > 0, "the appliers did not run at the same time"
    assert sum(sum(one["again"]) for one in told.values()) > 0, "there was no race"
    assert (configuration(story), story.daemons()) == (before, daemons)


def applied(story: Story, node: str) -> dict[str, Any]:
    """Apply all rounds on ``node``, in one Python; return what it tells of them."""
    program = Path(race.__file__).read_text(encoding="utf-8")
    command = f"{PYTHON} - {APPLIERS[node]} {ROUNDS}"
    answer = story.lab.node(node).run(command, text=program, timeout=1500).stdout
    told: dict[str, Any] = json.loads(answer)
    return told


def configuration(story: Story) -> str:
    """Return the configuration as a node has it that was not the last to write."""
    return str(story.lab.node("ha-host1").run(CONFIGURATION).stdout)
