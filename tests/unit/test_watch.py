"""Following a cluster: events from looks, one screen that fits, plain lines where there is none."""

from __future__ import annotations

import dataclasses
import io
import sys

import pytest
from rich.console import Console

from kvmha.drills.record import Record, StepRecord
from kvmha.errors import KvmhaError
from kvmha.view import changes, frame, watch
from kvmha.view.snapshot import Link, NodeSeen, Snapshot

NAMES = ("ha-host1", "ha-host2", "ha-host3")
VIPS = {"vip-ap": "192.168.56.200"}


def seen(name, members=NAMES, **more):
    said = {
        "answered": True,
        "corosync": True,
        "members": members,
        "quorate": len(members) > 1,
        "votes": len(members),
        "expected_votes": 3,
        "needed": 2,
        "links": tuple(Link(0, peer, peer in members) for peer in NAMES if peer != name),
        "pacemaker": True,
        "dc": members[0],
        "online": members,
        "uptime": 100.0,
    }
    return NodeSeen(name, **(said | more))


def whole(time=0.0):
    return Snapshot(
        time,
        (
            seen(NAMES[0], domains={"web1": "running"}, heartbeats={"web1": 7}),
            seen(NAMES[1], addresses=(VIPS["vip-ap"],)),
            seen(NAMES[2]),
        ),
    )


def cut(time=5.0):
    """Node 1 is alone, node 3 silent; the VM and the address are on node 2."""
    moved = {"domains": {"web1": "running"}, "addresses": (VIPS["vip-ap"],)}
    two = ("ha-host2", "ha-host3")
    return Snapshot(
        time, (seen(NAMES[0], NAMES[:1]), seen(NAMES[1], two, **moved), NodeSeen(NAMES[2]))
    )


def told(before, now):
    return [f"{each.name}: {each.what}" for each in changes.between(before, now, VIPS)]


def test_the_first_look_tells_what_there_is():
    assert told(None, whole()) == [
        "vip-ap: is on ha-host2",
        "web1: is on ha-host1",
        *(f"{name}: answers" for name in NAMES),
        "membership: ha-host1, ha-host2, ha-host3 (quorum, DC ha-host1)",
    ]
    assert "ha-host3: does not answer" in told(None, cut())


def test_nothing_changed_is_nothing_told():
    assert told(whole(), whole(5.0)) == []


def test_a_cut_is_told_as_it_was_seen():
    assert told(whole(), cut()) == [
        "web1: moved from ha-host1 to ha-host2",
        "ha-host3: does not answer",
        "membership: ha-host2, ha-host3 (quorum, DC ha-host2) | ha-host1 (no quorum, DC ha-host1)",
        "ha-host1: link 0 to ha-host2 is down",
        "ha-host1: link 0 to ha-host3 is down",
        "ha-host2: link 0 to ha-host1 is down",
    ]


def test_what_runs_twice_is_on_both():
    nodes = [dataclasses.replace(node, domains={"web1": "running"}) for node in whole().nodes]
    twice = Snapshot(5.0, tuple(nodes[:2]))
    assert "web1: moved from ha-host1 to ha-host1 and ha-host2" in told(whole(), twice)


def test_a_boot_and_lost_daemons_are_told():
    first, *rest = whole().nodes
    booted = dataclasses.replace(first, uptime=3.0, pacemaker=False, errors={"slots": "no disk"})
    found = told(whole(), Snapshot(5.0, (booted, *rest)))
    assert found == [
        "ha-host1: pacemaker does not run",
        "ha-host1: has booted 3 s ago",
        "ha-host1: slots: no disk",
    ]


def drawn(shown, width=80, height=24):
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=False)
    with console.capture() as captured:
        console.print(shown, height=height)
    return captured.get().splitlines()


def framed(snapshot, **more):
    state = watch.Watch(VIPS)
    state.looked(whole())
    state.looked(snapshot)
    return frame.Frame("alpha", snapshot, state.places, **more)


def test_the_screen_shows_nodes_quorum_links_and_places():
    lines = drawn(framed(cut()))
    rows = {line.split()[0]: line for line in lines if line.strip()}
    assert [" ".join(row.split()) for row in lines[1:5]] == [
        "node state quorum DC sees links",
        "1 ha-host1 online NO, 1 of 3, needs 2 ha-host1 1 down: 0 to 2, 0 to 3",
        "2 ha-host2 online yes, 2 of 3, needs 2 ha-host2 2 3 down: 0 to 1",
        "3 ha-host3 silent ? ? ? ?",
    ]
    assert rows["web1"].split()[1] == "ha-host2" and "heartbeat 7, 5 s old" in rows["web1"]
    assert rows["vip-ap"].split()[1] == "ha-host2"


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 12), (200, 60)])
@pytest.mark.parametrize("vms", [0, 3, 50])
def test_the_screen_fits_whatever_there_is(width, height, vms):
    names = tuple(f"ha-host{number}" for number in range(1, 6))
    nodes = tuple(
        seen(name, names, domains={f"vm{n}": "running" for n in range(vms)}) for name in names
    )
    log = tuple(frame.Line("10:00:00", "vm1", "x" * 300) for _ in range(100))
    lines = drawn(framed(Snapshot(5.0, nodes), log=log, drill="partition3"), width, height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    if width >= 80:
        assert any("xxx" in line for line in lines) and "drill: partition3" in lines[1]


def followed(looks, **more):
    out, left = io.StringIO(), list(looks)
    count = watch.follow(
        lambda: left.pop(0),
        title="alpha",
        vips=VIPS,
        interval=1,
        **({"count": len(left), "pause": lambda _: None, "stream": out} | more),
    )
    return count, out.getvalue().splitlines()


def test_without_a_terminal_events_are_lines():
    count, lines = followed([whole(1_800_000_000.0), cut(1_800_000_005.0)])
    assert count == 2
    assert lines[0] == "2027-01-15T08:00:00Z  vip-ap       is on ha-host2"
    assert "2027-01-15T08:00:05Z  web1         moved from ha-host1 to ha-host2" in lines


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_the_normal_end(interrupt):
    def pause(_seconds):
        raise interrupt

    assert followed([whole()], count=0, pause=pause)[0] == 1


def record(*verdicts, ends="interrupted", healed=False, named="p3-1"):
    steps = tuple(
        StepRecord(f"step {n}", "cut 1-2", 1.0, 2.0, whole(), verdict=verdict)
        for n, verdict in enumerate(verdicts, 1)
    )
    return Record(named, "partition3", "that it holds", "alpha", "", 1.0, ends, healed, steps)


def steps_of(state, found):
    return [each.what for each in state.drilled(found, 1.0)]


def test_a_drill_is_followed_step_by_step():
    state = watch.Watch()
    assert steps_of(state, None) == []
    assert steps_of(state, record()) == ["began: that it holds"]
    assert steps_of(state, record("observed")) == ["step 1: cut 1-2: observed"]
    assert steps_of(state, record("observed")) == []
    assert state.drill is not None
    ended = record("observed", "as predicted", ends="passed", healed=True)
    assert steps_of(state, ended) == ["step 2: cut 1-2: as predicted", "passed"]
    assert steps_of(state, ended) == []
    assert state.drill is None


def test_a_drill_that_had_begun_is_followed_from_its_next_step():
    state = watch.Watch()
    assert steps_of(state, record("observed")) == []
    assert state.drill is None  # nobody knows yet whether it goes on
    assert steps_of(state, record("observed", "observed")) == ["step 2: cut 1-2: observed"]
    assert state.drill is not None
    assert steps_of(state, record("observed", "observed", healed=True)) == ["interrupted"]


@pytest.mark.parametrize("ends", ["passed", "interrupted"])
def test_a_drill_that_ended_before_is_not_told(ends):
    state = watch.Watch()
    for _ in range(2):
        assert steps_of(state, record("observed", ends=ends)) == []
    assert steps_of(state, record(named="p3-2")) == ["began: that it holds"]


def test_what_could_not_be_healed_is_told():
    state = watch.Watch()
    state.drilled(None, 0.0)
    assert steps_of(state, record("broken", ends="broken"))[-1] == "broken, NOT healed"


def test_a_missing_library_is_named(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setitem(sys.modules, "rich.live", None)
    with pytest.raises(KvmhaError, match="salt-pip install rich"):
        followed([whole()], stream=Terminal())
