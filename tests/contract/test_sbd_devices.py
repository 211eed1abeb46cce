"""Headers on SBD's disks, made by the real sbd on loop devices (it takes no regular file)."""

from __future__ import annotations

import re
import signal
import subprocess

import pytest

from kvmha.documents.sbd_header import MESSAGES
from kvmha.errors import KvmhaError, Refused, StalePlan
from kvmha.plan import Disruption
from kvmha.spec import load
from kvmha.tools import sbd
from kvmha.tools.runner import Runner
from tests.contract import disks

pytestmark = pytest.mark.usefixtures("_programs")


@pytest.fixture(scope="session")
def _programs():
    disks.needs("sbd", "losetup", "wipefs", "mkfs.ext4", "pvcreate", "mkfs.ocfs2", "strace")


@pytest.fixture
def file(tmp_path):
    return disks.sparse(tmp_path / "disk")


@pytest.fixture
def device(file):
    with disks.loop(file) as found:
        yield found


@pytest.fixture
def spec_for(example, changed):
    def make(*devices, consent=(), watchdog="15s"):
        return load(
            changed(
                example("lab"),
                {
                    "fencing.sbd.devices": list(devices),
                    "fencing.sbd.watchdog_timeout": watchdog,
                    "consent": {"overwrite": list(consent)},
                },
            )
        )

    return make


def create(device, watchdog=15, msgwait=30):
    disks.run("sbd", "-d", device, "-1", str(watchdog), "-4", str(msgwait), "create")


def send(file, slot, command):
    """Put a command in a mailbox, as ``sbd message`` does, without its waiting for msgwait."""
    disks.write(file, (2 + 2 * slot) * 512, bytes([command]) + b"tester")


def test_a_blank_disk_gets_a_header_that_sbd_reads(device, spec_for):
    spec = spec_for(device)
    plan = sbd.plan_devices(Runner(), spec)
    assert plan.disruption is Disruption.NONE
    sbd.apply_devices(Runner(), spec, plan.digest)
    said = disks.run("sbd", "-d", device, "dump")
    for key, value in {"watchdog": 15, "allocate": 2, "loop": 1, "msgwait": 30}.items():
        assert f"Timeout ({key})".ljust(18) + f" : {value}\n" in said
    assert not sbd.plan_devices(Runner(), spec)


def test_planning_writes_nothing_and_a_right_header_costs_few_programs(file, device, spec_for):
    create(device)
    before = disks.read(file)
    runner = Runner()
    assert not sbd.plan_devices(runner, spec_for(device))
    assert runner.started <= 1
    assert disks.read(file) == before


def test_our_reading_agrees_with_sbd(file, device):
    create(device, 7, 21)
    for number in range(len(MESSAGES)):
        disks.write(file, (1 + 2 * number) * 512, b"\1" + f"node{number}".encode())
        send(file, number, number)
    header, slots = sbd.read_header(device)
    listed = re.findall(r"^\d+\t(\S+)\t(\S+)", disks.run("sbd", "-d", device, "list"), re.M)
    assert slots == dict(listed)
    assert set(slots.values()) == set(MESSAGES)
    said = disks.run("sbd", "-d", device, "dump")
    assert f"UUID               : {header.uuid}" in said
    assert f"Number of slots    : {header.slots}" in said
    assert (header.timeouts.watchdog, header.timeouts.msgwait) == (7, 21)


def test_slots_survive_every_further_run(device, spec_for):
    spec = spec_for(device)
    sbd.apply_devices(Runner(), spec)
    disks.run("sbd", "-d", device, "allocate", "ha-host1")
    sbd.apply_devices(Runner(), spec)
    assert sbd.read_header(device)[1] == {"ha-host1": "clear"}


def test_other_timeouts_are_refused_until_consent(file, device, spec_for):
    create(device, 5, 10)
    disks.run("sbd", "-d", device, "allocate", "other-node")
    before = disks.read(file)
    with pytest.raises(Refused, match="other-node"):
        sbd.apply_devices(Runner(), spec_for(device))
    assert disks.read(file) == before
    spec = spec_for(device, consent=[device])
    assert sbd.apply_devices(Runner(), spec).disruption is Disruption.DATA_LOSS
    assert sbd.read_header(device)[1] == {}
    assert not sbd.plan_devices(Runner(), spec_for(device))


@pytest.mark.parametrize(("make", "words"), disks.FOREIGN.items(), ids=disks.name)
def test_what_others_put_on_a_disk_is_refused_until_consent(file, device, spec_for, make, words):
    make(file)
    before = disks.read(file)
    with pytest.raises(Refused) as refused:
        sbd.apply_devices(Runner(), spec_for(device))
    assert words in str(refused.value)
    assert f"{device} carries" in str(refused.value)
    assert disks.read(file) == before
    sbd.apply_devices(Runner(), spec_for(device, consent=[device]))
    assert not sbd.plan_devices(Runner(), spec_for(device))
    assert sbd.read_header(device)[1] == {}


def test_a_plan_that_is_no_longer_true_is_not_done(file, device, spec_for):
    spec = spec_for(device, consent=[device])
    digest = sbd.plan_devices(Runner(), spec).digest
    disks.ext4(file)
    with pytest.raises(StalePlan):
        sbd.apply_devices(Runner(), spec, digest)
    assert "ext4" in disks.run("wipefs", "--no-act", device)


def test_all_missing_disks_are_named(file, device, spec_for):
    with pytest.raises(KvmhaError, match=r"none1.*none2"):
        sbd.plan_devices(Runner(), spec_for(device, f"{file}.none1", f"{file}.none2"))


@pytest.mark.parametrize("writes", [1, 2, 100, 511])
def test_a_create_cut_short_is_finished_without_consent(device, spec_for, writes):
    """Killed before its n-th write; sbd writes with libaio (io_submit)."""
    spec = spec_for(device)
    inject = f"io_submit:signal=KILL:when={writes}"
    strace = ["strace", "-o", "/dev/null", "-e", "trace=io_submit", "-e", f"inject={inject}"]
    done = subprocess.run(
        [*strace, "sbd", "-d", device, "-1", "15", "-4", "30", "create"],
        check=False,
        capture_output=True,
    )
    assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), done
    sbd.apply_devices(Runner(), spec)
    assert not sbd.plan_devices(Runner(), spec)
    disks.run("sbd", "-d", device, "allocate", "ha-host1")
    assert sbd.read_header(device)[1] == {"ha-host1": "clear"}


def test_status_tells_slots_timeouts_and_errors(file, device, spec_for):
    create(device)
    disks.run("sbd", "-d", device, "allocate", "ha-host1")
    send(file, 0, MESSAGES.index("reset"))
    found = sbd.status(Runner(), spec_for(device, f"{file}.none1", f"{file}.none2"))
    assert found["devices"][device]["slots"] == {"ha-host1": "reset"}
    assert found["devices"][device]["timeouts"]["msgwait"] == 30
    assert "no such device" in found["devices"][f"{file}.none1"]["error"]
    assert found["watchdog"]["device"] == "/dev/watchdog"
