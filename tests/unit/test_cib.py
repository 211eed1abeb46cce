"""The CIB: what a spec wants of it, what it leaves alone, how a change is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from lxml import etree

from kvmha.build import cib as build
from kvmha.documents import cib, cib_merge
from kvmha.errors import InvalidInput, KvmhaError
from kvmha.plan import Action
from kvmha.spec import load
from kvmha.spec.cib import Cib
from kvmha.spec.cib_parts import NvSet
from kvmha.spec.cib_resources import Resource

CASES = sorted((Path(__file__).parents[1] / "cases" / "cib").iterdir())


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request, example, changed):
    folder = request.param
    said = yaml.safe_load((folder / "spec.yaml").read_text())
    spec = load(changed(example(said["example"]), said.get("changed", {})))
    observed = folder / "observed.xml"
    text = observed.read_text() if observed.exists() else cib.EMPTY
    agent, part = said.get("agent", "external/sbd"), said.get("part", "vms")
    wanted = build.build(spec, agent, part, said.get("secrets"))
    return folder, text, wanted


def edited(text, wanted):
    try:
        return cib_merge.edit(text, wanted)[:2]
    except InvalidInput as error:
        return text, error.problems


def test_plan_is_the_recorded_one(case):
    folder, text, wanted = case
    _, changes = edited(text, wanted)
    told = [str(item) if hasattr(item, "code") else item.text() for item in changes]
    assert told == yaml.safe_load((folder / "plan.yaml").read_text())


def test_after_the_change_nothing_is_left_to_do(case):
    _, text, wanted = case
    new, found = edited(text, wanted)
    if new != text:
        assert cib_merge.edit(new, wanted)[:2] == (new, ())
    else:
        assert all(hasattr(item, "code") for item in found)


def test_an_edit_only_adds_what_it_says(case):
    _, text, wanted = case
    new, changes = edited(text, wanted)
    before, after = ids(text), ids(new)
    if not any(getattr(item, "action", None) is Action.DELETE for item in changes):
        assert before <= after
    assert not [element for element in parsed(new).iter() if element.tail is None][1:]


def option(wanted, name):
    """Return the value of a property or default, as it is wanted."""
    (pair,) = wanted.tree.xpath("*//nvpair[@name=$n]", n=name)
    return pair.get("value")


def locations(wanted):
    return wanted.tree.findall("constraints/rsc_location")


def parsed(text):
    return etree.fromstring(text.encode())


def ids(text):
    return {item.get("id") for item in parsed(text).iter() if item.get("id")}


@pytest.mark.parametrize("name", ["lab", "minimal", "two_node", "three_node"])
def test_parts_are_cumulative(example, name):
    """A later part adds to an earlier one and never takes anything back."""
    spec = load(example(name))
    text = cib.EMPTY
    for part in build.PARTS:
        text, changes, _ = cib_merge.edit(text, build.build(spec, "external/sbd", part))
        assert {change.action for change in changes} <= {Action.CREATE}
    whole, _, _ = cib_merge.edit(cib.EMPTY, build.build(spec, "external/sbd", "vms"))
    assert ids(text) == ids(whole)


def test_dlm_comes_only_with_a_filesystem(example):
    wanted = build.build(load(example("minimal")), "external/sbd")
    assert [item.get("id") for item in wanted.tree.find("resources")] == ["fencing-sbd"]
    assert option(wanted, "no-quorum-policy") == "stop"


def test_cluster_with_dlm_freezes_without_quorum(example):
    wanted = build.build(load(example("lab")), "external/sbd", "fencing")
    assert option(wanted, "no-quorum-policy") == "freeze"


def test_what_pillar_says_of_properties_wins(example, changed):
    spec = load(changed(example("lab"), {"cib": {"properties": {"stonith-timeout": "300s"}}}))
    assert option(build.build(spec, "external/sbd"), "stonith-timeout") == "300s"


def test_a_preference_is_weaker_than_staying(example):
    wanted = build.build(load(example("three_node")), "external/sbd")
    sticky = int(option(wanted, "resource-stickiness"))
    scores = [int(item.get("score")) for item in locations(wanted)]
    assert scores == [100, 100, 90] and sticky > max(scores)


def test_avoided_nodes_are_ruled_out(example, changed):
    spec = load(changed(example("lab"), {"vms[0].avoid": ["ha-host3"]}))
    (constraint,) = locations(build.build(spec, "external/sbd"))
    said = {"rsc": "vm-web1", "node": "ha-host3", "score": "-INFINITY"}
    assert dict(constraint.attrib) == {"id": constraint.get("id"), **said}


def test_unknown_part_is_refused_with_the_known_ones(example):
    with pytest.raises(KvmhaError, match="fencing, locking, filesystems, vms"):
        build.build(load(example("lab")), "external/sbd", "disks")


def test_all_taken_ids_are_told_at_once(example):
    text = cib.EMPTY.replace(
        "<resources/>",
        '<resources><group id="vm-web1"><primitive id="x" class="ocf" provider="heartbeat" '
        'type="Dummy"/></group><clone id="dlm-clone"><primitive id="y" class="ocf" '
        'provider="heartbeat" type="Dummy"/></clone></resources>',
    )
    with pytest.raises(InvalidInput) as caught:
        cib_merge.edit(text, build.build(load(example("lab")), "external/sbd"))
    assert [problem.code for problem in caught.value.problems] == [
        "CIB_CLONE_TAKEN",
        "CIB_ID_TAKEN",
    ]


def test_values_under_a_rule_are_not_the_value():
    text = cib.EMPTY.replace(
        "<crm_config/>",
        '<crm_config><cluster_property_set id="night"><rule id="r" score="1"/>'
        '<nvpair id="n" name="no-quorum-policy" value="freeze"/></cluster_property_set>'
        "</crm_config>",
    )
    wanted = build.of_words(Cib(properties=(NvSet(values={"no-quorum-policy": "stop"}),)))
    new, changes, _ = cib_merge.edit(text, wanted)
    assert [change.text() for change in changes] == ["+ cib:property/no-quorum-policy = stop"]
    assert '<nvpair id="n" name="no-quorum-policy" value="freeze"/>' in new


def test_a_lone_primitive_of_ours_is_put_into_its_clone():
    lone = '<primitive id="dlm" class="ocf" provider="pacemaker" type="controld"/>'
    text = cib.EMPTY.replace("<resources/>", f"<resources>{lone}</resources>")
    dlm = Resource(id="dlm", agent="ocf:pacemaker:controld")
    clone = Resource(id="dlm-clone", kind="clone", members=(dlm,))
    new, changes, _ = cib_merge.edit(text, build.of_words(Cib(resources=(clone,))))
    assert [change.address for change in changes] == ["cib:clone/dlm-clone"]
    assert parsed(new).find(".//clone/primitive").get("id") == "dlm"


def test_names_that_are_no_xml_ids_get_one(example, changed):
    odd = NvSet(values={"odd name": "1", "odd-name": "2"})
    new, _, _ = cib_merge.edit(cib.EMPTY, build.of_words(Cib(properties=(odd,))))
    assert {"cib-bootstrap-options-odd-name", "cib-bootstrap-options-odd-name.2"} <= ids(new)


@pytest.mark.parametrize("text", ["", "<a/>", "<cib/>", "not xml"])
def test_what_is_no_cib_is_said_to_be_none(text):
    with pytest.raises(KvmhaError, match="CIB"):
        cib_merge.edit(text, build.of_words(Cib()))


def test_a_vm_that_left_the_pillar_is_found(example, changed):
    text, _, _ = cib_merge.edit(cib.EMPTY, build.build(load(example("three_node")), "external/sbd"))
    fewer = load(changed(example("three_node"), {"vms[0]": None}))
    _, changes, notes = cib_merge.edit(text, build.build(fewer, "external/sbd"))
    assert changes == ()
    assert "cib:primitive/vm-db1 is in the cluster but not in the pillar: kept" in notes
