"""The status of a cluster from what its nodes say. Cases: tests/cases/status

``answers.yaml`` of ``healthy`` has whole answers; the others say what differs: ``all`` for each
node, then for each node by its name (null: silent). Keys replace whole keys of an answer.
``ledger`` is what was known of fencing.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from kvmha import ask, plain
from kvmha.spec import load
from kvmha.view import gather, ledger
from kvmha.view.status import Status, status
from kvmha.view.text import WIDTH, text

FOLDER = Path(__file__).parents[1] / "cases" / "status"
CASES = sorted(path for path in FOLDER.iterdir() if path.is_dir())
SPEC = load(yaml.safe_load((FOLDER / "spec.yaml").read_text()))


def read(name):
    """Return the time, the answers and the ledger of a case."""
    healthy = yaml.safe_load((FOLDER / "healthy" / "answers.yaml").read_text())
    said = yaml.safe_load((FOLDER / name / "answers.yaml").read_text())
    answers = healthy["answers"]
    for node, answer in answers.items():
        mine = said.get(node, {})
        answers[node] = (
            mine and answer if mine is None else {**answer, **said.get("all", {}), **mine}
        )
    proofs = {
        node: plain.of(ledger.Proof, {"node": node, **one})
        for node, one in said.get("ledger", {}).items()
    }
    return healthy["now"], answers, proofs


def found_in(name):
    now, answers, proofs = read(name)
    return status(SPEC, gather.snapshot(SPEC, answers, now), proofs)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_text_of_case(case):
    assert text(found_in(case.name)) == (case / "status.txt").read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_status_of_case_survives_the_way_as_data(case):
    found = found_in(case.name)
    there = json.loads(json.dumps(plain.plain(found)))
    assert plain.of(Status, there) == found


def test_a_healthy_cluster_has_no_problem_and_fits_on_a_screen():
    found = found_in("healthy")
    lines = text(found).splitlines()
    assert found.problems == ()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= WIDTH


def test_a_case_other_than_the_healthy_ones_has_something_to_say():
    quiet = [case.name for case in CASES if not (found_in(case.name).problems)]
    assert quiet == ["healthy", "node_in_standby_with_a_ban"]


def test_a_node_with_an_error_in_place_of_an_answer_lives():
    answers = read("healthy")[1] | {"ha-host2": {"error": "no lxml"}}
    seen = gather.snapshot(SPEC, answers, 0.0).node("ha-host2")
    assert seen.answered and seen.errors == {"look": "no lxml"}


class Master:
    """Minions that answer after so many seconds, or never, on a clock of its own."""

    def __init__(self, **after):
        self.after = {f"ha-host{name[1:]}": seconds for name, seconds in after.items()}
        self.now = 0.0

    def publish(self, minions, function, kwargs):
        assert minions == ["ha-host1", "ha-host2", "ha-host3"]
        assert (function, kwargs) == ("test.ping", {})
        for _ in range(1000):
            for name, seconds in self.after.items():
                if self.now - 0.25 < seconds <= self.now:
                    yield {name: {"ret": {"at": self.now}}}
            yield None
            self.now += 0.25

    def ask(self, silent):
        return ask.ask_soon(
            self.publish, SPEC, "test.ping", {}, silent=silent, clock=lambda: self.now
        )


@pytest.mark.parametrize(
    ("after", "seconds", "silent"),
    [
        ({"n1": 1, "n2": 2, "n3": 2}, 2, []),
        ({"n1": 1, "n2": 2}, 7.25, ["ha-host3"]),
        ({"n1": 9, "n2": 9, "n3": 13}, 13, []),  # a busy cluster is no dead one
        ({"n1": 1, "n2": 1, "n3": 7}, 6.25, ["ha-host3"]),
        ({}, 15.25, ["ha-host1", "ha-host2", "ha-host3"]),
    ],
)
def test_a_silent_node_costs_no_more_than_was_said(after, seconds, silent):
    master = Master(**after)
    answers = master.ask(silent=5)
    assert [name for name, answer in answers.items() if answer is None] == silent
    assert master.now == seconds


def test_the_ledger_outlives_the_history_of_the_cluster():
    now, answers, _ = read("healthy")
    first = ledger.merged(SPEC, {}, gather.snapshot(SPEC, answers, now))
    assert first["ha-host3"].time == ledger.moment("2026-11-24 18:00:00Z")
    assert first["ha-host1"] == ledger.Proof("ha-host1", ("sbd",))
    assert first["ha-host3"].proven == {"sbd": first["ha-host3"].time}
    for answer in answers.values():
        answer["fencing_history"] = []
    assert ledger.merged(SPEC, first, gather.snapshot(SPEC, answers, now)) == first


@pytest.mark.parametrize(
    "written",
    ["2026-11-24 18:00:00Z", "2026-11-24 18:00:00 +00:00", "2026-11-24 19:00:00.250000 +01:00"],
)
def test_times_of_the_history_are_read_in_every_form(written):
    assert int(ledger.moment(written)) == 1795543200


def test_a_time_that_cannot_be_read_is_none():
    assert ledger.moment("soon") == 0.0


def test_the_manual_shows_what_is_printed():
    manual = (FOLDER.parents[2] / "docs" / "how-to" / "status.md").read_text()
    parts = (FOLDER / "two_partitions" / "status.txt").read_text().partition("\nlink 0")[0]
    words = FOLDER.parent / "explain" / "failed_too_often" / "words.txt"
    assert (FOLDER / "healthy" / "status.txt").read_text() in manual
    assert parts in manual
    assert words.read_text().partition("\n\n")[2] in manual
