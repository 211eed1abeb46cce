"""Every shipped drill on a cluster that has everything, and drills that are ended in the middle.

Drills on clusters that are not fit for one: test_planted_live.py.
"""

from __future__ import annotations

import json

import pytest

from kvmha.drills import scenarios
from tests.cluster.drilling import assert_nothing_left, assert_passed, drill, holders
from tests.cluster.story import Story, background

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(5400)]

# Two links are no part of this lab: the refusal is what can be seen.
LACKING = {"lose_link": "it needs two links"}
CONFIRM = "confirm=breadth"


def words(name: str) -> list[str]:
    """Return what has to be said to run a shipped drill."""
    (shipped,) = (each for each in scenarios.SHIPPED if each.name == name)
    return [CONFIRM, *(["fencing=off"] if shipped.fencing == "off" else [])]


@pytest.mark.parametrize("name", [each.name for each in scenarios.SHIPPED])
def test_shipped_drill(name: str, breadth: Story) -> None:
    found = drill(breadth, name, *words(name))
    if name in LACKING:
        assert any(LACKING[name] in line for line in found["problems"])
        return
    assert_passed(found)
    assert_nothing_left(breadth)
    breadth.until(breadth.is_whole, timeout=900)
    for absence in found["record"]["absences"]:
        print(f"{absence['name']}: away {absence['seconds']} s, at worst {absence['worst']} s")
        assert absence["seconds"] <= absence["worst"] + 120, "beyond what the timeouts imply"


def begun(story: Story, *said: str):
    """Start a drill in the background, as a context manager of its process."""
    return background(story.start("kvmha.drill", *said))


def is_cut(story: Story) -> bool:
    """Tell whether a node holds a cut."""
    return bool(holders(story, "cut"))


def test_ctrl_c_heals(breadth: Story) -> None:
    with begun(breadth, "partition3", CONFIRM, "fencing=off") as run:
        breadth.until(lambda: is_cut(breadth), timeout=900, during=run)
        breadth.lab.master.run("pkill -INT -f '[k]vmha.drill'")
        run.wait(timeout=1200)
    assert_nothing_left(breadth)
    breadth.until(breadth.is_whole, timeout=900)


def test_crash_of_runner_and_master_leaves_a_cluster_that_heals_itself(breadth: Story) -> None:
    with begun(breadth, "partition3", CONFIRM, "fencing=off") as run:
        breadth.until(lambda: is_cut(breadth), timeout=900, during=run)
        breadth.crash_master()
        run.wait(timeout=60)
    breadth.until(lambda: not is_cut(breadth), timeout=900)
    breadth.until(breadth.is_whole, timeout=900)
    breadth.lab.wait_minions()
    assert_nothing_left(breadth)
    folder = breadth.lab.paths.salt / "cache" / "kvmha" / "drills"
    last = max(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
    assert json.loads(last.read_text())["verdict"] == "interrupted"


def test_reboot_of_a_node_in_the_middle_heals(breadth: Story) -> None:
    with begun(breadth, "partition3", CONFIRM, "fencing=off") as run:
        breadth.until(lambda: is_cut(breadth), timeout=900, during=run)
        breadth.lab.kill("ha-host1")
        run.wait(timeout=2400)
    breadth.lab.node("ha-host1").wait()
    breadth.until(breadth.is_whole, timeout=900)
    assert_nothing_left(breadth)
