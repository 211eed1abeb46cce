"""A look through Salt's own loader: what only the DC tells, drift, and who is asked.

``CIB_file`` has Pacemaker's real tools take a CIB from a file for the running cluster.
"""

from __future__ import annotations

import shutil

import pytest

from kvmha.plain import of
from kvmha.view.snapshot import NodeSeen
from tests.salt.conftest import ROOT

CASE = ROOT / "tests/cases/explain/banned_by_an_operator/cib.xml"


@pytest.fixture
def view(modules, example, tmp_path, monkeypatch):
    """Return a function that calls one of the module's on a minion; the DC is ha-host1."""
    cib = tmp_path / "cib.xml"
    shutil.copy(CASE, cib)
    monkeypatch.setenv("CIB_file", str(cib))
    pillar = {"kvmha": example("lab")}

    def call(name, minion, **more):
        return modules(minion, pillar)[f"kvmha_view.{name}"](**more)

    return call


def test_the_dc_tells_what_operators_left_behind(view):
    dc, other = (view("look", minion) for minion in ("ha-host1", "ha-host2"))
    assert (dc["dc"], other["dc"]) == ("ha-host1", "ha-host1")
    told = [mark["text"] for mark in dc["marks"]]
    assert len(told) == 2 and all("vm-web1 was banned from ha-host" in line for line in told)
    assert other["marks"] == []
    assert of(NodeSeen, dc).resources["vm-web1"] == ("ha-host3",)


def test_a_light_look_asks_for_nothing_more(view):
    light = view("look", "ha-host1", light=True)
    assert light["marks"] == [] and light["slots"] == {} and light["drift"] == {}
    assert not [what for what in light["errors"] if what.startswith("slots")]


def test_drift_is_told_by_each_node_and_of_the_cib_by_the_dc(view):
    dc, other = (view("look", minion, drift=True) for minion in ("ha-host1", "ha-host2"))
    assert any("vm-web1" in line for line in dc["drift"]["CIB"])
    assert "CIB" not in other["drift"]
    asked = {"corosync", "hosts", "sbd"}
    for found in (dc, other):
        told = set(found["drift"]) | {what.removeprefix("drift of ") for what in found["errors"]}
        assert told & asked, "nothing of this machine is as the pillar says"


def test_only_the_dc_explains_unless_all_are_to(view):
    assert view("explain", "ha-host2", vm="web1") == {"dc": "ha-host1"}
    headline = "vm-web1 runs on ha-host3: no other node may run it"
    assert view("explain", "ha-host1", vm="web1")["headline"] == headline
    assert view("explain", "ha-host2", vm="web1", always=True)["headline"] == headline
