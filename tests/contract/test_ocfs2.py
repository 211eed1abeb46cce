"""OCFS2 made by the real mkfs.ocfs2 on sparse files; killed in the middle; refused."""

from __future__ import annotations

import signal
import subprocess

import pytest

from kvmha.build import ocfs2 as build
from kvmha.errors import CommandFailed, KvmhaError, Refused, StalePlan
from kvmha.plan import Disruption
from kvmha.spec import load
from kvmha.tools import blockdev, ocfs2
from kvmha.tools.runner import Runner
from tests.contract import disks

SIZE = 256 * disks.MIB
pytestmark = pytest.mark.usefixtures("_programs")


@pytest.fixture(scope="session")
def _programs():
    disks.needs("mkfs.ocfs2", "debugfs.ocfs2", "fsck.ocfs2", "wipefs", "strace", "mkfs.ext4")


@pytest.fixture
def disk(tmp_path):
    return disks.sparse(tmp_path / "disk", SIZE)


@pytest.fixture
def spec_for(example, changed):
    def make(disk, consent=(), cluster="alpha"):
        return load(
            changed(
                example("lab"),
                {
                    "cluster.name": cluster,
                    "storage.filesystems[0].device": disk,
                    "consent": {"overwrite": list(consent)},
                },
            )
        )

    return make


def plan(spec):
    return ocfs2.plan_format(Runner(), spec, "vmstore")


def apply(spec, expect=None, runner=None):
    return ocfs2.apply_format(runner or Runner(), spec, "vmstore", expect, prepare=lambda _: None)


class Dying(Runner):
    """Runs mkfs.ocfs2 so that it is killed before its n-th write."""

    def __init__(self, when):
        super().__init__()
        self.when = when

    def run(self, argv, **more):
        if argv[0] != "mkfs.ocfs2":
            return super().run(argv, **more)
        inject = f"inject=pwrite64:signal=KILL:when={self.when}"
        done = subprocess.run(
            ["strace", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", inject, *argv],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode not in (-signal.SIGKILL, 128 + signal.SIGKILL):
            pytest.fail(f"mkfs.ocfs2 was not killed: {done}")
        raise CommandFailed(argv, done.returncode, "killed")


def test_a_blank_disk_becomes_the_volume_of_the_cluster(disk, spec_for):
    spec = spec_for(disk)
    todo = plan(spec)
    assert todo.disruption is Disruption.NONE
    apply(spec, todo.digest)
    volume = ocfs2.inspect(Runner(), disk)
    assert (volume.label, volume.stack, volume.cluster, volume.slots) == (
        "vmstore",
        "pcmk",
        "alpha",
        4,
    )
    assert volume.entries == ("lost+found",)
    assert blockdev.read_note(disk) == ""
    disks.check_ocfs2(disk)


def test_a_second_run_leaves_the_volume_alone_and_costs_two_programs(disk, spec_for):
    apply(spec_for(disk))
    before = disks.read(disk)
    runner = Runner()
    assert not apply(spec_for(disk), runner=runner)
    assert disks.read(disk) == before
    assert runner.started == 2


def test_a_disk_of_two_gigabytes_takes_the_layout_for_images(tmp_path, spec_for):
    disk = disks.sparse(tmp_path / "big", 2 * 1024 * disks.MIB + disks.MIB)
    apply(spec_for(disk))
    assert ocfs2.inspect(Runner(), disk).whole


@pytest.mark.parametrize(("make", "words"), disks.FOREIGN.items(), ids=disks.name)
def test_what_others_put_on_a_disk_is_refused_until_consent(disk, spec_for, make, words):
    make(disk)
    before = disks.read(disk)
    with pytest.raises(Refused) as refused:
        apply(spec_for(disk))
    assert words in str(refused.value)
    assert f"{disk} carries" in str(refused.value)
    assert disks.read(disk) == before
    spec = spec_for(disk, consent=[disk])
    assert plan(spec).disruption is Disruption.DATA_LOSS
    apply(spec)
    assert not plan(spec_for(disk))


def test_a_disk_of_sbd_is_refused(disk, spec_for):
    with disks.loop(disk) as device:
        disks.run("sbd", "-d", device, "create")
    with pytest.raises(Refused, match="carries sbd"):
        plan(spec_for(disk))


def test_the_volume_of_another_cluster_is_refused_until_consent(disk, spec_for):
    apply(spec_for(disk, cluster="beta"))
    with pytest.raises(Refused, match="ocfs2 'vmstore'"):
        plan(spec_for(disk))
    apply(spec_for(disk, consent=[disk]))
    assert ocfs2.inspect(Runner(), disk).cluster == "alpha"


def writes(disk, spec):
    """Return how often mkfs.ocfs2 writes, from its start to its end."""
    command = build.mkfs(spec, spec.storage.filesystems[0], SIZE)
    log = f"{disk}.strace"
    disks.run("strace", "-o", log, "-e", "trace=pwrite64", *command)
    with open(log) as stream:  # noqa: PTH123
        return sum(line.startswith("pwrite64") for line in stream)


def test_mkfs_killed_anywhere_is_begun_again_without_consent(tmp_path, spec_for):
    counted = disks.sparse(tmp_path / "counted", SIZE)
    count = writes(counted, spec_for(counted))
    assert count > 60
    for when in [1, 2, 20, *range(30, count, count // 8), count - 1, count]:
        disk = disks.sparse(tmp_path / "disk", SIZE)
        spec = spec_for(disk)
        with pytest.raises(CommandFailed):
            apply(spec, runner=Dying(when))
        todo = plan(spec)
        assert todo, f"killed before write {when} of {count}: taken for a whole volume"
        assert todo.disruption is Disruption.NONE
        apply(spec, todo.digest)
        assert not plan(spec)
        assert blockdev.read_note(disk) == ""
    disks.check_ocfs2(disk)


def test_mkfs_killed_by_another_cluster_still_needs_consent(disk, spec_for):
    with pytest.raises(CommandFailed):
        apply(spec_for(disk, cluster="beta"), runner=Dying(30))
    with pytest.raises(Refused):
        plan(spec_for(disk))


def test_a_note_that_outlived_its_mkfs_is_taken_away_and_the_volume_stays(disk, spec_for):
    spec = spec_for(disk)
    apply(spec)
    blockdev.write_note(disk, build.note(spec, spec.storage.filesystems[0]))
    uuid = ocfs2.inspect(Runner(), disk).uuid
    apply(spec)
    assert ocfs2.inspect(Runner(), disk).uuid == uuid
    assert not plan(spec)


def test_a_volume_whose_root_folder_is_destroyed_needs_consent(disk, spec_for):
    apply(spec_for(disk))
    said = disks.run("debugfs.ocfs2", "-R", "stats", disk)
    root = int(said.split("Root Blknum: ")[1].split()[0])
    disks.write(disk, root * 4096, b"\xff" * 4096)
    with pytest.raises(Refused, match=r"fsck\.ocfs2 may mend it"):
        plan(spec_for(disk))


def test_a_plan_that_is_no_longer_true_is_not_done(disk, spec_for):
    spec = spec_for(disk, consent=[disk])
    digest = plan(spec).digest
    disks.ext4(disk)
    with pytest.raises(StalePlan):
        apply(spec, digest)
    assert "ext4" in disks.run("wipefs", "--no-act", disk)


def test_a_mounted_disk_is_refused_whatever_the_consent(disk, spec_for, tmp_path):
    disks.ext4(disk)
    point = tmp_path / "mnt"
    point.mkdir()
    with disks.loop(disk) as device:
        disks.run("mount", "-t", "ext4", device, str(point))
        try:
            with pytest.raises(Refused, match="mounted at"):
                plan(spec_for(device, consent=[device]))
        finally:
            disks.run("umount", str(point))


def test_an_unknown_filesystem_names_those_there_are(disk, spec_for):
    with pytest.raises(KvmhaError, match="vmstore"):
        ocfs2.plan_format(Runner(), spec_for(disk), "other")


def test_status_tells_what_the_disk_carries(disk, spec_for):
    assert "no OCFS2" in ocfs2.status(Runner(), spec_for(disk))["filesystems"]["vmstore"]["error"]
    apply(spec_for(disk))
    found = ocfs2.status(Runner(), spec_for(disk))["filesystems"]["vmstore"]
    assert (found["formatted"], found["mounted"], found["mounted_by"]) == (True, False, [])


def test_the_stack_is_made_ready_once(tmp_path):
    (tmp_path / "sys/fs/ocfs2").mkdir(parents=True)
    (tmp_path / "sys/fs/ocfs2/cluster_stack").write_text("o2cb\n")
    (tmp_path / "etc/default").mkdir(parents=True)
    (tmp_path / "etc/default/o2cb").write_text("# classic\nO2CB_ENABLED=true\n")
    for name in build.MODULES:
        (tmp_path / "sys/module" / name).mkdir(parents=True)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/modules").write_text(
        "ocfs2 1 0 - Live 0x0\nocfs2_stack_user 1 0 - Live 0x0\n"
    )
    config = "/etc/default/o2cb"
    todo = ocfs2.plan_stack(config, tmp_path)
    ocfs2.apply_stack(Runner(), config, todo.digest, tmp_path)
    assert not ocfs2.plan_stack(config, tmp_path)
    assert (tmp_path / "sys/fs/ocfs2/cluster_stack").read_text() == "pcmk\n"
    assert (tmp_path / "etc/default/o2cb").read_text() == "# classic\nO2CB_ENABLED=false\n"
    assert "ocfs2\n" in (tmp_path / build.MODULES_FILE.lstrip("/")).read_text()
