"""Predictions of quorum and fencing. Cases: tests/cases/quorum; properties against brute force."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kvmha.drills import quorum
from kvmha.drills.judge import outcome_text
from kvmha.drills.quorum import Before, Graph, Rules, predict
from kvmha.spec import load
from kvmha.view.snapshot import Partition

CASES = sorted((Path(__file__).parents[1] / "cases" / "quorum").glob("*.yaml"))


def rules(said):
    """Return the rules of a case; ids follow the order of nodes, expected votes are all votes."""
    said = dict(said)
    nodes = said.pop("nodes")
    votes = dict.fromkeys(nodes, 1) | said.pop("votes", {})
    device = said.get("device", "")
    device_votes = {"": 0, "ffsplit": 1, "lms": len(nodes) - 1}[device]
    ids = {name: number for number, name in enumerate(nodes, 1)}
    tie = tuple(said.pop("tie_breaker", ()))
    expected = said.pop("expected", sum(votes.values()) + device_votes)
    said.setdefault("wait_for_all", said.get("two_node", False))  # implied
    return Rules(ids, votes, expected, tie_breaker=tie, device_votes=device_votes, **said)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case_has_exactly_its_outcomes(path):
    case = yaml.safe_load(path.read_text())
    found = rules(case["rules"])
    alive = tuple(case.get("alive", found.votes))
    graph = Graph(alive, tuple(map(tuple, case.get("cuts", ()))), tuple(case.get("fresh", ())))
    stood = [Partition(tuple(part), quorate=True) for part in case.get("stood", ())]
    before = quorum.after(found, Before(), stood)
    told = [outcome_text(outcome) for outcome in predict(found, graph, before)]
    assert sorted(told) == sorted(case["outcomes"])


# --- properties --------------------------------------------------------------------------------

NAMES = ("n1", "n2", "n3", "n4", "n5")


@st.composite
def graphs(draw):
    names = NAMES[: draw(st.integers(2, 5))]
    alive = draw(st.sets(st.sampled_from(names), min_size=1))
    pairs = list(combinations(names, 2))
    cuts = draw(st.sets(st.sampled_from(pairs)))
    turned = tuple(pair if draw(st.booleans()) else pair[::-1] for pair in sorted(cuts))
    return names, Graph(tuple(sorted(alive)), turned)


def honest(names, draw):
    # A tie breaker is for an even number of votes: see quorum._wins_tie.
    kinds = ["plain", "ffsplit", "lms", "two_node", *["tie"] * (len(names) % 2 == 0)]
    kind = draw(st.sampled_from(kinds))
    said = {"nodes": names, "fencing": draw(st.booleans())}
    if kind == "tie":
        said["tie_breaker"] = [draw(st.sampled_from(["lowest", "highest", "2", "1 2"]))]
    if kind in ("ffsplit", "lms"):
        said["device"] = kind
    if kind == "two_node" and len(names) == 2:
        said["two_node"] = True
    return rules(said)


def majority(names, part):
    """Return whether a group has a majority, reckoned by hand."""
    return len(part) * 2 > len(names)


@given(graphs(), st.data())
@settings(max_examples=150, deadline=None)
def test_honest_settings_never_give_two_partitions_quorum(drawn, data):
    names, graph = drawn
    found = honest(names, data.draw)
    for outcome in predict(found, graph):
        quorate = [part for part in outcome.partitions if part.quorate]
        assert len(quorate) <= (2 if found.two_node and not found.fencing else 1), outcome


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_outcomes_are_those_of_brute_force(drawn):
    """Every division of the living into groups, by hand: kept are those that can be formed."""
    names, graph = drawn
    found = rules({"nodes": names, "fencing": False})
    told = {
        frozenset((frozenset(part.members), part.quorate) for part in outcome.partitions)
        for outcome in predict(found, graph)
    }
    for division in divisions(list(graph.alive)):
        cliques = all(graph.joined(*pair) for part in division for pair in combinations(part, 2))
        joinable = any(
            all(graph.joined(a, b) for a in one for b in other)
            for one, other in combinations(division, 2)
        )
        wanted = frozenset((frozenset(part), majority(names, part)) for part in division)
        if cliques and not joinable:
            assert wanted in told
        if wanted in told and cliques:
            assert not joinable


def divisions(names):
    if not names:
        yield []
        return
    first, *rest = names
    for more in divisions(rest):
        for index in range(len(more)):
            yield [*more[:index], [first, *more[index]], *more[index + 1 :]]
        yield [[first], *more]


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_transitive_cuts_have_one_outcome_without_fencing(drawn):
    names, graph = drawn
    found = rules({"nodes": names, "fencing": False})
    transitive = all(
        graph.joined(a, c)
        for a in graph.alive
        for b in graph.alive
        for c in graph.alive
        if len({a, b, c}) == 3 and graph.joined(a, b) and graph.joined(b, c)
    )
    assert (len(predict(found, graph)) == 1) == transitive


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_who_is_fenced_is_never_of_the_partition_that_fences_alone(drawn):
    names, graph = drawn
    for outcome in predict(rules({"nodes": names}), graph):
        if len(outcome.partitions) == 1 and set(graph.cuts) and outcome.fenced:
            (part,) = outcome.partitions
            assert part.quorate
            missing = set(names) - set(part.members)
            assert missing <= set(outcome.fenced)


# --- settings of a pillar ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["three_node", "lab", "two_node_qdevice", "ap_db"])
def test_settings_of_the_examples_are_honest(name, example):
    assert quorum.split_brain(quorum.rules_of(load(example(name)))) == ()


def test_two_node_needs_fencing_to_decide(example):
    found = quorum.rules_of(load(example("two_node")))
    assert found.two_node and found.wait_for_all
    assert sum(part.quorate for part in quorum.split_brain(found)) == 2


@pytest.mark.parametrize("wrong", [{"two_node": True}, {"expected": 1}])
def test_planted_settings_are_found_to_allow_two_partitions(wrong):
    double = quorum.split_brain(rules({"nodes": NAMES[:3]} | wrong))
    assert sum(part.quorate for part in double) == 2


def test_too_few_expected_votes_split_four_nodes():
    assert quorum.split_brain(rules({"nodes": NAMES[:4], "expected": 3}))
    assert not quorum.split_brain(rules({"nodes": NAMES[:4]}))


def test_policy_and_votes_come_from_the_pillar(example, changed):
    data = changed(
        example("three_node"),
        {
            "corosync.nodelist": [{"name": "ha-host1", "quorum_votes": 3}],
            "cib.properties.no-quorum-policy": "freeze",
        },
    )
    found = quorum.rules_of(load(data))
    assert found.votes == {"ha-host1": 3, "ha-host2": 1, "ha-host3": 1}
    assert found.expected == 5
    assert found.policy == "freeze"
