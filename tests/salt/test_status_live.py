"""The status over a real Salt master: who is silent costs little, text and data, exit status."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import pytest

from tests.salt.daemons import started

pytestmark = pytest.mark.slow
UP = ("ha-host1", "ha-host2")


@pytest.fixture(scope="module")
def salt(example):
    with tempfile.TemporaryDirectory(prefix="k", dir="/tmp") as folder:
        pillar = example("lab")
        with started(Path(folder), pillar, *UP) as daemons:
            yield daemons


def test_text_is_for_people_and_data_for_programs(salt):
    shown = salt.run("salt-run", "kvmha.status")
    assert shown.returncode == 1
    assert "    cluster alpha: " in shown.stdout
    assert "ha-host3: no answer over Salt" in shown.stdout
    assert "lockspaces:" not in shown.stdout, "the data is for --out alone"
    asked = salt.run("salt-run", "kvmha.status", "--out=json")
    assert asked.returncode == 1
    found = json.loads(asked.stdout)
    answered = {node["name"]: node["answered"] for node in found["snapshot"]["nodes"]}
    assert answered == {"ha-host1": True, "ha-host2": True, "ha-host3": False}
    assert found["retcode"] == 1
    kept = salt.folder / "m/var/cache/salt/master/kvmha/ledger/alpha.json"
    assert list(json.loads(kept.read_text())) == ["ha-host1", "ha-host2", "ha-host3"]
    assert "cluster alpha: " not in asked.stdout + asked.stderr


def test_a_silent_node_costs_the_seconds_that_were_said(salt):
    def seconds(*words):
        began = time.monotonic()
        done = salt.run("salt-run", "kvmha.status", "drift=False", "--out=json", *words)
        return time.monotonic() - began, json.loads(done.stdout)["snapshot"]["nodes"]

    whole, nodes = seconds("silent=5")
    assert nodes[1]["answered"]
    salt.freeze("ha-host2")
    try:
        spent, nodes = seconds("silent=5")
        assert [node["answered"] for node in nodes] == [True, False, False]
        assert spent < whole + 5 + 2, (spent, whole)
        assert spent > 3, "it was not waited for"
        sooner, _ = seconds("silent=2")
        assert sooner < spent
    finally:
        salt.thaw("ha-host2")


def test_nobody_can_explain_where_nothing_runs(salt):
    shown = salt.run("salt-run", "kvmha.explain", "web1")
    assert shown.returncode == 1
    assert "nobody can explain web1: ha-host1: " in shown.stdout
    assert "Traceback" not in shown.stderr


def test_a_master_without_pillar_is_told_what_to_do(salt):
    path = salt.folder / "pillar" / "top.sls"
    before = path.read_text()
    path.write_text("base: {'ha-host*': [kvmha]}\n")
    try:
        shown = salt.run("salt-run", "kvmha.status")
    finally:
        path.write_text(before)
    assert shown.returncode == 1
    assert "the master (master_of_test" in shown.stdout
    assert "has no pillar kvmha" in shown.stdout
