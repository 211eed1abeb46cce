"""corosync.conf: parse and render, what a spec wants of it, and what each change costs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kvmha.build import corosync_conf as build
from kvmha.documents import corosync_conf, corosync_diff
from kvmha.errors import InvalidInput
from kvmha.plan import Disruption
from kvmha.spec import load

CASES = sorted((Path(__file__).parents[1] / "cases" / "corosync").iterdir())


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request, example, changed):
    folder = request.param
    said = yaml.safe_load((folder / "spec.yaml").read_text())
    spec = load(changed(example(said["example"]), said.get("changed", {})))
    observed = folder / "observed.conf"
    old = corosync_conf.parse(observed.read_text()) if observed.exists() else None
    return folder, spec, old, said.get("running", True)


def test_plan_is_the_recorded_one(case):
    folder, spec, old, running = case
    changes = corosync_diff.diff(old, build.build(spec, old), running=running)
    recorded = yaml.safe_load((folder / "plan.yaml").read_text())
    assert [change.text() for change in changes] == recorded


def test_after_the_change_nothing_is_left_to_do(case):
    _, spec, old, _ = case
    text = corosync_conf.render(build.build(spec, old))
    written = corosync_conf.parse(text)
    assert corosync_diff.diff(written, build.build(spec, written), running=True) == ()
    assert corosync_conf.render(build.build(spec, written)) == text


def test_what_is_not_ours_is_kept(case):
    folder, spec, old, _ = case
    before = corosync_conf.flatten(old) if old else {}
    after = corosync_conf.flatten(build.build(spec, old))
    said = yaml.safe_load((folder / "spec.yaml").read_text())
    ours = ("totem.", "nodelist.", "quorum.two_node", *said.get("ours", []))
    foreign = {key: value for key, value in before.items() if not key.startswith(ours)}
    foreign |= {
        key: value
        for key, value in before.items()
        if ("interface" in key or "knet_mtu" in key or "quorum_votes" in key)
        and not key.startswith(ours[3:])
    }
    assert foreign.items() <= after.items()


def test_observed_document_is_not_changed_by_building(case):
    _, spec, old, _ = case
    before = corosync_conf.render(old) if old else None
    build.build(spec, old)
    assert (corosync_conf.render(old) if old else None) == before


def test_repeated_sections_and_comments_survive_a_round_trip():
    text = (
        "# mine\n"
        "totem {\n    interface {\n        linknumber: 0\n    }\n"
        "    interface {\n        linknumber: 1\n    }\n}\n"
        "future {\n    shape: of\n    things {\n        to: come\n    }\n}\n"
    )
    assert corosync_conf.render(corosync_conf.parse(text)) == text


def test_every_value_has_an_address():
    text = (CASES[0].parent / "foreign_keys_stay" / "observed.conf").read_text()
    flat = corosync_conf.flatten(corosync_conf.parse(text))
    assert flat["nodelist.node[ha-host2].ring0_addr"] == "192.168.56.102"
    assert flat["totem.interface[1].knet_link_priority"] == "1"
    assert flat["logging.logger_subsys[TOTEM].debug"] == "on"
    assert len(flat) == sum(":" in line for line in text.splitlines())


def test_the_last_of_repeated_keys_counts_as_in_corosync():
    section = corosync_conf.parse("totem {\ntoken: 1000\ntoken: 2000\n}\n").section("totem")
    assert section.get("token") == "2000"
    section.set("token", "3000")
    assert corosync_conf.render(section) == "token: 3000\n"


def test_all_mistakes_are_told_with_their_lines():
    with pytest.raises(InvalidInput) as caught:
        corosync_conf.parse("totem {\n  nonsense\n}\n}\nquorum {\n")
    places = [problem.place for problem in caught.value.problems]
    assert places == ["corosync.conf:2", "corosync.conf:4", "corosync.conf"]


@pytest.mark.parametrize("count, expected", [(2, "1"), (3, None)])
def test_two_node_is_set_for_two_nodes_only(example, changed, count, expected):
    spec = load(changed(example("lab"), {} if count == 3 else {"nodes[2]": None}))
    assert build.build(spec).section("quorum").get("two_node") == expected


def test_crypto_is_only_asked_of_knet(example, changed):
    udpu = {"transport": "udpu", "crypto_cipher": "none", "crypto_hash": "none"}
    spec = load(changed(example("lab"), {"corosync": udpu}))
    old = corosync_conf.parse("totem {\nsecauth: on\ncrypto_hash: sha1\n}\n")
    totem = build.build(spec, old).section("totem")
    assert [totem.get(key) for key in ("crypto_cipher", "crypto_hash", "secauth")] == [None] * 3


def test_a_renamed_node_keeps_its_identity():
    old = corosync_conf.parse("nodelist {\nnode {\nnodeid: 1\nring0_addr: a\nname: x\n}\n}\n")
    new = corosync_conf.parse("nodelist {\nnode {\nnodeid: 1\nring0_addr: a\nname: y\n}\n}\n")
    (change,) = corosync_diff.diff(old, new, running=True)
    assert change.text() == "~ corosync.conf:nodelist.node[y].name: x -> y  [cluster_stop]"


def test_a_node_that_leaves_needs_consent():
    old = corosync_conf.parse("nodelist {\nnode {\nnodeid: 1\n}\nnode {\nnodeid: 2\n}\n}\n")
    new = corosync_conf.parse("nodelist {\nnode {\nnodeid: 1\n}\n}\n")
    (change,) = corosync_diff.diff(old, new, running=True)
    assert change.disruption is Disruption.CLUSTER_STOP
