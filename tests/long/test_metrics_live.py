"""Figures for Prometheus on real nodes: set up, quiet the second time, taken out again."""

from __future__ import annotations

import copy
import json

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from kvmha.wait import eventually
from tests.cluster.story import Story
from tests.long.conftest import PILLAR

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]

NODE = "ha-host2"
SPEC = yaml.safe_load(PILLAR.read_text(encoding="utf-8"))["kvmha"]
FILE = "/var/lib/prometheus/node-exporter/kvmha.prom"


def managed(story: Story, *words: str, **monitoring: object) -> dict[str, object]:
    """Apply the state on one node; return its result."""
    spec = copy.deepcopy(SPEC) | {"monitoring": monitoring}
    argv = ["salt", "--out=json", "--static", "-l", "quiet", "-t", "300", NODE, "state.single"]
    state = ["kvmha_metrics.managed", "name=figures", f"spec={json.dumps(spec)}", *words]
    done = story.lab.master.run([*argv, *state], timeout=400, check=False)
    (result,) = json.loads(done.stdout)[NODE].values()
    return result


def figures(story: Story) -> dict[str, float]:
    """Return the figures that stand in the file, without those that have labels of their own."""
    text = story.lab.node(NODE).run(f"cat {FILE}").stdout
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if set(sample.labels) == {"cluster"}
    }


def test_figures_come_stay_and_go(breadth: Story) -> None:
    breadth.until(breadth.is_whole)
    preview = managed(breadth, "test=True", metrics=True, interval="10s")
    assert preview["result"] is None and not breadth.succeeds(NODE, f"test -e {FILE}")
    assert managed(breadth, metrics=True, interval="10s")["changes"]
    eventually(lambda: "" if breadth.succeeds(NODE, f"test -s {FILE}") else "no file", timeout=90)
    found = figures(breadth)
    assert found["kvmha_quorate"] == found["kvmha_pacemaker_up"] == 1
    assert found["kvmha_votes"] == found["kvmha_nodes_online"] == 3
    assert managed(breadth, metrics=True, interval="10s")["changes"] == {}
    before = breadth.lab.node(NODE).run(f"stat -c %Y {FILE}").stdout
    eventually(
        lambda: "" if breadth.lab.node(NODE).run(f"stat -c %Y {FILE}").stdout != before else "old",
        timeout=90,
    )
    told = managed(breadth, exporter=True)
    assert "no package of ha_cluster_exporter" in str(told["comment"]) and told["result"] is True
    assert not breadth.succeeds(NODE, f"test -e {FILE}")
    assert not breadth.succeeds(NODE, "systemctl cat kvmha-metrics.timer")
    assert managed(breadth)["changes"] == {}
