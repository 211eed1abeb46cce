"""What operators do with Pacemaker's own tools on a running cluster: seen, told, left alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kvmha.build import cib as build
from kvmha.documents import cib
from kvmha.spec import load_part
from kvmha.tools import cib_archive, pacemaker
from kvmha.wait import eventually
from tests.contract.cluster_of_one import Inside, started

SPEC = {
    "cib": {
        "properties": {"stonith-enabled": False},
        "resources": [
            {"id": name, "agent": "ocf:pacemaker:Dummy"} for name in ("web", "db", "ap", "mail")
        ],
    },
    "unmanaged": "remove",
}
# What an operator runs, what is told of it, and by which program it was done.
DONE = {
    "stopped": (
        ["crm_resource", "-r", "web", "--meta", "-p", "target-role", "-v", "Stopped"],
        "web was stopped on purpose",
        "crm_resource",
    ),
    "unmanaged": (
        ["crm_resource", "-r", "db", "--meta", "-p", "is-managed", "-v", "false"],
        "db was set unmanaged",
        "crm_resource",
    ),
    "banned": (
        ["crm_resource", "-r", "db", "--ban", "-N", "ha-host1"],
        "db was banned from ha-host1",
        "crm_resource",
    ),
    "banned for a time": (
        ["crm_resource", "-r", "ap", "--ban", "-N", "ha-host1", "--lifetime", "PT10M"],
        "ap was banned from ha-host1",
        "crm_resource",
    ),
    "moved": (
        ["crm_resource", "-r", "mail", "--move", "-N", "ha-host1", "--force"],
        "mail was moved to ha-host1",
        "crm_resource",
    ),
    "node in maintenance": (
        ["crm_attribute", "-N", "ha-host1", "-n", "maintenance", "-v", "true"],
        "ha-host1 was put into maintenance",
        "crm_attribute",
    ),
    "standby": (
        ["crm_standby", "-N", "ha-host1", "-v", "on"],
        "ha-host1 was put into standby",
        "crm_attribute",  # what crm_standby is made of
    ),
    "maintenance": (
        ["crm_attribute", "-n", "maintenance-mode", "-v", "true"],
        "the cluster was put into maintenance",
        "crm_attribute",
    ),
    "all stopped": (
        ["crm_attribute", "-n", "stop-all-resources", "-v", "true"],
        "all resources were stopped on purpose",
        "crm_attribute",
    ),
}


@pytest.fixture(scope="module")
def node():
    """Return a runner on a cluster that is as the pillar says, and on which all of it was done."""
    with started() as pid:
        runner = Inside(pid)
        pacemaker.apply(runner, wanted())
        eventually(lambda: "" if runs(runner) else "web does not run", timeout=60)
        for argv, _, _ in DONE.values():
            runner.run(argv)
            # What is changed before the last change is on the disk is no version of its own.
            eventually(lambda: unwritten(runner), timeout=20, interval=0.05)
            eventually(lambda: "web still runs" if runs(runner) else "", timeout=60)
        yield runner


def runs(node):
    resources = pacemaker.status(node)["resources"]
    return any(one["id"] == "web" and one["active"] for one in resources)


def folder(node):
    """Return the node's own archive, which lies in its namespace."""
    return Path(f"/proc/{node.pid}/root/var/lib/pacemaker/cib")


def unwritten(node):
    live = cib.parse(pacemaker.query(node)).get("epoch")
    disk = cib.parse((folder(node) / "cib.xml").read_bytes()).get("epoch")
    return "" if live == disk else f"version {live} is not on the disk"


@pytest.fixture(autouse=True)
def archive(node, monkeypatch):
    monkeypatch.setattr(cib_archive, "FOLDER", folder(node))


def wanted(**meta):
    spec = SPEC
    if meta:
        first, *others = SPEC["cib"]["resources"]
        resources = [{**first, "meta": meta}, *others]
        spec = {**SPEC, "cib": {**SPEC["cib"], "resources": resources}}
    said = load_part(spec)
    return build.of_words(said.cib, unmanaged=said.unmanaged)


@pytest.mark.parametrize("name", DONE)
def test_each_mark_is_told_with_its_age_its_node_and_its_program(node, name):
    _, what, client = DONE[name]
    mark = next(one for one in pacemaker.marks(node, wanted()) if one["text"].startswith(what))
    assert (mark["how"], mark["origin"], mark["client"]) == ("set", "ha-host1", client)
    assert 0 <= mark["seconds"] < 60
    assert re.search(rf"{what} \d+ s ago \(.*, set on ha-host1 by {client}\)", mark["text"])


def test_nothing_else_is_a_mark(node):
    assert len(pacemaker.marks(node, wanted())) == len(DONE)


def test_the_clusters_own_pillar_leaves_every_mark_in_place(node):
    before = pacemaker.query(node)
    plan, _ = pacemaker.apply(node, wanted())
    assert not plan
    assert pacemaker.query(node) == before
    left = [note for note in plan.notes if note.endswith(": left as it is")]
    assert len(left) == len(DONE)


def test_to_look_at_marks_starts_one_program(node):
    runner = Inside(node.pid)
    assert pacemaker.marks(runner, wanted())
    assert runner.started == 1


def test_the_cib_as_a_file_tells_no_age(node, tmp_path):
    path = tmp_path / "cib.xml"
    path.write_text(pacemaker.query(node))
    plan = pacemaker.plan(node, wanted(), str(path))
    assert "web was stopped on purpose (target-role=Stopped): left as it is" in plan.notes


def test_without_the_archive_a_stop_tells_its_age(node, monkeypatch):
    monkeypatch.setattr(cib_archive, "FOLDER", Path("/nonexistent"))
    texts = [one["text"] for one in pacemaker.marks(node, wanted())]
    assert re.search(r"age unknown, its last stop was \d+ s ago", texts[_place(texts, "web was")])
    assert "age unknown)" in texts[_place(texts, "db was set")]


def _place(texts, start):
    return next(n for n, text in enumerate(texts) if text.startswith(start))


def test_a_pillar_that_says_otherwise_undoes_its_mark_alone(node):
    plan, _ = pacemaker.apply(node, wanted(**{"target-role": "Started"}))
    assert [change.text().partition("  [")[0] for change in plan.changes] == [
        "~ cib:primitive/web/meta/target-role: Stopped -> Started"
    ]
    (undone,) = [note for note in plan.notes if note.endswith(": this plan undoes it")]
    assert undone.startswith("web was stopped on purpose")
    assert len(pacemaker.marks(node, wanted(**{"target-role": "Started"}))) == len(DONE) - 1
