"""Faults of processes, space and disks, made for real where one machine can bear it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from kvmha.drills import healing, scripts
from kvmha.errors import KvmhaError, Refused
from kvmha.spec import load
from kvmha.tools.faults import disks, inject, processes
from kvmha.tools.faults.dead_man import DeadMan, Made, State
from kvmha.tools.faults.kind import Here
from kvmha.tools.runner import Runner
from tests.contract.disks import MIB, loop, needs, run, sparse

DAEMON = "dlm_controld"


@pytest.fixture(name="here")
def new_here(example, tmp_path) -> Here:
    return Here(Runner(), load(example("three_node")), "ha-host1", folder=tmp_path)


def test_only_the_program_of_that_name_is_killed(here, tmp_path):
    """A process can call itself anything, and be started with any words."""
    program = shutil.copy("/bin/sleep", tmp_path / DAEMON)
    names_itself = f"open('/proc/self/comm', 'w').write('{DAEMON}'); import time; time.sleep(60)"
    with (
        subprocess.Popen([program, "60"]) as daemon,
        subprocess.Popen(["/bin/sleep", "60", DAEMON][:2], executable="/bin/sleep") as other,
        subprocess.Popen(["python3", "-c", names_itself]) as pretender,
    ):
        try:
            while DAEMON not in Path(f"/proc/{pretender.pid}/comm").read_text():
                time.sleep(0.01)
            assert processes.pids_of(DAEMON) == [daemon.pid]
            ready = processes.prepare_kill(here, {"daemon": DAEMON})
            assert ready.does == (f"send SIGKILL to {DAEMON} (pid {daemon.pid})",)
            processes.put_kill(here, ready.facts)
            assert daemon.wait(timeout=5) == -signal.SIGKILL
            processes.put_kill(here, ready.facts)  # that is gone: nobody else is hit
            assert (other.poll(), pretender.poll()) == (None, None)
        finally:
            for each in (daemon, other, pretender):
                each.kill()
    with pytest.raises(KvmhaError, match="no process of dlm_controld runs on ha-host1"):
        processes.prepare_kill(here, {"daemon": DAEMON})


def test_a_freeze_stops_all_but_its_maker_and_ends_by_itself():
    needs("unshare")
    # Init of the namespace is not stopped either: it looks, without starting a program.
    watch = (
        "sleep 60 & P=$!; sh -c '" + scripts.freezing(0, 0.6) + "' & F=$!\n"
        'until read -r said </proc/$P/stat && [ "${said#*) T}" != "$said" ]; do :; done\n'
        "echo stopped; wait $F; read -r said </proc/$P/stat; echo $said; kill $P"
    )
    inside = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", watch)
    said = run("timeout", "20", *inside).splitlines()
    assert said[0] == "stopped"
    assert said[1].split()[2] in ("S", "R")


def test_healing_ends_a_freeze():
    watch = "sleep 60 & P=$!; kill -s STOP $P; " + healing.thawed() + "cat /proc/$P/status; kill $P"
    said = run("unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", watch)
    assert "(stopped)" not in said


@pytest.mark.parametrize("headroom", [0, 5 * MIB])
def test_a_filesystem_is_full_until_the_process_ends(tmp_path, headroom):
    mount, done = tmp_path / "mnt", tmp_path / "done"
    mount.mkdir()
    with loop(sparse(tmp_path / "disk")) as device:
        run("mkfs.ext4", "-q", "-m", "0", device)
        run("mount", device, str(mount))
        try:
            before = free(mount)
            words = ["sh", "-c", scripts.FILLING, "sh", str(mount), str(headroom), str(done)]
            filler = subprocess.Popen(words)
            try:
                while not done.exists():
                    assert filler.poll() is None
                    time.sleep(0.02)
                assert abs(free(mount) - headroom) < 128 * 1024
                assert [each.name for each in mount.iterdir()] == ["lost+found"]
                if not headroom:
                    with pytest.raises(OSError, match="No space left"):
                        (mount / "more").write_bytes(bytes(MIB))
                    (mount / "more").unlink()
            finally:
                filler.kill()
                filler.wait()
            assert free(mount) == before
        finally:
            run("umount", str(mount))


def free(mount: Path) -> int:
    status = os.statvfs(mount)
    return status.f_bavail * status.f_frsize


def test_a_disk_that_cannot_fail_here_is_told(here, tmp_path):
    with loop(sparse(tmp_path / "disk")) as device, pytest.raises(KvmhaError) as caught:
        disks.prepare_sbd(here, {"devices": (device, "/dev/missing")})
    said = str(caught.value)
    assert "is neither SCSI disk nor" in said.replace("a SCSI", "SCSI")
    assert "/dev/missing: there is no such device" in said


def test_nothing_is_made_without_a_timer(here, tmp_path):
    spec = here.spec
    wanted = {"fault": "cut", "arguments": {"peers": "ha-host2"}, "folder": tmp_path}
    with pytest.raises(Refused, match="no timer would heal this node of drill friday"):
        inject.inject(here.runner, spec, "ha-host1", drill="friday", **wanted)
    state = State("friday", 1e9, "kvmha-drill-heal-none")  # a timer that systemd does not have
    DeadMan(here.runner, tmp_path).add(state, Made("cut", {}, {}))
    with pytest.raises(Refused, match="only 0 s left"):
        inject.inject(here.runner, spec, "ha-host1", drill="friday", **wanted)
    assert not (tmp_path / "healed.json").exists()


def test_a_drill_does_not_heal_another(here, tmp_path):
    man = DeadMan(here.runner, tmp_path)
    man.add(State("friday", 1e9, "none"), Made("cut", {}, {}))
    told = inject.heal(here.runner, "monday", tmp_path)
    assert told == {"drill": "", "faults": [], "said": "drill friday is under way here"}
    with pytest.raises(Refused, match="drill friday is under way"):
        inject.arm(here.runner, "monday", 60, tmp_path)
    assert inject.heal(here.runner, "", tmp_path)["faults"] == ["cut"]
    assert inject.heal(here.runner, "", tmp_path) == {"drill": "", "faults": [], "said": ""}
    assert inject.status(here.runner, tmp_path)["healed"] == "friday"
