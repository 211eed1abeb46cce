"""Running drills in the lab, and looking at what they left."""

from __future__ import annotations

import json
from typing import Any

from tests.cluster.story import Story

SLOW = "silent=20"  # a busy lab is slow to answer
FAULTS = "cat /run/kvmha/drill/state.json 2>/dev/null"
PROPERTIES = "crm_attribute --type crm_config --name {} --query --quiet 2>/dev/null"


def drill(story: Story, name: str, *words: str, timeout: float = 3600) -> dict[str, Any]:
    """Run a drill to its end, whatever that is; return what the runner says."""
    done = story.lab.master.run(
        ["salt-run", "--out=json", "-l", "quiet", "kvmha.drill", name, SLOW, *words],
        timeout=timeout,
        check=False,
    )
    assert done.stdout.strip(), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    found["told"] = done.stderr
    assert done.returncode == found["retcode"], done.stdout + done.stderr
    return found


def steps(found: dict[str, Any]) -> str:
    """Return a table of the steps: predicted beside observed, for the log of the run."""
    lines = []
    for step in found["record"]["steps"]:
        lines.append(
            f"{step['name']}: {step['seconds']} s, {step['verdict']}: {'; '.join(step['why'])}"
        )
    return "\n".join(lines)


def assert_passed(found: dict[str, Any]) -> None:
    """Fail with all that the drill told unless it passed and is healed."""
    assert "record" in found, "\n".join(found["problems"])
    record = found["record"]
    print(steps(found))
    assert record["verdict"] == "passed", f"{steps(found)}\n{record['problems']}"
    assert record["healed"], record["problems"]
    assert record["breaches"] == []


def holders(story: Story, fault: str = "") -> list[str]:
    """Return the nodes on which a drill made ``fault``, or any, and that are not healed yet."""
    found = {}
    for name, said in story.everywhere(FAULTS).items():
        found[name] = [each["fault"] for each in json.loads(said or "{}").get("made", ())]
    return [name for name, made in found.items() if fault in made or (made and not fault)]


def assert_nothing_left(story: Story) -> None:
    """Fail while a node still holds a fault, or the cluster is without fencing."""
    assert not holders(story), story.everywhere(FAULTS)
    first = story.nodes[0]
    assert first.run(PROPERTIES.format("stonith-enabled")).stdout.strip() == "true"
    said = first.run(PROPERTIES.format("stop-all-resources"), check=False).stdout.strip()
    assert said in ("", "false")
