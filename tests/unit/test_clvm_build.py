"""What shared volume groups and their volumes need, and what is refused."""

from __future__ import annotations

import dataclasses

import pytest

from kvmha import platforms
from kvmha.build import cib as cib_build
from kvmha.build import clvm
from kvmha.consent import UNKNOWN, Signature
from kvmha.documents import cib, cib_merge
from kvmha.documents.lvm_report import Group, Volume
from kvmha.errors import InvalidInput, KvmhaError, Refused
from kvmha.plan import Action, Disruption
from kvmha.spec import load
from kvmha.spec.cib import Cib, Constraint
from kvmha.spec.lvm import volumes
from kvmha.spec.shorthand.lvm import resources

MIB = 1024 * 1024
ONE, TWO = (
    "/dev/disk/by-id/dm-uuid-mpath-36001405aa11bb22cc33dd44ee55ff662",
    "/dev/disk/by-id/dm-uuid-mpath-36001405aa11bb22cc33dd44ee55ff663",
)
BLANK = clvm.DiskSeen()
OURS = clvm.DiskSeen(known="/dev/dm-1", group="vg-vms")
EXT4 = clvm.DiskSeen((Signature("ext4", "mine"),))


@pytest.fixture
def spec(example):
    return load(example("shared_lvm"))


def consenting(example, changed, *devices):
    return load(changed(example("shared_lvm"), {"consent": {"overwrite": [*devices]}}))


def group(*found, lock="dlm", devices=("/dev/dm-1", "/dev/dm-2"), free=10_000 * MIB, missing=0):
    return Group("vg-vms", "u-u", lock, 4 * MIB, free, devices, tuple(found), missing)


def plan(spec, found=None, one=BLANK, two=BLANK):
    return clvm.plan_group(spec, spec.storage.volume_groups[0], found, {ONE: one, TWO: two})


def volume(spec, name="db1"):
    return next(one for one in volumes(spec) if one.volume.name == name)


def test_blank_disks_become_a_group_without_consent(spec):
    todo = plan(spec)
    assert [change.text() for change in todo.changes] == [f"+ vg:vg-vms = {ONE}, {TWO} (lock: dlm)"]
    assert todo.disruption is Disruption.NONE


def test_a_physical_volume_in_no_group_holds_nothing(spec):
    idle = clvm.DiskSeen((Signature("LVM2_member"),), known="/dev/dm-1")
    assert plan(spec, one=idle).disruption is Disruption.NONE


def test_a_right_group_is_adopted_as_it_is(spec):
    both = clvm.DiskSeen(known="/dev/dm-2", group="vg-vms")
    assert not plan(spec, group(), OURS, both)


@pytest.mark.parametrize(
    "content",
    [
        EXT4,
        clvm.DiskSeen((Signature(UNKNOWN),)),
        clvm.DiskSeen(known="/dev/dm-1", group="vg-other"),
    ],
    ids=["filesystem", "unknown", "another_group"],
)
def test_content_takes_consent_by_the_disks_name(spec, example, changed, content):
    with pytest.raises(Refused, match=f"{ONE} carries .*consent:overwrite"):
        plan(spec, one=content)
    agreed = consenting(example, changed, ONE)
    todo = plan(agreed, one=content)
    assert todo.disruption is Disruption.DATA_LOSS
    group_ = agreed.storage.volume_groups[0]
    assert clvm.to_empty(agreed, group_, {ONE: content, TWO: BLANK}) == [ONE]


def test_a_wipe_cut_short_is_known_by_its_note(spec):
    note = clvm.note(spec, spec.storage.volume_groups[0])
    assert plan(spec, one=clvm.DiskSeen((Signature(UNKNOWN),), note=note))


def test_a_disk_in_use_is_refused_whatever_the_consent(example, changed):
    busy = clvm.DiskSeen((Signature("ext4"),), in_use="mounted at /mnt")
    with pytest.raises(Refused, match="mounted at /mnt"):
        plan(consenting(example, changed, ONE), one=busy)


def test_a_disk_more_is_added_and_a_disk_less_is_kept(spec):
    grown = plan(spec, group(devices=("/dev/dm-1",)), OURS, BLANK)
    assert [change.text() for change in grown.changes] == [f"~ vg:vg-vms:devices: None -> {TWO}"]
    both = clvm.DiskSeen(known="/dev/dm-2", group="vg-vms")
    kept = plan(spec, group(devices=("/dev/dm-1", "/dev/dm-2", "/dev/dm-9")), OURS, both)
    assert not kept
    assert kept.notes == ("vg-vms has more disks than the pillar: /dev/dm-9 (kept)",)


@pytest.mark.parametrize(
    ("found", "one", "words"),
    [
        (group(lock=""), OURS, "lock type is none, not dlm.*vgchange --lock-type dlm"),
        (group(lock="sanlock"), OURS, "lock type is sanlock"),
        (group(missing=1), OURS, "lacks 1 of its disks"),
        (group(devices=("/dev/dm-7",)), BLANK, "on other disks: /dev/dm-7"),
    ],
)
def test_another_group_of_that_name_is_an_error_that_says_what_to_do(spec, found, one, words):
    with pytest.raises(KvmhaError, match=words):
        plan(spec, found, one, BLANK)


def test_commands_never_force(spec):
    vg = spec.storage.volume_groups[0]
    made = clvm.commands(spec, vg, exists=False, add=[ONE, TWO])
    assert made == ["vgcreate", "--shared", "vg-vms", ONE, TWO]
    assert clvm.commands(spec, vg, exists=True, add=[TWO]) == ["vgextend", "vg-vms", TWO]


def test_a_volume_is_made_in_whole_extents(spec):
    todo = clvm.plan_volume(volume(spec), group(free=300 * 1024 * MIB))
    assert [change.text() for change in todo.changes] == ["+ lv:vg-vms/db1 = 204800 MiB, exclusive"]
    assert clvm.lvcreate(volume(spec))[:3] == ["lvcreate", "--activate", "ey"]
    assert clvm.lvcreate(volume(spec, "images"))[:3] == ["lvcreate", "--activate", "sy"]


def test_a_volume_is_planned_before_its_group_is_there(spec):
    assert clvm.plan_volume(volume(spec), None).changes[0].action is Action.CREATE


def test_a_volume_grows_and_never_shrinks(spec):
    size = 200 * 1024 * MIB
    assert not clvm.plan_volume(volume(spec), group(Volume("db1", "u", size)))
    smaller = Volume("db1", "u", size - 8 * MIB)
    todo = clvm.plan_volume(volume(spec), group(smaller))
    assert [change.text() for change in todo.changes] == [
        "~ lv:vg-vms/db1:size: 204792 MiB -> 204800 MiB"
    ]
    larger = clvm.plan_volume(volume(spec), group(Volume("db1", "u", 2 * size)))
    assert not larger
    assert "left as it is" in larger.notes[0]


def test_more_than_there_is_free_is_refused(spec):
    with pytest.raises(KvmhaError, match="needs 204800 MiB more, and vg-vms has 10000 MiB free"):
        clvm.plan_volume(volume(spec), group())


def test_an_exclusive_volume_grows_where_it_is_active(spec):
    smaller = Volume("db1", "u", 4 * MIB)
    wide = group(smaller, free=300 * 1024 * MIB)
    assert clvm.is_idle(volume(spec), wide)
    away = clvm.plan_volume(volume(spec), wide, "ha-host2")
    assert not away
    assert "active on ha-host2" in away.notes[0]
    here = group(Volume("db1", "u", 4 * MIB, active=True), free=300 * 1024 * MIB)
    assert clvm.plan_held(volume(spec), here, lambda _: 4 * MIB).changes[0].action is Action.UPDATE
    assert not clvm.plan_held(volume(spec), wide, lambda _: 4 * MIB)


def test_a_shared_volume_that_grew_elsewhere_is_refreshed(spec):
    images = volume(spec, "images")
    seen = group(Volume("images", "u", 50 * 1024 * MIB, active=True))
    todo = clvm.plan_held(images, seen, lambda _: 1024 * MIB)
    assert [change.text() for change in todo.changes] == [
        "! lv:vg-vms/images:refresh: refresh to 51200 MiB"
    ]
    assert not clvm.plan_held(images, seen, lambda _: 50 * 1024 * MIB)
    assert "shupdate" in clvm.lvextend(images)
    assert "shupdate" not in clvm.lvextend(volume(spec))


def test_a_volume_goes_only_with_consent_by_its_path(spec, example, changed):
    old = volume(spec, "old1")
    seen = Volume("old1", "u", 20 * 1024 * MIB)
    todo = clvm.plan_removal(spec, old, seen)
    assert todo.disruption is Disruption.DATA_LOSS
    with pytest.raises(Refused, match="/dev/vg-vms/old1 carries a logical volume"):
        clvm.plan_removal(consenting(example, changed), old, seen)
    assert not clvm.plan_removal(consenting(example, changed), old, None)


@pytest.mark.parametrize("state", [{"active": True}, {"active": True, "open": True}])
def test_a_volume_in_use_stays_whatever_the_consent(spec, state):
    with pytest.raises(Refused, match="on this node"):
        clvm.plan_removal(spec, volume(spec, "old1"), Volume("old1", "u", 4 * MIB, **state))


def standing(spec, *more):
    """Return the CIB of a cluster whose volumes all are there still, and ``more`` constraints."""
    changed = dataclasses.replace(spec.storage.volume_groups[0].volumes[2], state="present")
    groups = spec.storage.volume_groups
    kept = dataclasses.replace(groups[0], volumes=(*groups[0].volumes[:2], changed))
    storage = dataclasses.replace(spec.storage, volume_groups=(kept,))
    words = dataclasses.replace(spec, storage=storage, cib=Cib(constraints=more))
    return cib_merge.edit(cib.EMPTY, cib_build.build(words, "external/sbd"))[0]


def test_the_resource_of_a_former_volume_goes_with_its_own_constraints(spec):
    before = standing(spec)
    gone = cib_build.without(resources(volume(spec, "old1")))
    after, changes = cib_merge.edit(before, gone)[:2]
    assert [change.address for change in changes] == [
        "cib:constraint/order-locking-lv-vg--vms-old1",
        "cib:constraint/colocation-locking-lv-vg--vms-old1",
        "cib:primitive/lv-vg--vms-old1",
    ]
    assert "lv-vg--vms-db1" in after
    assert "old1" not in after
    assert cib_merge.edit(after, gone)[:2] == (after, ())


def test_a_resource_that_others_need_stays(spec):
    need = Constraint(kind="order", id="mine", first="lv-vg--vms-old1", then="lv-vg--vms-db1")
    with pytest.raises(InvalidInput, match="is still needed: cib:constraint/mine"):
        cib_merge.edit(standing(spec, need), cib_build.without(resources(volume(spec, "old1"))))


def test_the_locking_daemon_is_installed_where_volume_groups_are_wanted(spec, example):
    assert "lvm2-lockd" in platforms.packages_for(platforms.DEBIAN, spec)
    without = load(example("three_node"))
    assert platforms.packages_for(platforms.DEBIAN, without) == platforms.DEBIAN.packages
    for platform in (platforms.SLES_15, platforms.LEAP_15, platforms.SLES_16, platforms.RHEL_9):
        assert "lvm2-lockd" in platform.packages
