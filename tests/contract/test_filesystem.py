"""XFS and ext4 made by the real mkfs on sparse files; killed in the middle; refused."""

from __future__ import annotations

import subprocess

import pytest

from kvmha.build import filesystem as build
from kvmha.errors import CommandFailed, KvmhaError, Refused
from kvmha.plan import Disruption
from kvmha.spec import load
from kvmha.tools import blockdev, filesystem
from kvmha.tools.runner import Runner
from tests.contract import disks

SIZE = 320 * disks.MIB
pytestmark = pytest.mark.usefixtures("_programs")


@pytest.fixture(scope="session")
def _programs():
    disks.needs("mkfs.xfs", "xfs_repair", "mkfs.ext4", "e2fsck", "wipefs", "strace")


@pytest.fixture
def disk(tmp_path):
    return disks.sparse(tmp_path / "disk", SIZE)


@pytest.fixture(params=build.KINDS)
def spec_for(request, example, changed):
    def make(disk, consent=(), name="vmstore"):
        changes = {
            "storage.filesystems[0].type": request.param,
            "storage.filesystems[0].name": name,
            "storage.filesystems[0].device": disk,
            "consent": {"overwrite": list(consent)},
        }
        return load(changed(example("lab"), changes))

    return make


def plan(spec):
    return filesystem.plan(Runner(), spec, spec.storage.filesystems[0].name)


def apply(spec, expect=None, runner=None):
    name = spec.storage.filesystems[0].name
    return filesystem.apply(runner or Runner(), spec, name, expect)


class Dying(Runner):
    """Runs mkfs so that it is killed before its n-th write."""

    def __init__(self, when):
        super().__init__()
        self.when = when

    def run(self, argv, **more):
        if not argv[0].startswith("mkfs."):
            return super().run(argv, **more)
        inject = f"inject=pwrite64:signal=KILL:when={self.when}"
        traced = ["strace", "-f", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", inject]
        done = subprocess.run([*traced, *argv], check=False, capture_output=True, text=True)
        assert done.returncode, f"{argv} was not killed"
        raise CommandFailed(argv, done.returncode, "killed")


def test_a_blank_disk_becomes_the_filesystem(disk, spec_for):
    spec = spec_for(disk)
    kind = spec.storage.filesystems[0].type
    todo = plan(spec)
    assert todo.disruption is Disruption.NONE
    apply(spec, todo.digest)
    assert 'LABEL="vmstore"' in disks.run("blkid", "-p", disk)
    check = {"xfs": ["xfs_repair", "-n", "-f"], "ext4": ["e2fsck", "-n", "-f"]}[kind]
    disks.run(*check, disk)
    assert blockdev.read_note(disk) == ""


def test_a_second_run_changes_nothing_and_costs_one_program(disk, spec_for):
    apply(spec_for(disk))
    before = disks.digest(disk)
    runner = Runner()
    assert not apply(spec_for(disk), runner=runner)
    assert disks.digest(disk) == before
    assert runner.started == 1


@pytest.mark.parametrize(("make", "words"), disks.FOREIGN.items(), ids=disks.name)
def test_what_others_put_on_a_disk_is_refused_until_consent(disk, spec_for, make, words):
    make(disk)
    before = disks.digest(disk)
    with pytest.raises(Refused, match="consent:overwrite") as refused:
        apply(spec_for(disk))
    assert words in str(refused.value)
    assert disks.digest(disk) == before
    spec = spec_for(disk, consent=[disk])
    assert plan(spec).disruption is Disruption.DATA_LOSS
    apply(spec)
    assert not plan(spec_for(disk))


def test_the_filesystem_of_another_name_is_refused(disk, spec_for):
    apply(spec_for(disk, name="other"))
    with pytest.raises(Refused, match="'other'"):
        plan(spec_for(disk))


@pytest.mark.parametrize("when", [1, 2, 3, 5, 8, 20, 50])
def test_mkfs_cut_short_is_begun_again_without_consent(disk, spec_for, when):
    with disks.loop(disk) as device:
        spec = spec_for(device)
        with pytest.raises(CommandFailed):
            apply(spec, runner=Dying(when))
        todo = plan(spec)
        assert todo, "taken for a whole filesystem"
        assert todo.disruption is Disruption.NONE
        apply(spec, todo.digest)
        assert not plan(spec)


def test_a_mounted_disk_is_refused_whatever_the_consent(disk, spec_for, tmp_path):
    disks.ext4(disk)
    point = tmp_path / "mnt"
    point.mkdir()
    with disks.loop(disk) as device:
        disks.run("mount", device, str(point))
        try:
            with pytest.raises(Refused, match="mounted at"):
                plan(spec_for(device, consent=[device]))
        finally:
            disks.run("umount", str(point))


def test_a_disk_that_is_too_small_is_said_in_the_plan(tmp_path, spec_for):
    small = disks.sparse(tmp_path / "small", 8 * disks.MIB)
    with pytest.raises(KvmhaError, match="too small"):
        plan(spec_for(small))
