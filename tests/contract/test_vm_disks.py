"""VMs on devices through Salt's real loader: filled once, never over content, seeds, checksums."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import salt._logging
import salt.config
import salt.loader

from kvmha.build import domain_disks
from kvmha.errors import CommandFailed, KvmhaError
from kvmha.spec import load
from kvmha.tools import blockdev, host, images, vm_disks
from kvmha.tools.runner import Runner
from kvmha.wait import eventually
from lab import guest
from tests.contract import disks

ROOT = Path(__file__).parents[2]
MIB = 1024**2
GRAINS = {"os_family": "Debian", "os": "Debian", "osmajorrelease": 12, "osrelease": "12"}
IMAGE = guest.boot_sector() + bytes(MIB) + b"the end of the image"
USER_DATA = "#cloud-config\npassword: verysecret\n"


@pytest.fixture(scope="module", autouse=True)
def no_log_kept_for_later():
    """End Salt's handler that keeps records until logging is set up: here it never is."""
    salt._logging.shutdown_temp_handler()


@pytest.fixture(name="device")
def blank_device(tmp_path):
    return disks.sparse(tmp_path / "device", 16 * MIB)


@pytest.fixture(name="pillar")
def lab_pillar(example, changed, tmp_path, device, monkeypatch):
    image = tmp_path / "image.raw"
    image.write_bytes(IMAGE)
    mount = tmp_path / "vmstore"
    mount.mkdir()
    monkeypatch.setattr(host, "mounts", lambda: {str(mount): {"device": "x", "type": "ocfs2"}})
    disk = {"device": device, "size": "8MiB", "source": str(image)}
    return changed(
        example("lab"), {"storage.filesystems[0].mount": str(mount), "vms[0].disks": [disk]}
    )


@pytest.fixture(name="defined")
def defined_state(pillar, tmp_path):
    """Return a function that applies the state ``libvirt_domain.defined`` to web1."""
    secrets = {"web1": USER_DATA}

    def run(test=False, **said):
        opts = dict(salt.config.minion_config(None)) | {
            "id": "ha-host1", "test": test, "file_client": "local", "module_dirs": [str(ROOT)],
            "file_roots": {"base": [str(tmp_path)]}, "cachedir": str(tmp_path / "cache"),
            "grains": GRAINS, "pillar": {"kvmha": pillar, "kvmha_secrets": secrets},
            "extension_modules": "", "root_dir": str(tmp_path),
        }  # fmt: skip
        utils = salt.loader.utils(opts)
        modules = salt.loader.minion_mods(opts, utils=utils)
        return salt.loader.states(opts, modules, utils, {})["libvirt_domain.defined"](
            "web1", **said
        )

    return run


def folder(pillar) -> Path:
    return Path(pillar["storage"]["filesystems"][0]["mount"], "web1")


def test_a_device_is_filled_once_and_then_left_alone(defined, pillar, device):
    image = pillar["vms"][0]["disks"][0]["source"]
    planned = defined(test=True)
    assert planned["result"] is None, planned["comment"]
    assert f"domain:web1:device[{device}] = from {image}" in planned["comment"]
    assert disks.read(device) == bytes(16 * MIB)

    ret = defined()
    assert ret["result"] is True, ret["comment"]
    assert disks.read(device) == IMAGE.ljust(16 * MIB, b"\0")
    xml = (folder(pillar) / "web1.xml").read_text()
    assert f'<source dev="{device}"/>' in xml

    disks.write(device, 0, b"written by the guest")
    for test in (True, False):
        again = defined(test)
        assert (again["result"], again["changes"]) == (True, {}), again["comment"]
    assert disks.read(device).startswith(b"written by the guest")


@pytest.mark.parametrize("have", ["qcow2", "http"])
def test_qcow2_and_http_sources_are_converted(defined, pillar, device, tmp_path, have):
    image = tmp_path / "image.raw"
    if have == "qcow2":
        given = str(tmp_path / "image.qcow2")
        disks.run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(image), given)
        pillar["vms"][0]["disks"][0]["source"] = given
        ret = defined()
    else:
        handler = lambda *words: Quiet(*words, directory=str(tmp_path))  # noqa: E731
        with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            address = f"http://127.0.0.1:{server.server_port}"
            pillar["vms"][0]["disks"][0]["source"] = f"{address}/missing.raw"
            missing = defined()
            pillar["vms"][0]["disks"][0]["source"] = f"{address}/image.raw"
            ret = defined()
            server.shutdown()
        assert missing["result"] is False
        assert "missing.raw" in missing["comment"], missing["comment"]
    assert ret["result"] is True, ret["comment"]
    assert disks.read(device).startswith(IMAGE)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and says nothing of it."""

    def log_message(self, *words):
        """Say nothing."""


@pytest.mark.parametrize("make", [disks.ext4, disks.text_in_the_head, disks.text_in_the_tail])
def test_a_used_device_is_refused_without_consent(defined, pillar, device, make):
    make(device)
    before = disks.read(device)
    for test in (True, False):
        ret = defined(test, allow="data_loss")
        assert ret["result"] is False
        assert f"{device} carries {disks.FOREIGN[make]}" in ret["comment"]
        assert "existing: true would keep that" in ret["comment"]
    assert disks.read(device) == before
    assert not (folder(pillar) / "disks.json").exists()

    pillar["consent"] = {"overwrite": [device]}
    assert "set allow: data_loss" in defined()["comment"]
    ret = defined(allow="data_loss")
    assert ret["result"] is True, ret["comment"]
    assert disks.read(device)[: len(IMAGE)] == IMAGE
    assert make.__name__ not in str(blockdev.probe(Runner(), device))


def test_consent_that_was_forgotten_in_the_pillar_destroys_nothing(defined, pillar, device):
    pillar["consent"] = {"overwrite": [device]}
    assert defined(allow="data_loss")["result"] is True
    disks.write(device, MIB * 4, b"written by the guest")
    assert defined(allow="data_loss")["changes"] == {}
    assert b"written by the guest" in disks.read(device)


def test_an_existing_device_is_taken_with_what_is_on_it(defined, pillar, device):
    disks.ext4(device)
    before = disks.read(device)
    pillar["vms"][0]["disks"] = [{"device": device, "size": "16MiB", "existing": True}]
    ret = defined()
    assert ret["result"] is True, ret["comment"]
    assert f"domain:web1:device[{device}]" not in ret["changes"]
    assert disks.read(device) == before


def test_a_device_that_is_too_small_or_missing_is_an_error(defined, pillar, device):
    pillar["vms"][0]["disks"][0]["size"] = "17MiB"
    assert "has 16MiB, not 17MiB" in defined()["comment"]
    pillar["vms"][0]["disks"][0]["device"] = "/dev/disk/by-id/scsi-none"
    assert "there is no such device on this node" in defined()["comment"]


def test_a_wrong_checksum_is_refused_before_a_byte_is_written(defined, pillar, device):
    pillar["vms"][0]["disks"][0]["checksum"] = f"sha256:{hashlib.sha256(b'other').hexdigest()}"
    ret = defined()
    assert ret["result"] is False
    assert hashlib.sha256(IMAGE).hexdigest() in ret["comment"]
    assert disks.read(device) == bytes(16 * MIB)
    pillar["vms"][0]["disks"] = [pillar["vms"][0]["disks"][0] | {"file": "a.raw", "device": ""}]
    assert "not the sha256:" in defined()["comment"]
    assert not list(folder(pillar).glob("*.raw"))
    pillar["vms"][0]["disks"][0]["checksum"] = f"sha256:{hashlib.sha256(IMAGE).hexdigest()}"
    assert defined()["result"] is True


HALF = """
import sys
from kvmha.spec import load
from kvmha.tools import vm_disks
from kvmha.tools.runner import Runner
import json
class Slow(Runner):
    def follow(self, argv, told, **said):
        super().follow([*argv[:2], "-r", "8M", *argv[2:]], told, **said)
spec = load(json.loads(sys.argv[1]))
vm = spec.vms[0]
vm_disks.make_block(Slow(), spec, vm, vm.disks[0], source=sys.argv[2], told=lambda _: None)
"""


def test_a_killed_conversion_ends_with_its_run_and_is_begun_again(
    defined, pillar, device, tmp_path
):
    """The run that is killed writes 8 MiB in a second, of 64."""
    with Path(device).open("r+b") as stream:
        stream.truncate(128 * MIB)
    source = tmp_path / "source.raw"
    source.write_bytes(os.urandom(MIB) * 64)
    folder(pillar).mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "_utils")}
    argv = [sys.executable, "-c", HALF, json.dumps(pillar), str(source)]
    run = subprocess.Popen(argv, env=environment)
    begun = lambda: "" if Path(device).stat().st_blocks > 2048 else "nothing written"  # noqa: E731
    eventually(begun, timeout=30, interval=0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    eventually(lambda: "it goes on" * written_to(device), timeout=10)
    assert '"started"' in (folder(pillar) / "disks.json").read_text()
    assert disks.read(device)[: 64 * MIB] != source.read_bytes()

    pillar["vms"][0]["disks"][0]["source"] = str(source)
    planned = defined(test=True)
    assert "an earlier run was cut short: begun again" in planned["comment"]
    ret = defined()
    assert ret["result"] is True, ret["comment"]
    assert disks.read(device)[: 64 * MIB] == source.read_bytes()
    assert defined()["changes"] == {}


def written_to(path: str) -> bool:
    """Tell whether anybody has ``path`` open."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) == path and "qemu-img" in (
                link.parents[1] / "cmdline"
            ).read_text(errors="replace"):
                return True
        except OSError:
            continue
    return False


def test_progress_is_told_in_percents_that_rise(tmp_path, device):
    source = tmp_path / "source.raw"
    disks.write(device, 0, b"\xff" * 16 * MIB)  # zeros of the image are written, not assumed
    source.write_bytes(os.urandom(MIB) * 4 + bytes(4 * MIB))
    told: list[int] = []
    images.fill_device(Runner(), device, source, size=16 * MIB, told=told.append)
    assert told == sorted(set(told))
    assert told[-1] == 100
    assert disks.read(device)[: 8 * MIB] == source.read_bytes()


def test_a_program_that_is_followed_fails_like_any_other():
    with pytest.raises(CommandFailed, match=r"exited with 3: no luck"):
        Runner().follow(["sh", "-c", "echo no luck >&2; exit 3"], print, timeout=5)
    began = time.monotonic()
    with pytest.raises(CommandFailed, match="did not end in time"):
        Runner().follow(["sleep", "60"], print, timeout=0.3)
    assert time.monotonic() - began < 10
    with pytest.raises(CommandFailed):
        Runner().follow(["no-such-program"], print, timeout=5)


def test_a_seed_is_a_disk_that_cloud_init_finds(defined, pillar, device):
    pillar["vms"][0]["seed"] = {"user_data": "secret:web1", "network_config": "version: 2\n"}
    planned = defined(test=True)
    assert "+ domain:web1:seed = seed " in planned["comment"]
    ret = defined()
    assert ret["result"] is True, ret["comment"]
    assert "verysecret" not in str(planned) + str(ret)
    seed = folder(pillar) / "seed.iso"
    assert stat.S_IMODE(seed.stat().st_mode) == 0o600
    assert disks.run("blkid", "-p", "-o", "value", "-s", "LABEL", str(seed)).strip() == "cidata"
    for name, text in (
        ("user-data", USER_DATA),
        ("meta-data", "instance-id: web1\nlocal-hostname: web1\n"),
        ("network-config", "version: 2\n"),
    ):
        assert extracted(seed, name) == text
    first = seed.read_bytes()
    assert defined()["changes"] == {}

    seed.unlink()
    assert list(defined()["changes"]) == ["domain:web1:seed"]
    assert seed.read_bytes() == first
    pillar["vms"][0]["seed"]["user_data"] = "#cloud-config\n"
    assert list(defined()["changes"]) == ["domain:web1:seed"]
    del pillar["vms"][0]["seed"]
    ret = defined()
    assert sorted(ret["changes"]) == ["domain:web1:disk[sdf]", "domain:web1:seed"], ret["comment"]
    assert not seed.exists()


def extracted(iso: Path, name: str) -> str:
    out = iso.with_name(f"out-{name}")
    disks.run("xorriso", "-osirrox", "on", "-indev", str(iso), "-extract", f"/{name}", str(out))
    text = out.read_text()
    out.unlink()
    return text


def test_a_secret_that_is_not_there_is_named(defined, pillar):
    pillar["vms"][0]["seed"] = {"user_data": "secret:web2"}
    assert "pillar kvmha_secrets has no 'web2'" in defined()["comment"]


def test_a_record_that_is_no_json_is_not_taken_for_a_new_disk(pillar, device):
    folder(pillar).mkdir()
    (folder(pillar) / "disks.json").write_text("{")
    spec = load(pillar)
    with pytest.raises(KvmhaError, match=r"disks.json is no JSON"):
        vm_disks.observe(Runner(), spec, spec.vms[0], {})


def test_a_volume_that_is_not_active_here_is_planned_with_a_note(pillar):
    group = {"name": "vg-none", "devices": ["/dev/disk/by-id/scsi-none"]}
    group["volumes"] = [{"name": "web1", "size": "1GiB"}]
    pillar["storage"]["volume_groups"] = [group]
    pillar["vms"][0]["disks"] = [{"volume": "vg-none/web1", "size": "1GiB"}]
    pillar["storage"]["volume_groups"] = [
        {
            "name": "vg-none",
            "devices": ["/dev/disk/by-id/scsi-lvm"],
            "volumes": [{"name": "web1", "size": "1GiB"}],
        }
    ]
    spec = load(pillar)
    seen = vm_disks.observe(Runner(), spec, spec.vms[0], {})
    notes: list[str] = []
    changes = domain_disks.changes(spec, spec.vms[0], seen, notes, files=False)
    assert [change.text() for change in changes] == ["+ domain:web1:volume[vg-none/web1] = empty"]
    assert notes == [
        "/dev/vg-none/web1 is not seen here yet: what it carries is looked at before writing"
    ]


def test_the_note_of_a_wipe_does_not_stay_on_the_disk(defined, pillar, device):
    disks.swap(device)
    pillar["consent"] = {"overwrite": [device]}
    del pillar["vms"][0]["disks"][0]["source"]
    assert defined(allow="data_loss")["result"] is True
    assert blockdev.probe(Runner(), device) == ()
    assert blockdev.read_note(device) == ""
