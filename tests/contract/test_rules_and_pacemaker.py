"""What the rules call impossible, Pacemaker does not do; what they let pass, it does.

Both look at the same small configurations: the rules by reckoning, crm_simulate(8) by laying
the resources out on three nodes that are up.
"""

from __future__ import annotations

import subprocess

import pytest
from lxml import etree

from kvmha.build.cib_codec import encode
from kvmha.documents import cib_ids
from kvmha.errors import InvalidInput
from kvmha.spec import load, load_part

NODES = ("ha-host1", "ha-host2", "ha-host3")
TOLD = {"ORDER_CIRCLE", "COLOCATION_CONTRADICTS", "COLOCATION_NOWHERE"}


def dummy(name):
    return {"id": name, "agent": "ocf:pacemaker:Dummy"}


def order(name, first, then, **words):
    return {"kind": "order", "id": name, "first": first, "then": then, **words}


def together(name, rsc, other, score="INFINITY"):
    return {"kind": "colocation", "id": name, "rsc": rsc, "with_rsc": other, "score": score}


def apart(name, rsc, other):
    return together(name, rsc, other, "-INFINITY")


def ban(name, rsc, node):
    return {"kind": "location", "id": name, "rsc": rsc, "node": node, "score": "-INFINITY"}


A, B, C, D = (dummy(name) for name in "abcd")
GROUP = {"id": "g", "kind": "group", "members": [A, B]}
CLONE = {"id": "g-clone", "kind": "clone", "members": [GROUP]}


def sets(kind, *each, **words):
    listed = [{"resources": list(names), "sequential": chain} for names, chain in each]
    return {"kind": kind, "id": "s", "sets": listed, **words}


IMPOSSIBLE = {
    "a circle of two": ([A, B], [order("o1", "a", "b"), order("o2", "b", "a")]),
    "an old score is as good as a kind": (
        [A, B], [order("o1", "a", "b", score="-5"), order("o2", "b", "a")]),
    "a wish against an order": (
        [A, B], [order("o1", "a", "b"), order("o2", "b", "a", order_kind="Optional")]),
    "an old score of zero is a wish": (
        [A, B], [order("o1", "a", "b"), order("o2", "b", "a", score=0)]),
    "against the order of a group": ([GROUP], [order("o1", "b", "a")]),
    "out of a group and into it": ([GROUP, C], [order("o1", "g", "c"), order("o2", "c", "b")]),
    "after a clone and before it": (
        [CLONE, C], [order("o1", "g-clone", "c"), order("o2", "c", "g-clone")]),
    "a circle over two sets": (
        [A, B, C, D],
        [sets("order", ("ab", False), ("cd", True)), order("o2", "d", "b")]),
    "with and not with": ([A, B], [together("c1", "a", "b"), apart("c2", "a", "b")]),
    "with, and the other not with": ([A, B], [together("c1", "a", "b"), apart("c2", "b", "a")]),
    "members of a group apart": ([GROUP], [apart("c1", "b", "a")]),
    "the first member apart from the last": ([GROUP], [apart("c1", "a", "b")]),
    "with a group and not with its member": (
        [GROUP, C], [together("c1", "c", "g"), apart("c2", "a", "c")]),
    "a group with what its member is not with": (
        [GROUP, C], [together("c1", "g", "c"), apart("c2", "b", "c")]),
    "with two that are apart": (
        [A, B, C], [together("c1", "a", "b"), together("c2", "a", "c"), apart("c3", "b", "c")]),
    "a chain with its ends apart": (
        [A, B, C], [sets("colocation", ("abc", True), score="INFINITY"), apart("c2", "a", "c")]),
    "no node for both": (
        [A, B],
        [together("c1", "a", "b"), ban("l1", "a", NODES[0]),
         *(ban(f"b{i}", "b", NODES[i]) for i in (1, 2))]),
}  # fmt: skip
POSSIBLE = {
    "along the order of a group": ([GROUP, C], [order("o1", "a", "b"), order("o2", "g", "c")]),
    "with one and apart from another": (
        [A, B, C], [together("c1", "a", "c"), apart("c2", "b", "c")]),
    "two that have to be together both ways": (
        [A, B], [together("c1", "a", "b"), together("c2", "b", "a")]),
    "one node is left": (
        [A, B], [together("c1", "a", "b"), ban("l1", "a", NODES[0]), ban("l2", "b", NODES[1])]),
    "what is inside a clone is not looked at": ([CLONE], [order("o1", "b", "a")]),
}  # fmt: skip
CASES = {**IMPOSSIBLE, **POSSIBLE}


@pytest.mark.parametrize("name", CASES)
def test_rules_and_pacemaker_agree(name, example, tmp_path):
    resources, constraints = CASES[name]
    cib = {"resources": resources, "constraints": constraints}
    assert bool(told(example("three_node") | {"cib": cib})) is (name in IMPOSSIBLE)
    where = laid_out(cib, tmp_path / "cib.xml")
    assert met(where, resources, constraints) is (name in POSSIBLE), where


def told(data):
    """Return the codes of the impossible that the rules find."""
    try:
        load(data)
    except InvalidInput as error:
        return TOLD & {problem.code for problem in error.problems}
    return set()


def laid_out(cib, file):
    """Return where Pacemaker starts each primitive, from nothing: name -> set of nodes."""
    part = load_part({"cib": cib | {"properties": {"stonith-enabled": False}}})
    root = etree.fromstring(
        '<cib validate-with="pacemaker-3.0" crm_feature_set="3.1.0" epoch="1" num_updates="0"'
        ' admin_epoch="0" have-quorum="1" dc-uuid="1"/>'
    )
    configuration = encode(part.cib, "configuration")
    cib_ids.fill(configuration, ())
    root.append(configuration)
    nodes = etree.Element("nodes")
    configuration.insert(1, nodes)
    status = etree.SubElement(root, "status")
    for number, name in enumerate(NODES, 1):
        identity = {"id": str(number), "uname": name}
        etree.SubElement(nodes, "node", identity)
        up = {"in_ccm": "true", "crmd": "online", "join": "member", "expected": "member"}
        state = etree.SubElement(status, "node_state", identity | up)
        etree.SubElement(etree.SubElement(state, "lrm", id=str(number)), "lrm_resources")
    file.write_bytes(etree.tostring(root))
    command = ["crm_simulate", "--xml-file", str(file), "--simulate", "--output-as=xml"]
    done = subprocess.run(command, capture_output=True, check=False)
    answer = etree.fromstring(done.stdout)
    where = {}
    for one in answer.find("revised_cluster_status").iter("resource"):
        name = one.get("id").partition(":")[0]
        where.setdefault(name, set()).update(node.get("name") for node in one.iter("node"))
    return where


def met(where, resources, constraints):
    """Tell whether all runs, members of the group together, and each where colocations want it."""
    group = {where["a"] == where["b"]} if "'g'" in str(resources) else set()
    chains = [
        {str(where[name]) for each in one["sets"] for name in each["resources"]}
        for one in constraints
        if one["kind"] == "colocation" and "sets" in one
    ]
    places = {**where, "g": where["b"]}
    pairs = {
        (places[one["rsc"]] == places[one["with_rsc"]]) is (one["score"] == "INFINITY")
        for one in constraints
        if one["kind"] == "colocation" and "rsc" in one and "INFINITY" in one["score"]
    }
    return (
        all(where.values()) and False not in group | pairs and all(len(one) == 1 for one in chains)
    )
