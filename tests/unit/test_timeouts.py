"""Derived timeouts, against the figures that crmsh's health check wants."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmha.spec.cib import Cib
from kvmha.spec.cib_parts import NvSet
from kvmha.spec.corosync_quorum import Device, Quorum
from kvmha.spec.corosync_totem import Totem
from kvmha.spec.fencing import Fencing, FencingDevice, Sbd
from kvmha.spec.model import Cluster, ClusterSpec, Corosync, Node
from kvmha.timeouts import cluster_notes, derive, node_notes


def spec(nodes=3, token=5_000, watchdog=5_000, consensus=None, *, disks=1, device=None, **fencing):
    said = tuple(f"/dev/x{number}" for number in range(disks))
    quorum = Quorum(device=device or Device())
    return ClusterSpec(
        cluster=Cluster(name="a"),
        nodes=tuple(Node(name=f"n{i}", id=i, links=(f"10.0.0.{i}",)) for i in range(1, nodes + 1)),
        fencing=Fencing(**{"sbd": Sbd(devices=said, watchdog_timeout=watchdog)} | fencing),
        corosync=Corosync(token=token, consensus=consensus, quorum=quorum),
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


@pytest.mark.parametrize(
    ("nodes", "token", "watchdog", "device", "expected"),
    [
        (3, 5_000, 15_000, None, (30, 71, 41, 90)),  # max(1.2 * 30, 60) + 11; 11 + 30
        (3, 5_000, 5_000, None, (10, 71, 21, 90)),
        (3, 10_000, 60_000, None, (120, 166, 142, 170)),  # 144 + 22; 22 + 120; 1.2 * 142
        # crmsh makes 35 of the watchdog with a qdevice, whose sync_timeout is 30
        (2, 5_000, 35_000, Device(model="net"), (70, 95, 81, 97)),
    ],
)
def test_diskless_timeouts_are_those_of_crmsh(nodes, token, watchdog, device, expected):
    found = derive(spec(nodes, token, watchdog, disks=0, device=device))
    seconds = (
        found.watchdog_fencing,
        found.stonith_timeout,
        found.delay_start,
        found.start_limit,
    )
    assert seconds == tuple(1000 * figure for figure in expected)
    assert (found.msgwait, found.delay_max) == (0, 0)
    assert node_notes(spec(nodes, token, watchdog, disks=0, device=device))


def test_disks_and_no_sbd_have_no_watchdog_to_wait_for():
    assert derive(spec()).watchdog_fencing == 0
    agents = (FencingDevice(name="a", agent="fence_ipmilan", nodes=("n1",)),)
    found = derive(spec(sbd=None, devices=agents))
    assert (found.watchdog_fencing, found.delay_start, found.start_limit) == (0, 0, 0)
    assert found.stonith_timeout == 71_000  # 60 + token + consensus
    assert node_notes(spec(sbd=None, devices=agents)) == ()


def test_a_longer_watchdog_timeout_of_the_pillar_counts():
    cib = Cib(properties=(NvSet(values={"stonith-watchdog-timeout": "100s"}),))
    longer = dataclasses.replace(spec(disks=0), cib=cib)
    assert derive(longer).watchdog_fencing == 100_000
    assert derive(longer).stonith_timeout == (120 + 11) * 1000


def test_a_qdevice_decides_the_race_of_two_nodes():
    found = derive(spec(2, device=Device(model="net", sync_timeout=20_000)))
    assert (found.delay_max, found.priority_delay, found.sync_timeout) == (0, 0, 20_000)


def test_delays_can_be_said():
    said = spec(2, sbd=Sbd(devices=("/dev/x",), delay_max=10_000), priority_delay=0)
    assert (derive(said).delay_max, derive(said).priority_delay) == (10_000, 0)


def test_everything_is_reckoned_anew_when_nodes_come_and_go():
    """Two nodes, three, and two again: what is shown is what is derived."""
    shown = [(*node_notes(spec(count)), *cluster_notes(spec(count))) for count in (2, 3, 2)]
    assert shown[0] == shown[2] != shown[1]
    assert shown[0] == (
        "msgwait 10s = 2 * watchdog 5s",
        "SBD_DELAY_START 51s = token + consensus 11s + pcmk_delay_max 30s + msgwait 10s",
        "TimeoutStartSec 90s = max(1.2 * SBD_DELAY_START, 90s)",
        "stonith-timeout 71s = max(1.2 * msgwait 10s, 60s) + token + consensus 11s",
        "pcmk_delay_max 30s: two nodes must not fence each other at once",
        "priority-fencing-delay 60s: two nodes must not fence each other at once",
    )
    assert shown[1] == (
        "msgwait 10s = 2 * watchdog 5s",
        "SBD_DELAY_START 21s = token + consensus 11s + msgwait 10s",
        "TimeoutStartSec 90s = max(1.2 * SBD_DELAY_START, 90s)",
        "stonith-timeout 71s = max(1.2 * msgwait 10s, 60s) + token + consensus 11s",
    )


def test_formulas_without_disks_name_the_watchdog():
    assert cluster_notes(spec(disks=0)) == (
        "stonith-timeout 71s = max(1.2 * stonith-watchdog-timeout 10s, 60s) + token + consensus"
        " 11s",
        "stonith-watchdog-timeout 10s = 2 * watchdog 5s",
    )
