"""What the rules over the CIB let pass, how they see groups and sets, and that they hold out."""

from __future__ import annotations

import copy
import functools
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvmha.build import cib as cib_build
from kvmha.errors import InvalidInput
from kvmha.rules import graph
from kvmha.rules.objects import Objects, score
from kvmha.spec import load, load_part

CASES = Path(__file__).parent.parent / "cases" / "spec"
# Seconds of processor time; a few hundredths are usual, and squares of thousands take minutes.
TOO_LONG = 20.0


def dummy(name, **words):
    return {"id": name, "agent": "ocf:heartbeat:Dummy", **words}


def order(name, first, then, **words):
    return {"kind": "order", "id": name, "first": first, "then": then, **words}


def colocation(name, rsc, other, score="INFINITY", **words):
    return {
        "kind": "colocation", "id": name, "rsc": rsc, "with_rsc": other, "score": score, **words,
    }  # fmt: skip


def ban(name, rsc, node, **words):
    return {
        "kind": "location", "id": name, "rsc": rsc, "node": node, "score": "-INFINITY", **words,
    }  # fmt: skip


@pytest.fixture
def codes(example):
    """Return a function that loads three_node with a CIB and returns the codes of problems."""

    def tried(cib, **more):
        try:
            load({**example("three_node"), "cib": cib, **more})
        except InvalidInput as error:
            return [problem.code for problem in error.problems]
        return []

    return tried


# --- what is looked at -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lab", "minimal", "two_node", "three_node"])
def test_rules_see_the_very_objects_that_are_built(example, name):
    spec = load(example(name))
    tree = cib_build.build(spec, "external/sbd").tree
    seen = Objects(spec)
    built = tree.xpath("resources//primitive | resources//clone")
    assert [one.get("id") for one in built] == [one.resource.id for one in seen.all]
    constraints = {one.get("id") for one in tree.xpath("constraints/*")}
    assert constraints == {one.id for _, one in seen.constraints}


def test_every_shorthand_has_its_place(example):
    seen = Objects(load(example("three_node")))
    places = {one.resource.id: one.place for one in seen.all}
    assert places["vm-ap1"] == "vms[1]"
    assert places["fs-dbstore-clone"] == places["fs-dbstore"] == "storage.filesystems[1]"
    assert {place for place, _ in seen.constraints} == {
        *("vms[0]", "vms[1]", "storage.filesystems[0]", "storage.filesystems[1]"),
    }


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("INFINITY", 1_000_000),
        ("+INFINITY", 1_000_000),
        ("-infinity", -1_000_000),
        ("2000000", 1_000_000),
        ("-5", -5),
        ("load", None),
        (None, None),
    ],
)
def test_scores_are_read_as_pacemaker_does(text, number):
    assert score(text) == number


# --- what passes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cib",
    [
        pytest.param({"resources": [{"id": "vm-db1", "meta": {"priority": 5}}]}, id="overlay"),
        pytest.param(
            {
                "resources": [dummy("web"), dummy("app")],
                "constraints": [
                    order("o1", "web", "app"),
                    order("o2", "app", "web", order_kind="Serialize"),
                    order("o4", "app", "web", first_action="stop", then_action="start"),
                ],
            },
            id="orders without direction, or of other actions",
        ),
        pytest.param(
            {
                "resources": [dummy("a"), dummy("b"), dummy("c")],
                "constraints": [
                    {
                        "kind": "order",
                        "id": "o1",
                        "sets": [
                            {"resources": ["a", "b"], "require_all": False, "sequential": False},
                            {"resources": ["c"]},
                        ],
                    },
                    order("o2", "c", "b"),
                ],
            },
            id="any one of a set suffices",
        ),
        pytest.param(
            {
                "resources": [dummy("a"), dummy("b"), dummy("c")],
                "constraints": [
                    colocation("c1", "a", "c"),
                    colocation("c2", "b", "c"),
                    colocation("c3", "a", "b", "-100"),
                    colocation("c4", "b", "a", "-INFINITY", rsc_role="Promoted"),
                    colocation("c5", "c", "a", "-INFINITY", node_attribute="rack"),
                ],
            },
            id="colocations of finite scores, roles and other attributes",
        ),
        pytest.param(
            {
                "resources": [
                    dummy("a"),
                    dummy("b"),
                    {"id": "far", "agent": "ocf:pacemaker:remote"},
                ],
                "constraints": [
                    colocation("c1", "a", "b"),
                    *(ban(f"l{n}", "a", f"ha-host{n}") for n in (1, 2)),
                    ban("l3", "b", "ha-host3"),
                ],
            },
            id="a remote node is left",
        ),
        pytest.param(
            {
                "resources": [
                    {
                        "id": "web",
                        "kind": "bundle",
                        "container": {"kind": "podman", "image": "web:1"},
                        "network": {"control_port": 3121},
                        "members": [dummy("inside")],
                    }
                ],
                "constraints": [
                    ban("l1", "web", "ha-host1"),
                    {**ban("l2", "vm-db1", "web-0"), "score": "10"},
                    order("o1", "web", "vm-db1"),
                ],
                "tags": [{"id": "t", "objects": ["web", "inside-meta_attributes"]}],
            },
            id="bundles, their replicas and their nodes",
        ),
        pytest.param({"properties": {"no-quorum-policy": "freeze"}}, id="freeze"),
        pytest.param({"properties": {"stonith-watchdog-timeout": "0s"}}, id="no watchdog fencing"),
        pytest.param({"properties": {"fencing-timeout": 71}}, id="a bare number is seconds"),
    ],
)
def test_what_is_right_or_cannot_be_judged_passes(codes, cib):
    assert codes(cib) == []


def test_references_to_the_cluster_pass_unless_all_else_is_removed(codes):
    cib = {"resources": [dummy("web", meta=[{"id_ref": "elsewhere"}])]}
    assert codes(cib) == []
    assert codes(cib, unmanaged="remove") == ["CIB_REFERENCE_UNKNOWN"]


def test_an_export_loads_however_faulty_the_cluster_is():
    part = {"constraints": [order("o1", "a", "b"), order("o2", "b", "a")]}
    assert len(load_part({"cib": part}).cib.constraints) == 2


# --- groups, clones, sets ----------------------------------------------------------------------

GROUP = {"id": "g", "kind": "group", "members": [dummy("ip"), dummy("web")]}
CLONE = {"id": "c", "kind": "clone", "members": [GROUP]}


@pytest.mark.parametrize(
    ("constraints", "code"),
    [
        ([order("o1", "web", "ip")], "ORDER_CIRCLE"),
        ([order("o1", "g", "db"), order("o2", "db", "web")], "ORDER_CIRCLE"),
        ([order("o1", "db", "g"), order("o2", "ip", "db")], "ORDER_CIRCLE"),
        ([colocation("c1", "web", "ip", "-INFINITY")], "COLOCATION_CONTRADICTS"),
        ([colocation("c1", "db", "g"), colocation("c2", "ip", "db", "-INFINITY")],
         "COLOCATION_CONTRADICTS"),
        ([colocation("c1", "g", "db"), colocation("c2", "web", "db", "-INFINITY")],
         "COLOCATION_CONTRADICTS"),
        ([colocation("c1", "db", "web"), ban("l1", "ip", "ha-host1"), ban("l2", "g", "ha-host2"),
          ban("l3", "db", "ha-host3")], "COLOCATION_NOWHERE"),
    ],
)  # fmt: skip
def test_members_follow_each_other(codes, constraints, code):
    assert codes({"resources": [GROUP, dummy("db")], "constraints": constraints}) == [code]


def test_constraint_on_a_clone_counts_and_on_what_is_inside_does_not(codes):
    inside = [order("o1", "web", "ip"), colocation("c1", "web", "ip", "-INFINITY")]
    assert codes({"resources": [CLONE], "constraints": inside}) == ["RESOURCE_INSIDE"] * 4
    around = [order("o1", "c", "db"), order("o2", "db", "c")]
    assert codes({"resources": [CLONE, dummy("db")], "constraints": around}) == ["ORDER_CIRCLE"]


def test_group_without_order_has_none(codes):
    free = {**GROUP, "meta": {"ordered": False, "collocated": False}}
    constraints = [order("o1", "web", "ip"), colocation("c1", "web", "ip", "-INFINITY")]
    assert codes({"resources": [free], "constraints": constraints}) == []


def test_promotion_comes_after_the_start(codes):
    constraints = [
        order("o1", "db", "web", first_action="promote", then_action="start"),
        order("o2", "web", "db"),
    ]
    assert codes({"resources": [dummy("db"), dummy("web")], "constraints": constraints}) == [
        "ORDER_CIRCLE"
    ]


def test_set_of_colocations_is_a_chain(codes):
    resources = [dummy(name) for name in "abc"]
    chain = {
        "kind": "colocation", "id": "c1", "score": "INFINITY",
        "sets": [{"resources": ["a", "b", "c"]}],
    }  # fmt: skip
    apart = colocation("c2", "a", "c", "-INFINITY")
    assert codes({"resources": resources, "constraints": [chain, apart]}) == [
        "COLOCATION_CONTRADICTS"
    ]
    chain["sets"][0]["sequential"] = False
    assert codes({"resources": resources, "constraints": [chain, apart]}) == []


# --- graphs ------------------------------------------------------------------------------------


def test_components_come_after_what_they_lead_to():
    found = graph.components({"a": ["b"], "b": ["c", "d"], "c": ["b"], "d": [], "e": ["a"]})
    assert [sorted(one) for one in found] == [["d"], ["b", "c"], ["a"], ["e"]]


def test_long_chains_need_no_recursion():
    chain = {number: [number + 1] for number in range(50_000)} | {50_000: [0]}
    assert len(graph.components(chain)) == 1
    assert len(graph.shortest_circle(chain, chain)) == 50_002


# --- half-readable, and large --------------------------------------------------------------------


@functools.cache
def whole_vocabulary():
    """Return a CIB with all that the cases of rules say of it."""
    cib = {}
    for file in sorted(CASES.glob("*/change.yaml")):
        for place, value in yaml.safe_load(file.read_text()).items():
            key = place.removeprefix("cib.")
            if place.startswith("cib.") and isinstance(value, list):
                cib.setdefault(key, []).extend(value)
    return cib


JUNK = st.sampled_from(
    [
        *(None, "", 0, -1, 1.5, True, "x", [], {}, [[]], [{}], [None], {"a": {}}, "**********"),
        *("INFINITY", "-INFINITY", "web", "vm-db1", "dlm", "group", "clone", "a:b:c:d", "²"),
        {"id": "web", "kind": "group", "members": [{"id": "web", "kind": "group"}]},
    ]
)


def _spots(data, way=()):
    keys = range(len(data)) if isinstance(data, list) else data if isinstance(data, dict) else ()
    for key in keys:
        yield (*way, key)
        yield from _spots(data[key], (*way, key))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draw=st.data())
def test_junk_anywhere_in_a_cib_is_told_but_never_a_traceback(draw, example):
    data = example("three_node") | {"cib": copy.deepcopy(whole_vocabulary())}
    for _ in range(draw.draw(st.integers(1, 4))):
        way = draw.draw(st.sampled_from(list(_spots(data))))
        inner = data
        for key in way[:-1]:
            inner = inner[key]
        # A copy: the same list, put into itself by the next draw, would have no end.
        inner[way[-1]] = copy.deepcopy(draw.draw(JUNK))
    try:
        load(data)
    except InvalidInput as error:
        told = [str(problem) for problem in error.problems]
        assert len(set(told)) == len(told)


@pytest.mark.parametrize(
    "resources",
    [
        [{"idd": "web", "agent": "ocf:heartbeat:Dummy"}],
        [
            {
                "id": "g",
                "kind": "group",
                "members": [{"id": ["web"], "agent": "ocf:heartbeat:Dummy"}],
            }
        ],
        [{"id": "g", "kind": "group", "member": [dummy("web")]}],
        "web",
    ],
    ids=["misspelt id", "unreadable id of a member", "misspelt members", "no list"],
)
def test_what_could_not_be_read_is_not_told_to_be_missing(codes, resources):
    found = codes({"resources": resources, "constraints": [order("o1", "web", "vm-db1")]})
    assert found
    assert "RESOURCE_UNKNOWN" not in found


def test_thousands_of_constraints_are_no_matter(codes):
    count = 2000
    constraints = []
    for i in range(1, count):
        near, far = f"p{i - 1}", f"p{i // 2}"
        constraints += [order(f"o{i}", near, f"p{i}"), colocation(f"c{i}", f"p{i}", far)]
    resources = [dummy(f"p{i}") for i in range(count)]
    started = time.process_time()
    assert codes({"resources": resources, "constraints": constraints}) == []
    assert time.process_time() - started < TOO_LONG
    unknown = [order(f"u{i}", f"x{i}", f"p{i}") for i in range(count)]
    assert codes({"resources": resources, "constraints": unknown}) == ["RESOURCE_UNKNOWN"] * count
