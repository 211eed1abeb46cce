"""What SBD needs on a node and on its disks."""

from __future__ import annotations

import dataclasses

import pytest

from kvmha import consent
from kvmha.build import sbd
from kvmha.consent import Signature
from kvmha.documents.sbd_header import Header, Timeouts
from kvmha.errors import KvmhaError, Refused
from kvmha.plan import Disruption
from kvmha.spec import load
from kvmha.spec.fencing import Fencing, Sbd

CONFIG = "/etc/default/sbd"
RIGHT = Timeouts(15, 30)


@pytest.fixture
def spec(example):
    return load(example("lab"))


@pytest.fixture
def device(spec):
    return spec.fencing.sbd.devices[0]


def bare(**changes):
    seen = sbd.NodeSeen(
        config=None,
        dropin=None,
        modules_file=None,
        has_module=False,
        has_watchdog=False,
        running=False,
    )
    return dataclasses.replace(seen, **changes)


def ready(spec, **changes):
    text = "".join(f'{key}="{value}"\n' for key, value in sbd.settings(spec).items())
    seen = bare(
        config=text,
        dropin=sbd.dropin(spec),
        modules_file=sbd.modules_file(spec),
        has_module=True,
        has_watchdog=True,
    )
    return dataclasses.replace(seen, **changes)


def test_a_bare_node_gets_everything_without_disruption(spec):
    plan = sbd.plan_node(spec, bare(), CONFIG)
    said = plan.salt_changes()
    assert said[f"sysconfig:{CONFIG}:SBD_DEVICE"]["new"] == "/dev/disk/by-id/scsi-lab-sbd"
    assert said[f"sysconfig:{CONFIG}:SBD_WATCHDOG_TIMEOUT"]["new"] == "15"
    assert said[sbd.LOAD]["new"] == "softdog"
    assert "softdog" in said[f"file:{sbd.MODULES_FILE}"]["new"]
    assert plan.disruption is Disruption.NONE


def test_a_ready_node_needs_nothing(spec):
    assert not sbd.plan_node(spec, ready(spec), CONFIG)
    assert not sbd.plan_node(spec, ready(spec, running=True), CONFIG)


def test_start_delay_and_start_limit_follow_the_timeouts(spec):
    # token 10 + consensus 12 + msgwait 30, as crmsh reckons
    assert sbd.settings(spec)["SBD_DELAY_START"] == "52"
    assert "TimeoutStartSec=90\n" in sbd.dropin(spec)
    assert "Before=corosync.service\n" in sbd.dropin(spec)


def test_other_settings_of_a_running_sbd_stop_the_cluster(spec):
    text = ready(spec).config.replace("/dev/watchdog", "/dev/watchdog1")
    stopped = sbd.plan_node(spec, ready(spec, config=text), CONFIG)
    running = sbd.plan_node(spec, ready(spec, config=text, running=True), CONFIG)
    assert stopped.disruption is Disruption.NONE
    assert running.disruption is Disruption.CLUSTER_STOP
    assert [change.address for change in running.changes] == [
        f"sysconfig:{CONFIG}:SBD_WATCHDOG_DEV"
    ]
    assert "takes effect when the cluster of this node starts again" in running.notes


def test_a_new_start_limit_disrupts_nothing(spec):
    plan = sbd.plan_node(spec, ready(spec, dropin="[Service]\n", running=True), CONFIG)
    assert plan.disruption is Disruption.NONE


@pytest.mark.parametrize(
    ("key", "old", "new", "expected"),
    [
        ("SBD_PACEMAKER", "true", "yes", True),
        ("SBD_PACEMAKER", "no", "yes", False),
        ("SBD_DELAY_START", "1", "yes", False),
        ("SBD_DELAY_START", "on", "yes", True),
        ("SBD_DEVICE", "/dev/a; /dev/b;", "/dev/a;/dev/b", True),
        ("SBD_DEVICE", "/dev/b;/dev/a", "/dev/a;/dev/b", False),
        ("SBD_WATCHDOG_TIMEOUT", "5", "15", False),
    ],
)
def test_values_that_mean_the_same_to_sbd_are_equal(key, old, new, expected):
    assert sbd.same(key, old, new) is expected


def test_a_missing_watchdog_without_a_driver_names_the_pillar_key(example, changed):
    spec = load(changed(example("lab"), {"fencing.sbd.watchdog_module": None}))
    with pytest.raises(KvmhaError, match="kvmha:fencing:sbd:watchdog_module"):
        sbd.plan_node(spec, bare(), CONFIG)


def test_a_driver_that_makes_another_watchdog_is_an_error(spec):
    with pytest.raises(KvmhaError, match="although softdog is loaded"):
        sbd.plan_node(spec, bare(has_module=True), CONFIG)


def test_the_driver_is_no_longer_loaded_at_boot_when_pillar_drops_it(example, changed):
    spec = load(changed(example("lab"), {"fencing.sbd.watchdog_module": None}))
    plan = sbd.plan_node(spec, ready(spec, modules_file="softdog\n"), CONFIG)
    assert [change.text() for change in plan.changes] == [
        f"- file:{sbd.MODULES_FILE} (was softdog\n)"
    ]


def seen(signatures=(), timeouts=None, slots=None, in_use=""):
    header = Header(timeouts, 255, 512, "u-u-i-d") if timeouts else None
    return sbd.DeviceSeen(tuple(signatures), header, slots or {}, in_use)


SBD = (Signature("sbd", uuid="u-u-i-d"),)


def test_a_blank_disk_gets_a_header_without_consent(spec, device):
    plan = sbd.plan_devices(spec, {device: seen()})
    assert plan.disruption is Disruption.NONE
    assert plan.changes[0].new == "watchdog 15s, msgwait 30s"


def test_a_header_with_the_right_timeouts_is_never_made_again(spec, device):
    slots = {"ha-host1": "clear"}
    assert not sbd.plan_devices(spec, {device: seen(SBD, RIGHT, slots)}, running=True)


def test_other_timeouts_are_refused_and_the_nodes_named(spec, device):
    slots = {"ha-host1": "clear", "other": "clear"}
    with pytest.raises(Refused) as refused:
        sbd.plan_devices(spec, {device: seen(SBD, Timeouts(5, 10), slots)})
    for word in (
        device,
        "watchdog 5s",
        "watchdog 15s",
        "ha-host1, other",
        "kvmha:consent:overwrite",
    ):
        assert word in str(refused.value)


def test_all_foreign_disks_are_named_at_once(spec):
    found = {
        "/dev/a": seen([Signature("ext4", "data", "1-2")]),
        "/dev/b": seen([Signature("gpt"), Signature("LVM2_member", uuid="x")]),
    }
    with pytest.raises(Refused) as refused:
        sbd.plan_devices(spec, found)
    assert "/dev/a carries ext4 'data' (uuid 1-2)" in str(refused.value)
    assert "/dev/b carries gpt, LVM2_member (uuid x)" in str(refused.value)


def test_consent_makes_it_data_loss(example, changed, device):
    spec = load(changed(example("lab"), {"consent": {"overwrite": [device]}}))
    plan = sbd.plan_devices(spec, {device: seen([Signature("ext4")])})
    assert plan.disruption is Disruption.DATA_LOSS
    plan = sbd.plan_devices(spec, {device: seen(SBD, Timeouts(5, 10))})
    assert plan.disruption is Disruption.DATA_LOSS


def test_a_header_is_not_replaced_below_a_running_sbd(example, changed, device):
    spec = load(changed(example("lab"), {"consent": {"overwrite": [device]}}))
    with pytest.raises(KvmhaError, match="stop the cluster on all nodes"):
        sbd.plan_devices(spec, {device: seen(SBD, Timeouts(5, 10))}, running=True)


def test_a_disk_in_use_is_refused_whatever_the_consent(example, changed, device):
    spec = load(changed(example("lab"), {"consent": {"overwrite": [device]}}))
    with pytest.raises(KvmhaError, match="mounted at /data"):
        sbd.plan_devices(spec, {device: seen([Signature("ext4")], in_use="mounted at /data")})


def test_consent_names_a_disk_letter_for_letter():
    found = (Signature("ext4"),)
    assert consent.foreign("/dev/disk/by-id/a", found, ["/dev/disk/by-id/b"])
    assert consent.foreign("/dev/disk/by-id/a", found, ["/dev/disk/by-id"])
    assert consent.foreign("/dev/disk/by-id/a", found, ["/dev/disk/by-id/a"]) == ""
    assert consent.foreign("/dev/disk/by-id/a", (), []) == ""


# --- diskless, without SBD, and disks that are lost -------------------------------------------


@pytest.fixture
def diskless(example):
    return load(example("diskless"))


def test_diskless_sbd_is_told_of_no_device(diskless):
    plan = sbd.plan_node(diskless, bare(), CONFIG)
    said = plan.salt_changes()
    assert f"sysconfig:{CONFIG}:SBD_DEVICE" not in said
    assert said[f"sysconfig:{CONFIG}:SBD_DELAY_START"]["new"] == "41"  # 11 + 2 * 15
    assert any("diskless" in note for note in plan.notes)
    # Seen in the lab: it waits for the cluster, which waited for it until systemd gave up.
    assert "corosync" not in said[f"file:{sbd.DROPIN}"]["new"]
    assert not sbd.plan_devices(diskless, {})


def test_devices_of_before_are_taken_from_diskless_sbd(diskless):
    text = ready(diskless).config + "SBD_DEVICE=/dev/old\n"
    (change,) = sbd.plan_node(diskless, ready(diskless, config=text, running=True), CONFIG).changes
    assert change.text() == f"~ sysconfig:{CONFIG}:SBD_DEVICE: /dev/old ->   [cluster_stop]"


def test_without_sbd_its_start_time_and_driver_are_taken_back(example):
    spec = load(example("pdu"))
    plan = sbd.plan_node(spec, bare(dropin="x", modules_file="softdog\n"), CONFIG)
    assert [change.text() for change in plan.changes] == [
        f"- file:{sbd.DROPIN} (was x)",
        f"- file:{sbd.MODULES_FILE} (was softdog\n)",
    ]
    assert not sbd.plan_node(spec, bare(), CONFIG)


def test_plan_tells_the_formulas(spec):
    notes = sbd.plan_node(spec, bare(), CONFIG).notes
    assert "SBD_DELAY_START 52s = token + consensus 22s + msgwait 30s" in notes


def test_two_disks_are_allowed_and_called_weak(example, changed):
    two = load(changed(example("lab"), {"fencing.sbd.devices": ["/dev/disk/a", "/dev/disk/b"]}))
    assert sbd.TWO_DISKS in sbd.plan_node(two, bare(), CONFIG).notes


@pytest.fixture
def three(example, changed):
    return load(changed(example("lab"), {"fencing.sbd.devices": [f"/dev/d{n}" for n in "abc"]}))


def lost(*names):
    good = seen(SBD, RIGHT, {"ha-host1": "clear"})
    gone = {name: sbd.DeviceSeen(error=f"{name}: gone") for name in names}
    return {f"/dev/d{n}": good for n in "abc"} | gone


def test_a_living_cluster_does_without_one_of_three_disks(three):
    plan = sbd.plan_devices(three, lost("/dev/db"), running=True)
    assert not plan
    assert plan.notes == ("SBD lives without a disk: /dev/db: gone",)


@pytest.mark.parametrize(
    ("names", "running"), [(["/dev/db"], False), (["/dev/db", "/dev/dc"], True)]
)
def test_a_new_cluster_wants_all_disks_and_a_living_one_most(three, names, running):
    with pytest.raises(KvmhaError, match="/dev/db: gone"):
        sbd.plan_devices(three, lost(*names), running=running)


@pytest.mark.parametrize(
    ("disks", "readable", "level"),
    [
        (0, 0, "ok"),
        (1, 1, "ok"),
        (1, 0, "lost"),
        (2, 2, "ok"),
        (2, 1, "lost"),
        (3, 2, "degraded"),
        (3, 1, "lost"),
    ],
)
def test_more_than_half_of_the_disks_can_fence(disks, readable, level):
    said = Sbd(devices=tuple(f"/dev/{n}" for n in range(disks)))
    assert Fencing(sbd=said).level(readable) == level
