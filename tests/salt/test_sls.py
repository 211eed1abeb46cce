"""Every SLS renders for every pillar example and platform, through both doors."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.salt.conftest import GRAINS, MASTER, ROOT

EXAMPLES = sorted(path.stem for path in (ROOT / "pillar" / "examples").glob("*.sls"))
SLS = sorted(
    ".".join(path.relative_to(ROOT / "salt").with_suffix("").parts).removesuffix(".init")
    for path in (ROOT / "salt" / "kvmha").rglob("*.sls")
)


def compiled(made, name):
    """Return the low chunks of an SLS; fail with what Salt has against it."""
    high, errors = made.render_highstate({"base": [name]})
    assert not errors
    high, errors = made.state.reconcile_extend(high)
    assert not errors
    errors = made.state.verify_high(high)
    assert not errors
    high, errors = made.state.requisite_in(high)
    assert not errors
    compiled_ = made.state.compile_high_data(high)
    chunks, errors = compiled_ if isinstance(compiled_, tuple) else (compiled_, [])
    assert not errors
    for chunk in chunks:
        function = f"{chunk['state']}.{chunk['fun']}"
        assert function in made.state.states, f"{name}: there is no state {function}"
    return high, chunks


def minions_of(document):
    """Return the first node's minion and the last's."""
    ids = [node.get("minion") or node["name"] for node in document["nodes"]]
    return [ids[0], ids[-1]]


def assert_requisites_resolve(high, chunks):
    known = {(chunk["state"], chunk["__id__"]) for chunk in chunks}
    known |= {("sls", chunk["__sls__"]) for chunk in chunks}
    for chunk in chunks:
        for requisite in chunk.get("require", []):
            assert next(iter(requisite.items())) in known, f"{chunk['__id__']} wants {requisite}"


@pytest.mark.parametrize("grains", list(GRAINS))
@pytest.mark.parametrize("name", EXAMPLES)
def test_highstate_of_a_node_compiles(name, grains, example, compiler):
    document = example(name)
    for minion in minions_of(document):
        high, chunks = compiled(compiler(minion, {"kvmha": document}, grains=grains), "kvmha")
        assert "The cluster's packages are installed" in high
        assert_requisites_resolve(high, chunks)


@pytest.mark.parametrize("name", EXAMPLES)
def test_orchestration_compiles(name, example, compiler):
    document = example(name)
    high, chunks = compiled(compiler(MASTER, {"kvmha": document}), "kvmha")
    assert "The cluster is validated" in high
    assert_requisites_resolve(high, chunks)


@pytest.mark.parametrize("sls", [name for name in SLS if name.startswith("kvmha.node")])
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_sls_of_a_node_compiles_by_itself(name, sls, example, compiler):
    document = example(name)
    for minion in minions_of(document):
        compiled(compiler(minion, {"kvmha": document}), sls)


def test_only_the_first_node_does_what_is_done_once(example, compiler):
    document = example("lab")
    first, last = minions_of(document)
    once = {"SBD's disks carry its header", "Filesystem vmstore is on its disk"}
    assert once <= set(compiled(compiler(first, {"kvmha": document}), "kvmha")[0])
    assert not once & set(compiled(compiler(last, {"kvmha": document}), "kvmha")[0])


def test_every_stage_of_the_orchestration_waits_for_the_one_before(example, compiler):
    _, chunks = compiled(compiler(MASTER, {"kvmha": example("lab")}), "kvmha")
    ordered = sorted(chunks, key=lambda chunk: chunk["order"])
    for before, chunk in itertools.pairwise(ordered):
        assert {before["state"]: before["__id__"]} in chunk["require"], chunk["__id__"]


def test_orchestration_targets_minions_by_their_ids(example, changed, compiler):
    document = changed(example("lab"), {"nodes[0].minion": "kvm1.example.com"})
    _, chunks = compiled(compiler(MASTER, {"kvmha": document}), "kvmha")
    targets = {tuple(chunk["tgt"]) for chunk in chunks if chunk["state"] == "salt"}
    assert targets == {("kvm1.example.com", "ha-host2", "ha-host3"), ("kvm1.example.com",)}


@pytest.mark.parametrize("pillar", [{}, {"kvmha": {}}, {"kvmha": {"nodes": "three"}}])
def test_pillar_with_mistakes_leaves_only_the_state_that_names_them(pillar, compiler):
    _, chunks = compiled(compiler(MASTER, pillar), "kvmha")
    assert [chunk["fun"] for chunk in chunks] == ["spec_valid"]


@pytest.mark.parametrize("pillar", [{}, {"kvmha": {"nodes": "three"}}])
def test_node_with_a_bad_pillar_still_compiles_so_that_states_can_say_so(pillar, compiler):
    high, _ = compiled(compiler("ha-host1", pillar), "kvmha")
    assert "The cluster's packages are installed" in high


def test_no_sls_runs_programs():
    for path in Path(ROOT / "salt").rglob("*.sls"):
        assert "cmd." not in path.read_text(encoding="utf-8"), path
