"""The states of libvirt_domain through Salt's real loader, each in test mode and for real."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import salt._logging
import salt.config
import salt.loader

from kvmha.build import domain, libvirt_host
from kvmha.spec import load
from kvmha.tools import files, host, images
from lab import guest

ROOT = Path(__file__).parents[2]
OWNER = "ha-host1"
GRAINS = {
    "os_family": "Debian",
    "os": "Debian",
    "osmajorrelease": 12,
    "osrelease": "12",
    "kernel": "Linux",
}


@pytest.fixture(scope="module", autouse=True)
def no_log_kept_for_later():
    """End Salt's handler that keeps records until logging is set up: here it never is."""
    salt._logging.shutdown_temp_handler()


@pytest.fixture(name="pillar")
def lab_pillar(example, changed, tmp_path):
    return changed(example("lab"), {"storage.filesystems[0].mount": str(tmp_path / "vmstore")})


@pytest.fixture(name="states")
def loaded_states(pillar, tmp_path, monkeypatch):
    """Return a function: whether test mode -> Salt's states, loaded from the checkout."""
    roots = tmp_path / "roots"
    (roots / "kvmha-lab").mkdir(parents=True)
    (roots / "kvmha-lab" / "heartbeat.img").write_bytes(guest.boot_sector())
    monkeypatch.setattr(libvirt_host, "QEMU_CONF", str(tmp_path / "qemu.conf"))
    monkeypatch.setattr(libvirt_host, "AUTOSTART", str(tmp_path / "autostart"))

    def make(test, kind="states"):
        opts = dict(salt.config.minion_config(None)) | {
            "id": OWNER, "test": test, "file_client": "local", "module_dirs": [str(ROOT)],
            "file_roots": {"base": [str(roots)]}, "cachedir": str(tmp_path / "cache"),
            "grains": GRAINS, "pillar": {"kvmha": pillar}, "extension_modules": "",
            "root_dir": str(tmp_path),
        }  # fmt: skip
        utils = salt.loader.utils(opts)
        modules = salt.loader.minion_mods(opts, utils=utils)
        if kind == "modules":
            return modules
        return salt.loader.states(opts, modules, utils, {})

    return make


@pytest.fixture(name="mounted")
def mounted_filesystem(tmp_path, monkeypatch):
    """Make the folder of the filesystem look mounted."""
    mount = tmp_path / "vmstore"
    mount.mkdir()
    monkeypatch.setattr(host, "mounts", lambda: {str(mount): {"device": "x", "type": "ocfs2"}})
    return mount


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_test_mode_tells_and_changes_nothing(states, mounted):
    ret = states(True)["libvirt_domain.defined"]("VM web1 is defined", vm="web1")
    assert ret["result"] is None, ret["comment"]
    assert list(ret["changes"]) == [
        "domain:web1:folder",
        "domain:web1:file[disk0.raw]",
        "domain:web1",
    ]
    assert contents(mounted) == {}
    assert not (mounted / "web1").exists()


def test_defined_makes_the_vm_and_a_second_run_changes_nothing(states, mounted):
    ret = states(False)["libvirt_domain.defined"]("web1")
    assert ret["result"] is True, ret["comment"]
    made = contents(mounted)
    assert sorted(made) == ["web1/disk0.raw", "web1/web1.xml"]
    assert made["web1/disk0.raw"] == guest.boot_sector().ljust(1024**2, b"\x00")

    for test in (True, False):
        again = states(test)["libvirt_domain.defined"]("web1")
        assert (again["result"], again["changes"]) == (True, {}), again["comment"]
    assert contents(mounted) == made


def test_before_the_mount_test_mode_plans_and_a_real_run_refuses(states, tmp_path):
    (tmp_path / "vmstore").mkdir()
    planned = states(True)["libvirt_domain.defined"]("web1")
    assert planned["result"] is None
    assert "+ domain:web1 = 32MiB" in planned["comment"]
    assert "vmstore is not mounted here yet" in planned["comment"]
    ret = states(False)["libvirt_domain.defined"]("web1")
    assert ret["result"] is False
    assert "nothing is mounted at" in ret["comment"]
    assert "fs-vmstore" in ret["comment"]
    assert list((tmp_path / "vmstore").iterdir()) == []


def test_another_filesystem_at_the_mount_point_is_not_taken_for_ours(states, mounted, monkeypatch):
    monkeypatch.setattr(host, "mounts", lambda: {str(mounted): {"device": "x", "type": "ext4"}})
    ret = states(False)["libvirt_domain.defined"]("web1")
    assert "ext4 is mounted at" in ret["comment"]
    assert list(mounted.iterdir()) == []


def test_a_missing_source_is_an_error_that_leaves_no_disk(states, mounted, pillar):
    pillar["vms"][0]["disks"][0]["source"] = "salt://kvmha-lab/typo.img"
    ret = states(False)["libvirt_domain.defined"]("web1")
    assert ret["result"] is False
    assert "the Salt master has no salt://kvmha-lab/typo.img" in ret["comment"]
    assert contents(mounted) == {}


def test_a_run_that_was_killed_is_finished_by_the_next(states, mounted):
    folder = mounted / "web1"
    folder.mkdir()
    (folder / images.partial_name("disk0.raw", OWNER)).write_bytes(b"half")
    ret = states(False)["libvirt_domain.defined"]("web1")
    assert ret["result"] is True, ret["comment"]
    assert sorted(path.name for path in folder.iterdir()) == ["disk0.raw", "web1.xml"]


def test_what_the_guest_wrote_outlives_every_run(states, mounted, pillar):
    states(False)["libvirt_domain.defined"]("web1")
    disk = mounted / "web1" / "disk0.raw"
    disk.write_bytes(b"written by the guest")
    pillar["vms"][0]["memory"] = "64MiB"
    ret = states(False)["libvirt_domain.defined"]("web1")
    assert ret["result"] is True, ret["comment"]
    assert "domain:web1:memory" in ret["changes"]
    assert disk.read_bytes() == b"written by the guest"


def test_a_disk_that_vanished_is_not_replaced_without_consent(states, mounted):
    states(False)["libvirt_domain.defined"]("web1")
    disk = mounted / "web1" / "disk0.raw"
    disk.unlink()
    ret = states(False)["libvirt_domain.defined"]("web1")
    assert ret["result"] is False
    assert "set allow: data_loss" in ret["comment"]
    assert not disk.exists()
    assert states(False)["libvirt_domain.defined"]("web1", allow="data_loss")["result"] is True


@pytest.mark.parametrize("test", [True, False])
def test_program_that_asks_the_guest_is_written_and_kept(states, mounted, pillar, test):
    states(False)["libvirt_domain.defined"]("web1")
    pillar["vms"][0]["monitor"] = {"serial": {"max_age": "30s"}}
    program = mounted / "web1" / "monitor"
    ret = states(test)["libvirt_domain.defined"]("web1")
    assert ret["result"] is (None if test else True), ret["comment"]
    assert list(ret["changes"]) == ["domain:web1:monitor"]
    assert program.exists() is not test
    if test:
        return
    assert program.stat().st_mode & 0o777 == 0o755
    assert states(False)["libvirt_domain.defined"]("web1")["changes"] == {}
    del pillar["vms"][0]["monitor"]  # the cluster may run it until its configuration has changed
    assert states(False)["libvirt_domain.defined"]("web1")["changes"] == {}
    assert program.exists()


def test_many_nodes_at_once_make_one_disk(pillar, mounted):
    spec = load(pillar)
    path = mounted / "disk0.raw"
    made = []

    def work(owner):
        made.append(images.create(None, path, format="raw", size=1024**2, owner=owner))

    workers = [threading.Thread(target=work, args=(f"node{n}",)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(made) == [False] * 7 + [True]
    assert [each.name for each in mounted.iterdir()] == ["disk0.raw"]
    assert domain.find(spec, "web1")


def test_host_managed_writes_qemu_conf_once(states, tmp_path):
    conf = tmp_path / "qemu.conf"
    conf.write_text('# mine\n#user = "libvirt-qemu"\nmax_queued = 7\n')
    planned = states(True)["libvirt_domain.host_managed"]("libvirt is set up")
    assert planned["result"] is None, planned["comment"]
    assert planned["changes"]["qemu.conf:user"] == {"old": None, "new": "root"}
    assert 'user = "root"' not in conf.read_text()

    ret = states(False)["libvirt_domain.host_managed"]("libvirt is set up")
    assert ret["result"] is True, ret["comment"]
    assert conf.read_text().startswith(
        '# mine\n#user = "libvirt-qemu"\nuser = "root"\nmax_queued = 7\n'
    )
    again = states(False)["libvirt_domain.host_managed"]("libvirt is set up")
    assert (again["result"], again["changes"]) == (True, {}), again["comment"]


def test_heartbeat_of_a_serial_guest_is_what_it_said(states, pillar, mounted):
    beat = states(False, "modules")["libvirt_domain.heartbeat"]
    assert beat(pillar, "web1")["value"] == 0
    files.write(domain.serial_log(load(pillar), load(pillar).vms[0]), "0000000001 abcdefgh\n")
    assert beat(pillar, "web1") == {"kind": "serial", "value": 20, "said": "0000000001 abcdefgh"}


def test_spec_as_argument_wins_over_pillar(states, pillar, mounted, changed):
    other = changed(pillar, {"vms[0].name": "web2"})
    ret = states(True)["libvirt_domain.defined"]("web2", spec=other)
    assert "domain:web2" in ret["changes"]
    assert list(mounted.iterdir()) == []
