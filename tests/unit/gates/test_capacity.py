"""Memory of hosts against that of virtual machines."""

from __future__ import annotations

import pytest

from kvmha.gates import capacity
from kvmha.spec import load
from kvmha.spec.vms import Vm

GIB = 1 << 30


def vm(name, gib, avoid=()):
    return Vm(name=name, memory=gib * GIB, avoid=avoid)


@pytest.mark.parametrize(
    ("vms", "room", "homeless"),
    [
        pytest.param([], {"a": 1}, [], id="no VM"),
        pytest.param([("x", 1)], {}, ["x"], id="no host"),
        pytest.param([("x", 4)], {"a": 4}, [], id="just so"),
        pytest.param([("x", 4), ("y", 1)], {"a": 4}, ["y"], id="full"),
        pytest.param([("s", 1), ("l", 4)], {"a": 4, "b": 1}, [], id="the largest is laid first"),
        pytest.param([("x", 2, ("a",))], {"a": 4, "b": 1}, ["x"], id="avoid is heeded"),
        pytest.param([("x", 2, ("a",)), ("y", 2)], {"a": 2, "b": 2}, [], id="each on its own"),
        pytest.param([("x", 3), ("y", 3), ("z", 3)], {"a": 5, "b": 5}, ["z"], id="no host halves"),
    ],
)
def test_vms_are_laid_on_hosts(vms, room, homeless):
    left = capacity.unplaced(
        [vm(*each) for each in vms], {name: size * GIB for name, size in room.items()}
    )
    assert [one.name for one in left] == homeless


@pytest.fixture
def spec(example):
    """Return three hosts with a VM of 16 GiB and one of 8 GiB."""
    return load(example("three_node"))


def test_loss_of_any_host_that_can_be_borne_is_no_note(spec):
    memory = dict.fromkeys(("ha-host1", "ha-host2", "ha-host3"), 24 * GIB)
    assert capacity.notes(spec, memory) == []
    assert capacity.judge(spec, memory) == []


def test_note_names_the_host_and_what_has_no_room(spec):
    memory = {"ha-host1": 16 * GIB, "ha-host2": 8 * GIB, "ha-host3": 8 * GIB}
    assert capacity.notes(spec, memory) == [
        "without ha-host1 there may be no memory for db1 (16GiB): the other hosts have 16.0GiB"
        " (hint: smaller VMs, or more memory)"
    ]


def test_avoided_hosts_do_not_count(example, changed):
    spec = load(changed(example("three_node"), {"vms[0].avoid": ["ha-host3"]}))
    memory = {"ha-host1": 8 * GIB, "ha-host2": 512 << 20, "ha-host3": 64 * GIB}
    (found,) = capacity.judge(spec, memory)
    assert found.startswith("db1: its 16GiB of memory are more than any host has")
    assert "ha-host1 has 8.0GiB" in found


def test_what_the_pillar_says_of_a_host_counts_and_not_what_it_has(example, changed):
    small = {f"nodes[{i}].capacity": {"memory": size} for i, size in enumerate(["40GiB"] * 2)}
    spec = load(changed(example("placement"), small | {"nodes[2].capacity": {"memory": "8GiB"}}))
    memory = dict.fromkeys(("ha-host1", "ha-host2", "ha-host3"), 64 * GIB)
    assert [note.partition(":")[0] for note in capacity.notes(spec, memory)] == [
        f"without {node} there may be no memory for build (16GiB)"
        for node in ("ha-host1", "ha-host2")
    ]


def test_a_host_that_has_less_than_is_said_of_it_is_told(example):
    spec = load(example("placement"))
    memory = {"ha-host1": 64 * GIB, "ha-host2": 32 * GIB}
    assert capacity.judge(spec, memory) == [
        "ha-host2: its capacity says 56GiB of memory, it has 32.0GiB (hint: nodes[].capacity)"
    ]
