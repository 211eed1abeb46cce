"""Derived timeouts, against the figures that crmsh's health check wants."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmha.spec.corosync_totem import Totem
from kvmha.spec.fencing import Fencing, Sbd
from kvmha.spec.model import Cluster, ClusterSpec, Corosync, Node
from kvmha.timeouts import derive


def spec(nodes=3, token=5_000, watchdog=5_000, consensus=None):
    return ClusterSpec(
        cluster=Cluster(name="a"),
        nodes=tuple(Node(name=f"n{i}", id=i, links=(f"10.0.0.{i}",)) for i in range(1, nodes + 1)),
        fencing=Fencing(sbd=Sbd(devices=("/dev/x",), watchdog_timeout=watchdog)),
        corosync=Corosync(token=token, consensus=consensus),
    )


@pytest.mark.parametrize(
    ("nodes", "token", "watchdog", "expected"),
    [
        (3, 5_000, 5_000, (71, 21, 90)),  # the field's example: disk SBD, three nodes, token 5
        (3, 5_000, 15_000, (71, 41, 90)),
        (3, 10_000, 15_000, (82, 52, 90)),
        (2, 5_000, 15_000, (71, 71, 90)),  # crmsh's own tests: SBD_DELAY_START 71 on two nodes
        (2, 10_000, 15_000, (82, 82, 98)),  # and 82 with token 10
        (3, 5_000, 60_000, (155, 131, 157)),
        (3, 5_000, 31_000, (85, 73, 90)),  # int(1.2 * 62) is 74
    ],
)
def test_sbd_timeouts_are_those_of_crmsh(nodes, token, watchdog, expected):
    found = derive(spec(nodes, token, watchdog))
    seconds = (found.stonith_timeout, found.delay_start, found.start_limit)
    assert seconds == tuple(1000 * figure for figure in expected)
    assert found.msgwait == 2 * watchdog


def test_the_real_token_grows_with_every_node_beyond_two():
    assert [derive(spec(n)).token for n in (2, 3, 5)] == [5_000, 5_650, 6_950]
    assert derive(spec(3)).consensus == 6_780


def test_a_written_consensus_is_kept():
    found = derive(spec(2, consensus=9_000))
    assert found.consensus == 9_000
    assert found.stonith_timeout == (60 + 5 + 9) * 1000


def test_only_two_nodes_need_a_random_delay():
    assert [derive(spec(n)).delay_max for n in (2, 3)] == [30_000, 0]


@given(
    st.integers(2, 32),
    st.integers(1_000, 60_000),
    st.integers(5, 600),
)
def test_fencing_is_given_longer_than_the_message_takes(nodes, token, watchdog):
    found = derive(spec(nodes, token, watchdog * 1000))
    assert found.stonith_timeout > found.msgwait  # Pacemaker adds pcmk_delay_max by itself
    assert found.delay_start > found.msgwait
    assert found.start_limit > found.delay_start
    assert all(
        ms % 1000 == 0
        for ms in (found.msgwait, found.stonith_timeout, found.delay_start, found.start_limit)
    )


def test_a_coefficient_of_the_pillar_counts():
    small = spec(nodes=4)
    said = dataclasses.replace(small.corosync, totem=Totem(token_coefficient=1_000))
    assert derive(small).token == 5_000 + 2 * 650
    assert derive(dataclasses.replace(small, corosync=said)).token == 5_000 + 2 * 1_000
