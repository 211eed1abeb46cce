"""Words of the CIB where it is easy to be wrong: sets that look alike, ids, old names."""

from __future__ import annotations

import pytest

from kvmha.documents import cib, cib_merge
from kvmha.errors import InvalidInput, KvmhaError
from tests import round_trip

WEB = {"id": "web", "agent": "ocf:heartbeat:apache"}
ON_SSD = {"score": 0, "conditions": [{"attribute": "disk", "operation": "eq", "value": "ssd"}]}


def laid(words, text=cib.EMPTY, unmanaged="keep"):
    wanted = round_trip.wanted({"cib": words, "unmanaged": unmanaged})
    new, changes, _ = cib_merge.edit(text, wanted)
    assert cib_merge.edit(new, wanted)[:2] == (new, ())
    return new, [change.text() for change in changes]


def refused(words, text=cib.EMPTY):
    with pytest.raises(InvalidInput) as caught:
        laid(words, text)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("sets", [["ruled", "plain"], ["plain", "ruled"]])
def test_a_set_with_a_rule_and_one_without_stay_two(sets):
    said = {"ruled": {"rule": ON_SSD, "values": {"port": 81}}, "plain": {"values": {"port": 80}}}
    text, _ = laid({"resources": [{**WEB, "params": [said[name] for name in sets]}]})
    found = cib.parse(text).findall(".//instance_attributes")
    ports = {one.find("rule") is not None: one.find("nvpair").get("value") for one in found}
    assert len(found) == 2 and ports == {True: "81", False: "80"}


def test_a_rule_added_later_makes_a_set_of_its_own():
    text, _ = laid({"resources": [{**WEB, "params": {"port": 80}}]})
    ruled = {"rule": ON_SSD, "values": {"port": 81}}
    new, changes = laid({"resources": [{**WEB, "params": [{"values": {"port": 80}}, ruled]}]}, text)
    assert len(changes) == 1 and "port=81" in changes[0]
    assert 'name="port" value="80"' in new


def test_references_to_sets_are_told_apart_by_what_they_refer_to():
    base = {**WEB, "id": "base", "params": [{"id": "a"}, {"id": "b"}]}
    text, _ = laid({"resources": [base, {**WEB, "params": [{"id_ref": "a"}, {"id_ref": "b"}]}]})
    turned = {"resources": [base, {**WEB, "params": [{"id_ref": "b"}, {"id_ref": "a"}]}]}
    assert laid(turned, text) == (text, [])


def test_two_pairs_of_a_name_keep_their_values():
    pairs = [{"name": "a", "value": 1}, {"id": "second", "name": "a", "value": 2}]
    text, _ = laid({"resources": [{**WEB, "params": [{"pairs": pairs}]}]})
    assert [one.get("value") for one in cib.parse(text).iter("nvpair")] == ["1", "2"]


def test_a_level_of_fencing_is_ours_whatever_its_id():
    level = {"target": "ha-host1", "index": 1, "devices": ["ipmi1"]}
    text, _ = laid({"fencing_levels": [{**level, "id": "as-somebody-called-it"}]})
    assert laid({"fencing_levels": [level]}, text, unmanaged="remove") == (text, [])


def test_ids_of_node_attributes_begin_with_a_letter():
    text, _ = laid({"nodes": [{"id": 1, "name": "a", "attributes": {"x": 1}}]})
    (pair,) = cib.parse(text).iter("nvpair")
    assert pair.get("id") == "nodes-1-x"


@pytest.mark.parametrize(
    ("schema", "release", "role", "target"),
    [
        ("pacemaker-2.10", "1.1.20", "Master", "Master"),
        ("pacemaker-3.0", "2.0.4", "Master", "Master"),
        ("pacemaker-3.0", "2.1.5", "Master", "Promoted"),
        ("pacemaker-3.9", "2.1.5", "Promoted", "Promoted"),
    ],
)
def test_roles_are_called_as_the_schema_and_the_release_know_them(schema, release, role, target):
    base, _ = laid({"properties": {"dc-version": release}})
    ops = [{"name": "monitor", "interval": "10s", "role": "Promoted"}]
    words = {"resources": [{**WEB, "meta": {"target-role": "Promoted"}, "ops": ops}]}
    root = cib.parse(laid(words, base.replace("pacemaker-3.9", schema))[0])
    assert root.find(".//op").get("role") == role
    assert root.find(".//nvpair[@name='target-role']").get("value") == target


def test_an_id_said_twice_is_named():
    (told,) = refused({"resources": [WEB], "tags": [{"id": "web", "objects": ["a"]}]})
    assert told.startswith("cib:tag/web: stands there twice") and "CIB_ID_TWICE" in told


def test_an_id_of_something_else_in_the_cluster_is_named():
    text, _ = laid({"tags": [{"id": "a", "objects": ["b"]}]})
    (told,) = refused(
        {"constraints": [{"kind": "location", "id": "a", "rsc": "web", "node": "n"}]}, text
    )
    assert told.startswith("cib:rsc_location/a: the id belongs to a <tag> already")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({**WEB, "description": "a\x00b"}, "cib.resources[0].description: 'a\\x00b' holds"),
        ({**WEB, "params": {"a": "\ud800"}}, "cib.resources[0].params: '\\ud800' holds"),
        ({**WEB, "agent": "apache"}, "cib.resources[0].agent: 'apache' is no agent"),
        ({**WEB, "more": {"a b": 1}}, "cib.resources[0].more: 'a b' is no name of an XML"),
        ({**WEB, "params": {True: 1}}, "cib.resources[0].params: the key True is no text"),
        ({**WEB, "": 1}, "cib.resources[0].'': is no known key"),
    ],
)
def test_what_xml_cannot_say_is_refused_at_its_place(value, told):
    assert refused({"resources": [value]})[0].startswith(told)


def test_nesting_without_end_is_refused():
    resource = WEB
    for number in range(200):
        resource = {"id": f"g{number}", "kind": "group", "members": [resource]}
    assert "is nested too deep" in refused({"resources": [resource]})[0]
    groups = "".join(f'<group id="g{number}">' for number in range(200)), "</group>" * 200
    text = cib.EMPTY.replace("<resources/>", "<resources>{}{}</resources>".format(*groups))
    with pytest.raises(KvmhaError, match="more than 50 elements are in each other"):
        cib.parse(text)


def test_a_document_with_two_configurations_is_no_cib():
    with pytest.raises(KvmhaError, match="it has to hold one <configuration>"):
        cib.parse("<cib><configuration/><configuration/></cib>")


@pytest.mark.parametrize("name", ["passwd", "login"])
def test_what_the_pillar_calls_a_secret_is_shown_nowhere(name):
    words = {"cib": {"resources": [{**WEB, "params": [{"secrets": {name: "key"}}]}]}}
    text, changes, _ = cib_merge.edit(cib.EMPTY, round_trip.wanted(words, {"key": "first one"}))
    (pair,) = cib.parse(text).iter("nvpair")
    assert dict(pair.attrib) == {"id": pair.get("id"), "name": name, "value": "first one"}
    new, more, _ = cib_merge.edit(text, round_trip.wanted(words, {"key": "second one"}))
    assert 'value="second one"' in new
    assert not [told for told in (*changes, *more) if " one" in told.text()]
    assert "secret " in changes[0].text() and "-> secret " in more[0].text()
