"""GFS2 made by the real mkfs.gfs2 on sparse files; killed in the middle; refused."""

from __future__ import annotations

import dataclasses
import signal
import subprocess

import pytest

from kvmha.build import gfs2 as build
from kvmha.errors import CommandFailed, KvmhaError, Refused, StalePlan
from kvmha.plan import Disruption
from kvmha.spec import load
from kvmha.tools import blockdev, gfs2
from kvmha.tools.runner import Runner
from tests.contract import disks

SIZE = 300 * disks.MIB
pytestmark = pytest.mark.usefixtures("_programs")


@pytest.fixture(scope="session")
def _programs():
    disks.needs("mkfs.gfs2", "fsck.gfs2", "wipefs", "strace")


@pytest.fixture
def disk(tmp_path):
    return disks.sparse(tmp_path / "disk", SIZE)


@pytest.fixture
def spec_for(example, changed):
    def make(disk, consent=(), cluster="alpha", max_nodes=3):
        changes = {
            "cluster.name": cluster,
            "storage.filesystems[0].type": "gfs2",
            "storage.filesystems[0].device": disk,
            "storage.filesystems[0].max_nodes": max_nodes,
            "consent": {"overwrite": list(consent)},
        }
        return load(changed(example("lab"), changes))

    return make


def plan(spec):
    return gfs2.plan(Runner(), spec, "vmstore")


def apply(spec, expect=None, runner=None):
    return gfs2.apply(runner or Runner(), spec, "vmstore", expect)


class Dying(Runner):
    """Runs mkfs.gfs2 so that it is killed before its n-th ``call``."""

    def __init__(self, call, when):
        super().__init__()
        self.call, self.when = call, when

    def run(self, argv, **more):
        if argv[0] != "mkfs.gfs2":
            return super().run(argv, **more)
        inject = f"inject={self.call}:signal=KILL:when={self.when}"
        traced = ["strace", "-o", "/dev/null", "-e", f"trace={self.call}", "-e", inject]
        done = subprocess.run([*traced, *argv], check=False, capture_output=True, text=True)
        if done.returncode not in (-signal.SIGKILL, 128 + signal.SIGKILL):
            pytest.fail(f"mkfs.gfs2 was not killed: {done}")
        raise CommandFailed(argv, done.returncode, "killed")


def test_a_blank_disk_becomes_a_volume_with_a_journal_for_each_node(disk, spec_for):
    spec = spec_for(disk)
    todo = plan(spec)
    assert todo.disruption is Disruption.NONE
    apply(spec, todo.digest)
    volume = gfs2.inspect(disk)
    assert (volume.protocol, volume.table, volume.journals) == ("lock_dlm", "alpha:vmstore", 3)
    assert f'UUID="{volume.uuid}"' in disks.run("blkid", "-p", disk)
    assert blockdev.read_note(disk) == ""
    disks.run("fsck.gfs2", "-n", disk)  # exits with other than 0 where there is an error


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


def test_the_volume_of_another_cluster_is_refused_until_consent(disk, spec_for):
    apply(spec_for(disk, cluster="beta"))
    with pytest.raises(Refused, match="gfs2 'beta:vmstore'"):
        plan(spec_for(disk))
    apply(spec_for(disk, consent=[disk]))
    assert gfs2.inspect(disk).table == "alpha:vmstore"


def test_mkfs_killed_anywhere_is_begun_again_without_consent(tmp_path, spec_for):
    counted = disks.sparse(tmp_path / "counted", SIZE)
    spec = spec_for(counted)
    log = f"{counted}.strace"
    command = build.mkfs(spec, spec.storage.filesystems[0], SIZE)
    disks.run("strace", "-o", log, "-e", "trace=pwritev,pwrite64", *command)
    with open(log) as stream:  # noqa: PTH123
        calls = [line.partition("(")[0] for line in stream]
    plain, vectors = calls.count("pwrite64"), calls.count("pwritev")
    assert plain > 60 < vectors
    last = [("pwritev", when) for when in (1, vectors - 1, vectors)]
    for call, when in [("pwrite64", 1), ("pwrite64", plain // 2), ("pwrite64", plain), *last]:
        disk = disks.sparse(tmp_path / "disk", SIZE)
        spec = spec_for(disk)
        with pytest.raises(CommandFailed):
            apply(spec, runner=Dying(call, when))
        todo = plan(spec)
        assert todo, f"killed before {call} {when}: taken for a whole volume"
        assert todo.disruption is Disruption.NONE
        apply(spec, todo.digest)
        assert not plan(spec)


def test_journals_are_added_where_it_is_mounted_and_never_taken_away(disk, spec_for):
    apply(spec_for(disk))
    more = spec_for(disk, max_nodes=5)
    assert not plan(more)
    assert "gets 2 more journals where it is mounted" in plan(more).notes[0]
    item = more.storage.filesystems[0]
    seen = dataclasses.replace(gfs2._observe(Runner(), item), mounted=True)
    todo = build.plan(more, item, seen)
    assert todo.text() == f"~ gfs2:{disk}:journals: 3 -> 5"
    assert build.jadd(item, seen.volume) == ["gfs2_jadd", "-q", "-j", "2", "/srv/vmstore"]
    fewer = spec_for(disk, max_nodes=3)
    apply(spec_for(disk, max_nodes=5))
    assert not plan(fewer)


def test_a_plan_that_is_no_longer_true_is_not_done(disk, spec_for):
    digest = plan(spec_for(disk, consent=[disk])).digest
    disks.ext4(disk)
    with pytest.raises(StalePlan):
        apply(spec_for(disk, consent=[disk]), digest)


def test_a_disk_that_the_journals_would_fill_is_refused(disk, spec_for):
    with pytest.raises(KvmhaError, match="too small for GFS2 with 32 journals"):
        plan(spec_for(disk, max_nodes=32))


def test_a_volume_of_another_type_names_its_state(disk, example, changed):
    spec = load(changed(example("lab"), {"storage.filesystems[0].device": disk}))
    with pytest.raises(KvmhaError, match=r"ocfs2\.formatted is the state for it"):
        plan(spec)


def test_a_damaged_volume_is_told_with_what_to_do(disk, spec_for):
    apply(spec_for(disk))
    master = int.from_bytes(disks.read(disk)[65536 + 56 : 65536 + 64], "big")
    disks.write(disk, master * 4096, b"\0" * 4096)
    with pytest.raises(KvmhaError, match=r"holds no inode.*fsck\.gfs2"):
        plan(spec_for(disk))


def test_status_tells_what_the_disk_carries(disk, spec_for):
    assert "no GFS2" in gfs2.status(spec_for(disk))["vmstore"]["error"]
    apply(spec_for(disk))
    found = gfs2.status(spec_for(disk))["vmstore"]
    assert (found["formatted"], found["mounted"], found["journals"]) == (True, False, 3)
