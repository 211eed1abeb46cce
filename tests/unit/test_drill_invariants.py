"""What must hold at every look: each invariant broken, and each look that only seems to."""

from __future__ import annotations

from kvmha.drills import invariants
from kvmha.drills.invariants import NAMES, Terms, breaches
from kvmha.spec import load
from kvmha.view.snapshot import NodeSeen, Snapshot

QUORUM, GRACE, VM, ADDRESS, DISK, SAID = NAMES


def node(name, members="abc", *, quorate=True, runs=(), address=(), said=None, **more):
    return NodeSeen(
        name,
        answered=True,
        corosync=more.pop("corosync", True),
        members=tuple(members),
        quorate=quorate,
        domains=dict.fromkeys(runs, "running") | more.pop("domains", {}),
        addresses=tuple(address),
        heartbeats=said or {},
    )


def looks(*rows, every=5.0):
    return [Snapshot(100.0 + index * every, tuple(row)) for index, row in enumerate(rows)]


def broken(terms, seen):
    return {each.invariant for each in breaches(terms, seen)}


WHOLE = [node("a"), node("b"), node("c")]
SPLIT = [node("a", "a"), node("b", "bc"), node("c", "bc")]
TERMS = Terms(vms=("v", "w"), addresses=("10.0.0.9",), grace=60, fencing=90)


def test_whole_cluster_breaks_nothing():
    assert breaches(TERMS, looks(WHOLE, WHOLE)) == ()
    assert breaches(TERMS, []) == ()


def test_two_with_quorum_count_when_seen_twice():
    """The first look may span the change of the membership."""
    assert broken(TERMS, looks(WHOLE, SPLIT)) == set()
    assert broken(TERMS, looks(WHOLE, SPLIT, SPLIT)) == {QUORUM}
    told = breaches(TERMS, looks(SPLIT, SPLIT))[0]
    assert told.evidence == "a has quorum with a and b has quorum with b, c"


def test_overlapping_memberships_are_a_change_under_way():
    forming = [node("a", "ab"), node("b", "bc"), node("c", "bc")]
    assert QUORUM not in broken(TERMS, looks(forming, [node("a", "ab"), node("b", "ab"), WHOLE[2]]))


def test_two_node_has_both_until_fencing_decides():
    both = [node("a", "a"), node("b", "b")]
    terms = Terms(fencing=12, both=True)
    assert broken(terms, looks(both, both, both)) == set()
    assert broken(terms, looks(both, both, both, both)) == {QUORUM}


def without(runs=(), **more):
    return [node("a", "a", quorate=False, runs=runs, **more), node("b", "bc"), node("c", "bc")]


def test_stop_has_its_grace():
    seen = looks(WHOLE, *[without(["v"])] * 14)
    assert broken(TERMS, seen[:12]) == set()
    assert broken(TERMS, seen) == {GRACE}
    assert broken(TERMS, [*seen, *looks(without())]) == set()


def test_address_counts_as_what_runs():
    seen = looks(*[without(address=["10.0.0.9"])] * 15)
    assert broken(TERMS, seen) == {GRACE}


def test_demote_stops_as_stop_does_and_ignore_allows_all():
    seen = looks(*[without(["v"])] * 30)
    for policy, found in (("demote", {GRACE}), ("ignore", set()), ("suicide", {GRACE})):
        terms = Terms(vms=("v",), policy=policy, grace=60, fencing=90)
        assert broken(terms, seen) == found, policy


def test_freeze_keeps_what_runs_and_starts_nothing():
    terms = Terms(vms=("v", "w"), policy="freeze", grace=60)
    kept = looks(*[without(["v"])] * 30)
    assert broken(terms, kept) == set()
    assert broken(terms, looks(without(["v"]), without(["v", "w"]))) == {GRACE}


def test_suicide_takes_the_whole_node():
    terms = Terms(vms=("v",), policy="suicide", fencing=20)
    assert broken(terms, looks(*[without(["v"])] * 4)) == set()
    assert broken(terms, looks(*[without(["v"])] * 7)) == {GRACE}


def test_node_without_corosync_is_to_be_fenced():
    seen = looks(*[[node("a", "", corosync=False, quorate=False, runs=["v"])]] * 20)
    assert broken(TERMS, seen[:10]) == set()
    assert broken(TERMS, seen) == {GRACE}
    assert broken(Terms(vms=("v",)), seen) == set(), "without fencing nobody takes it down"


def test_grace_begins_anew_with_quorum():
    seen = looks(*[without(["v"])] * 11, WHOLE, *[without(["v"])] * 5)
    assert broken(TERMS, seen) == set()


def test_vm_twice_counts_when_the_same_hosts_show_it_twice():
    on_a = [node("a", runs=["v"]), node("b")]
    on_b = [node("a"), node("b", runs=["v"])]
    both = [node("a", runs=["v"]), node("b", runs=["v"])]
    assert broken(TERMS, looks(on_a, both, on_b)) == set()
    assert broken(TERMS, looks(on_a, both)) == set(), "a look in the middle of a move"
    assert broken(TERMS, looks(both, both)) == {VM}


def test_paused_copy_is_the_target_of_a_move():
    moving = [node("a", runs=["v"]), node("b", domains={"v": "paused"})]
    assert broken(TERMS, looks(moving, moving)) == set()


def test_address_twice():
    both = [node("a", address=["10.0.0.9"]), node("b", address=["10.0.0.9"])]
    assert broken(TERMS, looks(both, both)) == {ADDRESS}


def test_disk_with_two_writers_of_different_vms():
    terms = Terms(vms=("v", "w"), shared={"/dev/x": ("v", "w")})
    both = [node("a", runs=["v"]), node("b", runs=["w"])]
    assert broken(terms, looks(both, both)) == {DISK}
    assert broken(terms, looks([node("a", runs=["v"])], both)) == set()


def test_what_was_written_long_before_a_failover_is_still_there():
    terms = Terms(vms=("v",), persistent=("v",))
    old = [[node("a", runs=["v"], said={"v": count})] for count in (100, 200, 300, 400, 500)]
    gone = [[NodeSeen("a"), node("b")]] * 4

    def back(count):
        return [NodeSeen("a"), node("b", runs=["v"], said={"v": count})]

    # Looks are 20 s apart: what was said 40 s before the last look at the old host is on disk.
    assert broken(terms, looks(*old, *gone, back(300), every=20)) == set()
    assert broken(terms, looks(*old, *gone, back(299), every=20)) == {SAID}
    assert broken(terms, looks(*old, *gone, back(520), every=20)) == set()


def test_new_file_of_a_guest_that_stays_is_no_loss():
    terms = Terms(vms=("v",), persistent=("v",))
    seen = looks(*[[node("a", runs=["v"], said={"v": count})] for count in (900, 999, 5)], every=60)
    assert broken(terms, seen) == set()


def test_breaches_tell_when_from_the_beginning():
    (one,) = breaches(
        Terms(vms=("v",)), looks(*[[node("a", runs="v"), node("b", runs="v")]] * 2), 95.0
    )
    assert (one.invariant, one.at) == (VM, 10.0)
    assert one.evidence == "v runs on a and b"


def test_terms_of_a_pillar(example):
    terms = invariants.terms_of(load(example("lab_breadth")))
    assert "192.168.56.200" in terms.addresses
    assert terms.policy == "freeze"
    assert terms.shared["vg-vms/lv1"] == ("lv1",)
    assert terms.shared["/srv/vmstore/db1/disk0.raw"] == ("db1",)
    assert terms.grace > 360, "the longest stop_timeout"
    assert 82 < terms.fencing < terms.grace
    assert not terms.both
    off = invariants.terms_of(load(example("two_node")), fencing=False)
    assert off.both and not off.fencing
