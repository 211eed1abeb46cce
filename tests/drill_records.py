"""Records of drills that never were, told by hand: what reports are made from in tests."""

from __future__ import annotations

import itertools

from kvmha.drills.record import Absence, Breach, Cut, Outcome, Record, StepRecord
from kvmha.timeline import Sample
from kvmha.view.snapshot import Link, NodeSeen, Partition, Snapshot

EPOCH = 1_795_800_000.0
VIP = "192.168.56.200"
SETTINGS = {
    "token": "3s",
    "fencing": "sbd, 1 disk",
    "watchdog timeout": "5s",
    "msgwait": "10s",
    "no-quorum-policy": "stop",
    "wait_for_all": "no",
}
VERSIONS = {"corosync": "3.1.7", "pacemaker": "2.1.5", "kvmha": "0.1.0", "salt": "3008.3"}
INVARIANTS = (
    "At most one partition has quorum",
    "Without quorum nothing runs",
    "No VM runs on two nodes",
    "No address is held twice",
    "No disk has two writers",
    "What was acknowledged is still there",
)


def look(
    names,
    groups,
    vms,
    *,
    at=0.0,
    cuts=(),
    silent=(),
    vips=None,
    links=1,
    down=(),
    booted=(),
    quorum=None,
    dcs=None,
    flags=None,
):
    """Return a Snapshot: ``groups`` are memberships, ``vms`` {VM: node or nodes}.

    ``down`` are links ((number, one, other)) without a cut; ``quorum`` replaces the majority.
    """
    most = len(names) // 2 + 1
    nodes = []
    for name in names:
        group = next((each for each in groups if name in each), ())
        if name in silent:
            nodes.append(NodeSeen(name))
            continue
        quorate = len(group) >= most if quorum is None else name in quorum
        nodes.append(
            NodeSeen(
                name,
                answered=True,
                corosync=bool(group),
                members=tuple(group),
                quorate=quorate,
                votes=len(group),
                expected_votes=len(names),
                links=_links(name, names, links, cuts={*cuts}, down={*down}, silent=silent),
                pacemaker=bool(group),
                dc=(dcs or {}).get(name, group[0] if group else ""),
                online=tuple(group),
                flags=(flags or {}).get(name, {}),
                domains={vm: "running" for vm, on in vms.items() if name in _many(on)},
                addresses=(
                    f"192.168.56.{101 + names.index(name)}",
                    *(vip for vip, on in (vips or {}).items() if name in _many(on)),
                ),
                mounts=("/srv/vmstore",),
                heartbeats={vm: int(at) for vm, on in vms.items() if name in _many(on)},
                uptime=20.0 if name in booted else 5000.0 + at,
            )
        )
    return Snapshot(EPOCH + at, tuple(nodes))


def _links(name, names, count, *, cuts, down, silent):
    return tuple(
        Link(
            number,
            peer,
            (name, peer) not in cuts
            and (peer, name) not in cuts
            and not {(number, name, peer), (number, peer, name)} & down
            and peer not in silent,
        )
        for number in range(count)
        for peer in names
        if peer != name
    )


def _many(on):
    return (on,) if isinstance(on, str) else tuple(on)


def looks(end, *stories, every=2.0):
    """Return samples up to ``end``; a story is (name, (from, place), ...), None is nowhere."""
    samples = []
    time = 0.0
    while time <= end:
        where, answers = {}, {}
        for name, *turns in stories:
            place = [place for begin, place in turns if begin <= time][-1]
            if place:
                where[name] = place
            answers[name] = bool(place)
        samples.append(Sample(time, where, answers))
        time += every
    return tuple(samples)


def outcome(*groups, size=3, fenced=(), dc=""):
    most = size // 2 + 1
    return Outcome(
        tuple(Partition(group, len(group) >= most, dc if dc in group else "") for group in groups),
        tuple(fenced),
    )


H1, H2, H3 = THREE = ("ha-host1", "ha-host2", "ha-host3")
WHOLE = outcome(THREE)
PARTS = {"token + consensus": 6.6, "membership": 2.0, "fencing": 13.0, "start": 45.0}


def partition3_without_fencing():
    """Cut 1-3, then 1-2, then 2-3, and heal: the article's own, nothing is fenced."""
    one, two, three = (H1, H3), (H1, H2), (H2, H3)
    vms = {"ap1": H3, "db1": H1, "db2": H2}
    at = (0.0, 12.0, 48.0, 90.0, 128.0)
    left = {"ap1": H2, "db2": H2}
    steps = (
        StepRecord("baseline", "Look before anything is done", at[0], 1.2,
                   look(THREE, [THREE], vms, vips={VIP: H3}), (), (WHOLE,), "as predicted",
                   ("All nodes are one partition, with quorum.",)),
        StepRecord("cut 1-3", "Drop all packets between ha-host1 and ha-host3", at[1], 9.4,
                   look(THREE, [(H1, H2), (H3,)], {"ap1": H2, "db1": H1, "db2": H2}, at=at[1],
                        cuts=(one,), vips={VIP: H2}), (one,),
                   (outcome((H1, H2), (H3,)), outcome((H2, H3), (H1,))), "as predicted",
                   ("The cut is not transitive: ha-host2 still sees both ends, and either may"
                    " stay with it.", "ha-host1 and ha-host2 kept quorum, 2 of 3 votes;"
                    " ha-host3 stopped what it ran.")),
        StepRecord("cut 1-2 too", "Drop all packets between ha-host1 and ha-host2", at[2], 11.0,
                   look(THREE, [(H2, H3), (H1,)], {**left, "db1": H3}, at=at[2],
                        cuts=(one, two), vips={VIP: H2}), (one, two),
                   (outcome((H2, H3), (H1,)),), "as predicted",
                   ("ha-host1 sees nobody; the others form a partition with 2 of 3 votes.",)),
        StepRecord("cut 2-3 too", "Drop all packets between ha-host2 and ha-host3", at[3], 8.1,
                   look(THREE, [(H1,), (H2,), (H3,)], {}, at=at[3], cuts=(one, two, three)),
                   (one, two, three), (outcome((H1,), (H2,), (H3,)),), "as predicted",
                   ("Each node is alone; none has quorum, and nothing runs.",)),
        StepRecord("heal", "Remove all cuts", at[4], 14.6,
                   look(THREE, [THREE], {"ap1": H3, "db1": H1, "db2": H2}, at=at[4],
                        vips={VIP: H3}), (), (WHOLE,), "as predicted",
                   ("All nodes are one partition again, and everything runs.",)),
    )  # fmt: skip
    watched = looks(
        160.0,
        ("db1", (0, H1), (54, None), (64, H3), (96, None), (142, H1)),
        ("db2", (0, H2), (96, None), (140, H2)),
        ("ap1", (0, H3), (20, None), (26, H2), (96, None), (148, H3)),
        (VIP, (0, H3), (18, None), (22, H2), (94, None), (138, H3)),
    )
    absences = (
        Absence("ap1", 52.0, 0.0), Absence("db1", 46.0, 0.0), Absence("db2", 44.0, 0.0),
        Absence(VIP, 44.0, 0.0),
    )  # fmt: skip
    return _record("partition3", steps, watched, absences=absences, settings={"fencing": "none"})


def partition3_with_fencing():
    """The same with SBD: who loses quorum is fenced, boots, and is back by itself."""
    one, two = (H1, H3), (H1, H2)
    steps = (
        StepRecord("baseline", "Look before anything is done", 0.0, 1.0,
                   look(THREE, [THREE], {"ap1": H3, "db1": H1}, vips={VIP: H3}), (), (WHOLE,),
                   "as predicted", ("All nodes are one partition, with quorum.",)),
        StepRecord("cut 1-3", "Drop all packets between ha-host1 and ha-host3", 12.0, 34.0,
                   look(THREE, [(H1, H2)], {"ap1": H2, "db1": H1}, at=40, silent=(H3,),
                        cuts=(one,), vips={VIP: H2}), (one,),
                   (outcome((H1, H2), fenced=(H3,)), outcome((H2, H3), fenced=(H1,))),
                   "as predicted", ("ha-host3 was fenced over SBD: reset at 31 s.",)),
        StepRecord("ha-host3 is back", "Wait until all nodes are members", 61.0, 22.0,
                   look(THREE, [THREE], {"ap1": H2, "db1": H1}, at=61, booted=(H3,),
                        vips={VIP: H2}), (), (WHOLE,), "as predicted",
                   ("The cut vanished with the reboot.",)),
        StepRecord("cut 1-2 too", "Drop all packets between ha-host1 and ha-host2", 95.0, 30.0,
                   look(THREE, [(H2, H3)], {"ap1": H2, "db1": H3}, at=125, silent=(H1,),
                        cuts=(two,), vips={VIP: H2}), (two,),
                   (outcome((H1, H3), fenced=(H2,)), outcome((H2, H3), fenced=(H1,))),
                   "as predicted", ("ha-host1 was fenced over SBD.",)),
        StepRecord("heal", "Remove all cuts", 150.0, 25.0,
                   look(THREE, [THREE], {"ap1": H2, "db1": H3}, at=175, booted=(H1,),
                        vips={VIP: H2}), (), (WHOLE,), "as predicted", ()),
    )  # fmt: skip
    watched = looks(
        180.0,
        ("db1", (0, H1), (98, None), (132, H3)),
        ("ap1", (0, H3), (14, None), (46, H2)),
        (VIP, (0, H3), (14, None), (38, H2)),
    )
    absences = (
        Absence("ap1", 32.0, 66.6, PARTS), Absence("db1", 34.0, 66.6, PARTS),
        Absence(VIP, 24.0, 41.6, {**PARTS, "start": 20.0}),
    )  # fmt: skip
    return _record("partition3", steps, watched, absences=absences)


def vm_on_two_nodes():
    """Without fencing and with no-quorum-policy ignore, a VM runs twice: the drill ends there."""
    cut = (H1, H2)
    both = {"db1": (H1, H2), '<b>&"web"</b>': H2}
    steps = (
        StepRecord("baseline", "Look before anything is done", 0.0, 1.0,
                   look((H1, H2), [(H1, H2)], {"db1": H1, "<b>&\"web\"</b>": H2}), (),
                   (outcome((H1, H2), size=2),), "as predicted", ()),
        StepRecord("cut 1-2", "Drop all packets between ha-host1 and ha-host2", 10.0, 16.0,
                   look((H1, H2), [(H1,), (H2,)], both, at=26, cuts=(cut,), quorum=(H1, H2)),
                   (cut,), (outcome((H1,), (H2,), size=2),), "broken",
                   ("Both partitions have quorum.", "db1 runs on ha-host1 and on ha-host2.")),
    )  # fmt: skip
    breaches = (
        Breach(INVARIANTS[0], 22.0, "ha-host1 alone and ha-host2 alone both say they have quorum"),
        Breach(INVARIANTS[2], 26.0, "virsh list: db1 running on ha-host1, pid 4711, and on"
               " ha-host2, pid 1508; last write of ha-host2 at 25.8 s"),
    )  # fmt: skip
    watched = looks(
        30.0,
        ("db1", (0, H1), (26, f"{H1}, {H2}")),
        ('<b>&"web"</b>', (0, H2)),
    )
    return _record(
        "cut2", steps, watched, breaches=breaches, verdict="broken", seconds=31.5,
        problems=("db1 was stopped on ha-host2 before its host was let back in",),
        settings={"fencing": "none", "two_node": "yes", "no-quorum-policy": "ignore"},
    )  # fmt: skip


def interrupted():
    """Ctrl-C in the second step; one node could not be healed."""
    steps = (
        StepRecord("baseline", "Look before anything is done", 0.0, 1.0,
                   look(THREE, [THREE], {"db1": H1}, links=2), (), (WHOLE,), "as predicted", ()),
        StepRecord("link 1 down", "Take link 1 of ha-host2 away", 8.0, 3.0,
                   look(THREE, [THREE], {"db1": H1}, links=2, at=11,
                        down=((1, H2, H1), (1, H2, H3))), (), (WHOLE,), "as predicted",
                   ("One link of two is lost: nobody leaves.",)),
    )  # fmt: skip
    return _record(
        "lose_link", steps, looks(14.0, ("db1", (0, H1))), verdict="interrupted", healed=False,
        problems=("ha-host2 does not answer: its dead-man timer ends by itself within 120 s",),
    )  # fmt: skip


def eight_nodes():
    """Eight hosts with long names, two links, 20 VMs, two halves: none has quorum."""
    names = tuple(f"kvm-rack{1 + n // 4:02}-frankfurt-node-{n + 1:02}" for n in range(8))
    vms = {f"customer-{n:02}-database-primary": names[n % 8] for n in range(20)}
    halves = names[:4], names[4:]
    cuts: tuple[Cut, ...] = tuple(itertools.product(*halves))
    moved = {vm: names[n % 4] for n, vm in enumerate(vms)}
    steps = (
        StepRecord("baseline", "Look before anything is done", 0.0, 2.0,
                   look(names, [names], vms, links=2, vips={"2001:db8::200": names[0]}), (),
                   (outcome(names, size=8),), "as predicted", ()),
        StepRecord("lose rack 2", "Cut every node of rack 1 from every node of rack 2", 20.0, 25.0,
                   look(names, halves, moved, links=2, at=45, cuts=cuts, quorum=halves[0],
                        vips={"2001:db8::200": names[0]}),
                   cuts, (outcome(*halves, size=8),), "not predicted",
                   ("Four of eight votes are no majority, yet rack 1 says it has quorum:"
                    " auto_tie_breaker is on, and the pillar does not say so.",)),
    )  # fmt: skip
    stories = [(vm, (0, on), (24, None if on in halves[1] else on), (60, moved[vm]))
               for vm, on in vms.items()]  # fmt: skip
    return _record(
        "lose_rack", steps, looks(80.0, *stories, ("2001:db8::200", (0, names[0]))),
        verdict="failed", cluster="frankfurt-production",
        absences=tuple(Absence(vm, 36.0 + n, 52.0, {"token + consensus": 12.0, "fencing": 15.0,
                       "start": 25.0}) for n, vm in enumerate(vms) if vms[vm] in halves[1]),
    )  # fmt: skip


def _record(scenario, steps, watched, *, settings=None, **more):
    began = "2026-11-27T19:00:00+00:00"
    said = {
        "id": f"{scenario}-20261127T190000Z",
        "scenario": scenario,
        "proves": PROVES[scenario],
        "cluster": "alpha",
        "began": began,
        "seconds": watched[-1].time + 0.4,
        "verdict": "passed",
        "healed": True,
        "invariants": INVARIANTS,
        "versions": VERSIONS,
    }
    said |= more
    return Record(steps=steps, watched=watched, settings=SETTINGS | (settings or {}), **said)


PROVES = {
    "partition3": "Three nodes that lose sight of each other pair by pair: at most one partition"
    " goes on, with quorum, and what the others ran is stopped before it starts elsewhere.",
    "cut2": "Two nodes that lose sight of each other: one goes on, the other is fenced.",
    "lose_link": "A cluster with two links keeps its members when one is lost.",
    "lose_rack": "A cluster of two racks loses one of them.",
}
RECORDS = {
    each.__name__: each
    for each in (
        partition3_without_fencing,
        partition3_with_fencing,
        vm_on_two_nodes,
        interrupted,
        eight_nodes,
    )
}
