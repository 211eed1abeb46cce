"""The vocabulary of corosync.conf: every word is built, read back and has a cost."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
import yaml

from kvmha.build import corosync_conf as build
from kvmha.build.corosync_export import export
from kvmha.documents import corosync_conf, corosync_cost, corosync_diff
from kvmha.errors import InvalidInput
from kvmha.plan import Action, Disruption
from kvmha.spec import ClusterSpec, is_part, load, load_part
from kvmha.spec.corosync import Corosync, CorosyncPart
from kvmha.spec.corosync_words import words
from kvmha.spec.fields import class_of


def every_word(scope=CorosyncPart, prefix="", place=()):
    """Yield path in the file, place in the pillar ([] for a list's item) and Meta."""
    for word in words(scope):
        path, where = f"{prefix}{word.path}", (*place, *word.place)
        if word.meta.many:
            yield from every_word(word.meta.of, f"{path}.", (*where, []))
        else:
            yield path, where, word.meta


WORDS = [pytest.param(*word, id=word[0]) for word in every_word()]


def pillar(place, value):
    """Return the document that says ``value`` at ``place`` and nothing else."""
    for step in reversed(place):
        value = [value] if step == [] else {step: value}
    return {"corosync": value}


@pytest.mark.parametrize(("path", "place", "meta"), WORDS)
def test_a_word_is_built_at_its_path_and_read_back(path, place, meta):
    said = pillar(place, meta.example)
    document = build.build(load_part(said))
    (address,) = corosync_conf.flatten(document)
    bare = corosync_cost.bare(address)
    assert bare.startswith(path.removesuffix("*")) if meta.kind == "scalars" else bare == path
    assert load_part(export(document)) == load_part(said)


@pytest.mark.parametrize(("path", "place", "meta"), WORDS)
def test_every_word_has_a_decided_cost(path, place, meta):
    for action in (Action.CREATE, Action.UPDATE, Action.DELETE):
        cost = corosync_cost.decided(path, action, "knet")
        if path.endswith("*"):  # what corosync may not even know
            assert corosync_cost.of(path, action, "knet") >= Disruption.RELOAD
        else:
            assert cost in (Disruption.RELOAD, Disruption.CLUSTER_STOP)


def test_no_cost_is_decided_for_what_has_no_word():
    known = {path for path, _, _ in every_word()}
    assert known >= corosync_cost.RELOADS | corosync_cost.STOPS
    assert not corosync_cost.RELOADS & corosync_cost.STOPS
    assert corosync_cost.decided("totem.future", Action.UPDATE, "knet") is None
    assert corosync_cost.of("totem.future", Action.UPDATE, "knet") is Disruption.CLUSTER_STOP


@pytest.mark.parametrize(
    ("address", "action", "transport", "cost"),
    [
        ("nodelist.node[a.b]", Action.CREATE, "knet", Disruption.RELOAD),
        ("nodelist.node[a.b]", Action.DELETE, "knet", Disruption.CLUSTER_STOP),
        ("nodelist.node[a].ring1_addr", Action.CREATE, "knet", Disruption.RELOAD),
        ("nodelist.node[a].ring1_addr", Action.UPDATE, "knet", Disruption.CLUSTER_STOP),
        ("nodelist.node[a].ring1_addr", Action.CREATE, "udpu", Disruption.CLUSTER_STOP),
        ("quorum.two_node", Action.CREATE, "knet", Disruption.RELOAD),
        ("quorum.two_node", Action.DELETE, "knet", Disruption.RELOAD),
        ("quorum.device.net.host", Action.UPDATE, "knet", Disruption.RELOAD),
        ("quorum.wait_for_all", Action.UPDATE, "knet", Disruption.CLUSTER_STOP),
        ("totem.interface[1].knet_link_priority", Action.UPDATE, "knet", Disruption.RELOAD),
        ("logging.logger_subsys[QUORUM].debug", Action.UPDATE, "knet", Disruption.RELOAD),
    ],
)
def test_cost_depends_on_place_action_and_transport(address, action, transport, cost):
    assert corosync_cost.of(address, action, transport) is cost


# --- in the pillar of a whole cluster ----------------------------------------------------------


@pytest.fixture
def cluster(example):
    return lambda **corosync: load(example("lab") | {"corosync": corosync})


def test_defaults_are_those_of_a_whole_cluster_only(cluster):
    assert cluster().corosync.token == 5000
    assert load_part({"corosync": {"totem": {"hold": "1s"}}}).corosync.token is None


def test_words_of_the_part_are_words_of_the_whole():
    assert [word.path for word in words(Corosync)] == [word.path for word in words(CorosyncPart)]


def test_a_bare_on_of_yaml_is_a_word(cluster):
    spec = cluster(logging={"debug": True}, system={"move_to_root_cgroup": False})
    assert (spec.corosync.logging.debug, spec.corosync.system.move_to_root_cgroup) == ("on", "no")


def test_no_time_at_all_can_be_said_where_corosync_takes_it(cluster):
    assert cluster(totem={"token_coefficient": "0ms"}).corosync.totem.token_coefficient == 0
    with pytest.raises(InvalidInput, match="no time at all"):
        cluster(token="0ms")


def test_what_the_pillar_says_wins_over_what_is_derived(example, changed):
    two = changed(example("lab"), {"nodes[2]": None})
    assert build.build(load(two)).section("quorum").get("two_node") == "1"
    said = two | {"corosync": {"quorum": {"two_node": False, "provider": "other"}}}
    quorum = build.build(load(said)).section("quorum")
    assert (quorum.get("two_node"), quorum.get("provider")) == ("0", "other")


@pytest.mark.parametrize("unmanaged, two_node", [("report", None), ("remove", "1")])
def test_two_nodes_beside_a_qdevice_of_the_file_are_no_two_node(
    example, changed, unmanaged, two_node
):
    two = load(changed(example("lab"), {"nodes[2]": None, "unmanaged": unmanaged}))
    old = corosync_conf.parse("quorum {\ndevice {\nmodel: net\n}\n}\n")
    assert build.build(two, old).section("quorum").get("two_node") == two_node


def test_two_nodes_with_three_votes_are_no_two_node(example, changed):
    extra = {"corosync": {"nodelist": [{"name": "ha-host1", "quorum_votes": 2}]}}
    spec = load(changed(example("lab"), {"nodes[2]": None}) | extra)
    assert build.build(spec).section("quorum").get("two_node") is None


def test_the_manual_says_what_can_be_said(example):
    manual = Path(__file__).parents[2] / "docs" / "how-to" / "corosync-conf.md"
    (block,) = re.findall(r"```yaml\n(.*?)```", manual.read_text(), re.DOTALL)
    spec = load(example("three_node") | yaml.safe_load(block)["kvmha"])
    assert corosync_conf.flatten(build.build(spec))["nodelist.node[ha-host1].quorum_votes"] == "2"


# --- what is not in the pillar -----------------------------------------------------------------

FOREIGN = (
    "# mine\ntotem {\nknet_mtu: 1400\n}\nlogging {\ntimestamp: hires\nfileline: on\n}\n"
    "amf {\nmode: disabled\n}\n"
)
LEFT = ("totem.knet_mtu", "logging.fileline", "amf.mode")


def test_what_is_not_in_the_pillar_is_named(cluster):
    old = corosync_conf.parse(FOREIGN)
    assert build.unmanaged(cluster(), old) == LEFT
    assert build.unmanaged(cluster(totem={"knet_mtu": 1400}), old) == LEFT[1:]


def test_removing_takes_all_of_it_and_nothing_of_ours(example):
    spec = load(example("lab") | {"unmanaged": "remove"})
    old = corosync_conf.parse(FOREIGN)
    new = build.build(spec, old)
    gone = {c.address for c in corosync_diff.diff(old, new, running=True) if c.new is None}
    assert gone == {f"corosync.conf:{address}" for address in LEFT}
    text = corosync_conf.render(new)
    assert "# mine" in text and "amf" not in text and "timestamp: hires" in text
    assert corosync_conf.render(build.build(spec, new)) == text


def test_a_part_says_nothing_of_what_it_does_not_name():
    part = load_part({"corosync": {"token": "7s"}})
    old = corosync_conf.parse(FOREIGN)
    (change,) = corosync_diff.diff(old, build.build(part, old), running=True)
    assert change.text() == "+ corosync.conf:totem.token = 7000  [reload]"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"corosync": {}}, True),
        ({"cib": {}, "unmanaged": "keep"}, True),
        ({"corosync": {}, "nodes": []}, False),
        *(({}, False), (None, False), ([], False)),
    ],
)
def test_a_part_has_no_cluster_nodes_and_fencing(data, expected):
    assert is_part(data) is expected


def test_mistakes_in_a_part_are_told_at_once():
    with pytest.raises(InvalidInput) as caught:
        load_part({"corosync": {"token": "5", "totem": {"more": {"a{": 1}}, "nodelits": []}})
    places = {problem.place for problem in caught.value.problems}
    assert places == {"corosync.token", "corosync.totem.more.a{", "corosync.nodelits"}


def test_a_part_is_passed_without_the_key_kvmha():
    with pytest.raises(InvalidInput, match="pass what stands below it"):
        load_part({"kvmha": {"corosync": {}}})


def test_every_rule_between_values_is_of_whole_clusters_only():
    nonsense = {"transport": "udpu", "crypto_cipher": "aes256", "quorum": {"two_node": True}}
    assert not isinstance(load_part({"corosync": nonsense}), ClusterSpec)


@pytest.mark.parametrize(("path", "place", "meta"), WORDS)
def test_a_value_that_cannot_be_read_is_a_mistake_there_only(path, place, meta, example):
    said = pillar(place, [{}])["corosync"]
    if "device" in place:
        device = said["quorum"]["device"]
        net = {"host": "qnetd.example.org"} | device.get("net", {})
        said["quorum"]["device"] = {"model": "net", "votes": 1} | device | {"net": net}
    if place[0] == "nodelist":
        said["nodelist"][0] = {"name": "ha-host1"} | said["nodelist"][0]
    if "knet_ping" in path:
        pings = {"knet_ping_interval": "1s", "knet_ping_timeout": "2s"}
        said["interfaces"][0] = pings | said["interfaces"][0]
    with pytest.raises(InvalidInput) as caught:
        load(example("lab") | {"corosync": said})
    where = "".join("[0]" if step == [] else f".{step}" for step in place)
    assert {problem.place for problem in caught.value.problems} == {f"corosync{where}"}


def test_classes_of_the_vocabulary_have_names_of_their_own():
    seen = {}
    todo = [ClusterSpec, CorosyncPart]
    while todo:
        cls = todo.pop()
        if seen.setdefault(cls.__name__, cls) is not cls:
            pytest.fail(f"two classes are called {cls.__name__}")
        inner = (class_of(field.metadata["said"]) for field in dataclasses.fields(cls))
        todo += [one for one in inner if one and seen.get(one.__name__) is not one]
