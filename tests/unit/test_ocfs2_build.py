"""What OCFS2 needs on a disk and on a node."""

from __future__ import annotations

import dataclasses

import pytest

from kvmha.build import ocfs2
from kvmha.consent import UNKNOWN, Signature
from kvmha.documents import ocfs2_volume
from kvmha.documents.ocfs2_volume import Volume
from kvmha.errors import KvmhaError, Refused
from kvmha.plan import Disruption
from kvmha.spec import load

GIB = 1024**3
OCFS2 = (Signature("ocfs2", "vmstore", "u"),)
OURS = Volume("vmstore", "u", "pcmk", "alpha", 4, ("lost+found",))


@pytest.fixture
def spec(example):
    return load(example("lab"))


@pytest.fixture
def consenting(example, changed, spec):
    device = spec.storage.filesystems[0].device
    return load(changed(example("lab"), {"consent": {"overwrite": [device]}}))


def seen(signatures=(), volume=None, **more):
    return ocfs2.DiskSeen(tuple(signatures), volume, GIB, **more)


def plan(spec, found):
    return ocfs2.plan_format(spec, spec.storage.filesystems[0], found)


def note(spec):
    return ocfs2.note(spec, spec.storage.filesystems[0])


def test_a_blank_disk_is_formatted_without_consent(spec):
    todo = plan(spec, seen())
    assert todo.disruption is Disruption.NONE
    assert todo.changes[0].address == "ocfs2:/dev/disk/by-id/scsi-lab-vmstore"


def test_our_volume_needs_nothing_also_while_mounted(spec):
    assert not plan(spec, seen(OCFS2, OURS))
    mounted = dataclasses.replace(OURS, mounted=(1, 2))
    assert not plan(spec, seen(OCFS2, mounted, in_use="mounted at /srv/vmstore"))


@pytest.mark.parametrize(
    "other",
    [
        {"label": "other"},
        {"cluster": "beta"},
    ],
)
def test_a_volume_for_somebody_else_is_refused(spec, consenting, other):
    found = seen(OCFS2, dataclasses.replace(OURS, **other))
    with pytest.raises(Refused, match="kvmha:consent:overwrite"):
        plan(spec, found)
    assert plan(consenting, found).disruption is Disruption.DATA_LOSS


def test_a_volume_that_is_mounted_elsewhere_is_refused_whatever_the_consent(consenting):
    found = seen(OCFS2, dataclasses.replace(OURS, cluster="beta", mounted=(3,)))
    with pytest.raises(Refused, match="mounted by node number 3"):
        plan(consenting, found)


def test_an_unfinished_volume_of_ours_is_begun_again_without_consent(spec):
    todo = plan(spec, seen(OCFS2, dataclasses.replace(OURS, entries=())))
    assert todo
    assert todo.disruption is Disruption.NONE


def test_a_damaged_volume_of_ours_needs_consent(spec):
    with pytest.raises(Refused):
        plan(spec, seen(OCFS2, dataclasses.replace(OURS, entries=None)))


def test_an_unfinished_volume_of_somebody_else_needs_consent(spec):
    with pytest.raises(Refused):
        plan(spec, seen(OCFS2, dataclasses.replace(OURS, label="other", entries=())))


def test_remains_below_our_note_are_ours(spec):
    found = seen([Signature(UNKNOWN)], note=note(spec))
    assert plan(spec, found).disruption is Disruption.NONE
    with pytest.raises(Refused):
        plan(spec, seen([Signature(UNKNOWN)], note="formatting ocfs2 other of cluster alpha"))
    with pytest.raises(Refused):
        plan(spec, seen([Signature(UNKNOWN)]))


def test_our_note_excuses_no_other_filesystem(spec):
    with pytest.raises(Refused, match="xfs"):
        plan(spec, seen([Signature("xfs")], note=note(spec)))


def test_a_note_left_behind_on_a_whole_volume_is_taken_away(spec):
    todo = plan(spec, seen(OCFS2, OURS, note=note(spec)))
    assert [change.action.value for change in todo.changes] == ["delete"]


def test_before_the_tools_are_installed_our_label_is_believed(spec):
    todo = plan(spec, seen(OCFS2, inspected=False))
    assert not todo
    assert "ocfs2-tools" in todo.notes[0]
    with pytest.raises(Refused):
        plan(spec, seen([Signature("ocfs2", "other", "u")], inspected=False))


def test_too_few_slots_are_added_while_it_is_unmounted_and_the_stack_online(spec):
    two = dataclasses.replace(OURS, slots=2)
    todo = plan(spec, seen(OCFS2, two, online=True))
    assert todo.text() == "~ ocfs2:/dev/disk/by-id/scsi-lab-vmstore:slots: 2 -> 4"
    assert ocfs2.add_slots(spec.storage.filesystems[0])[:4] == ["tunefs.ocfs2", "--yes", "-N", "4"]
    for found in (
        seen(OCFS2, two, online=False),
        seen(OCFS2, dataclasses.replace(two, mounted=(1,)), online=True),
    ):
        todo = plan(spec, found)
        assert not todo
        assert "2 slots, too few for 3 nodes" in todo.notes[0]


def test_slots_are_never_taken_away(spec):
    assert not plan(spec, seen(OCFS2, dataclasses.replace(OURS, slots=8), online=True))


def test_a_volume_of_ours_for_another_stack_is_stamped_with_consent_and_unmounted(spec, consenting):
    other = dataclasses.replace(OURS, stack="o2cb")
    with pytest.raises(Refused, match=r"for the stack o2cb and not pcmk.*consent:overwrite"):
        plan(spec, seen(OCFS2, other))
    todo = plan(consenting, seen(OCFS2, other))
    assert todo.disruption is Disruption.CLUSTER_STOP
    assert ":stack: o2cb -> pcmk" in todo.text()
    with pytest.raises(Refused, match="mounted by node number 2"):
        plan(consenting, seen(OCFS2, dataclasses.replace(other, mounted=(2,))))


def test_a_disk_that_is_too_small_is_said_in_the_plan(spec):
    with pytest.raises(KvmhaError, match="too small"):
        plan(spec, dataclasses.replace(seen(), size=64 * 1024**2))


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (1 * GIB, ["-C", "64K", "-J", "size=15M"]),
        (2 * GIB, ["-C", "64K", "-J", "size=31M"]),
        (100 * GIB, ["-T", "vmstore", "-J", "size=128M"]),
    ],
)
def test_journals_and_clusters_fit_the_disk(spec, size, words):
    command = ocfs2.mkfs(spec, spec.storage.filesystems[0], size)
    assert command[-6:-2] == words
    assert command[-1] == str((size - 1024**2) // 4096)
    assert not {"-F", "--force"} & set(command)


def test_the_stack_is_made_ready_on_a_bare_node():
    found = ocfs2.StackSeen(None, ("ocfs2",), ("ocfs2_stack_user", "ocfs2"), "", None)
    todo = ocfs2.plan_stack(found, "/etc/default/o2cb")
    assert [change.address for change in todo.changes] == [
        f"file:{ocfs2.MODULES_FILE}",
        ocfs2.LOAD,
        f"file:{ocfs2.STACK_FILE}",
    ]


def test_a_kernel_with_ocfs2_built_in_needs_no_list_of_modules():
    found = ocfs2.StackSeen(None, (), (), "pcmk", "O2CB_ENABLED=false\n")
    assert not ocfs2.plan_stack(found, "/etc/default/o2cb")


def test_the_classic_stack_is_kept_from_starting():
    found = ocfs2.StackSeen(None, (), (), "o2cb", "O2CB_ENABLED=true\n")
    todo = ocfs2.plan_stack(found, "/etc/default/o2cb")
    assert "~ sysconfig:/etc/default/o2cb:O2CB_ENABLED: true -> false" in todo.text()
    assert "o2cb -> pcmk" in todo.text()


def test_slot_map_and_root_folder_are_read():
    text = (
        "debugfs: stats\n\tMax Node Slots: 4\n\tLabel: vm store\n\tUUID: AB\n"
        "\tCluster stack: classic o2cb\n"
        "debugfs: ls /\n\t5  16 1 2  .\n\t5  16 2 2  ..\n\t7  16 4 2  my vm\n"
        "debugfs: slotmap\n\tSlot#   Node#\n\t    0       1\n\t    1      12\ndebugfs: \n"
    )
    assert ocfs2_volume.parse(text) == Volume("vm store", "AB", "o2cb", "", 4, ("my vm",), (1, 12))
    assert ocfs2_volume.parse("open: Bad magic number in superblock") is None
