"""The real virsh, libvirt's schema, and a real libvirtd of the test's own that emulates."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import etree

from kvmha.build import domain as build
from kvmha.build import libvirt_host
from kvmha.documents import domain
from kvmha.documents.image import Image
from kvmha.errors import CommandFailed
from kvmha.plan import Disruption
from kvmha.spec import load
from kvmha.tools.libvirt import Libvirt
from kvmha.tools.runner import Runner
from kvmha.wait import eventually
from lab import guest
from tests.contract.libvirtd import private

SCHEMA = "/usr/share/libvirt/schemas/domain.rng"
CASES = Path(__file__).parents[1] / "cases" / "domain"


@pytest.fixture(name="spec")
def lab_spec(example, changed, tmp_path):
    mount = {"storage.filesystems[0].mount": str(tmp_path / "vmstore")}
    return load(changed(example("lab"), mount))


@pytest.fixture(name="libvirt")
def private_libvirtd(spec, tmp_path):
    """Yield a Libvirt that asks a libvirtd started with the qemu.conf that we write."""
    wanted = libvirt_host.wanted_qemu_conf(spec, libvirt_host.Observed())
    with private(tmp_path, wanted) as uri:
        yield Libvirt(Runner(), uri)


def virsh(libvirt: Libvirt, *words: str) -> None:
    subprocess.run(["virsh", "-c", libvirt._uri, *words], check=True, capture_output=True)


def all_kinds(example, changed):
    """Return a spec whose VM uses every kind of disk, card and serial line."""
    disks = [
        {"file": f"{bus}.raw", "size": "1GiB", "bus": bus} for bus in ("virtio", "scsi", "sata")
    ]
    vm = {
        "name": "db1", "memory": "2GiB", "vcpus": 2, "machine": "q35", "heartbeat": "serial",
        "disks": [*disks, {"file": "d.qcow2", "size": "20GiB", "format": "qcow2"}],
        "interfaces": [{"bridge": "br0"}, {"bridge": "br1", "model": "e1000"}],
    }  # fmt: skip
    return load(changed(example("lab"), {"vms[1]": vm}))


def test_built_xml_follows_libvirts_schema(example, changed):
    schema = etree.RelaxNG(etree.parse(SCHEMA))
    spec = all_kinds(example, changed)
    for vm in spec.vms:
        schema.assertValid(domain.parse(domain.render(build.build(spec, vm))))
    for path in CASES.glob("*/wanted.xml"):
        schema.assertValid(domain.parse(path.read_text()))


def test_the_test_driver_takes_the_xml_and_keeps_what_is_ours(example, changed, tmp_path):
    spec = all_kinds(example, changed)
    wanted = build.build(spec, spec.vms[1])
    other = domain.parse(domain.render(wanted))
    other.set("type", "test")  # the only type this driver has, on i686
    other.find("os/type").set("arch", "i686")
    path = tmp_path / "db1.xml"
    path.write_text(domain.render(other))
    script = f"define {path}\ndumpxml db1\n"
    argv = ["virsh", "-q", "-c", "test:///default"]
    done = subprocess.run(argv, input=script, capture_output=True, text=True, check=True)
    text = done.stdout[done.stdout.index("<domain") : done.stdout.index("</domain>") + 9]
    dumped = domain.parse(text)
    changes = domain.diff("db1", dumped, domain.merged(dumped, other), Disruption.NONE)
    assert [change.text() for change in changes] == []


def test_domains_of_the_test_driver_are_listed_with_one_program():
    runner = Runner()
    found = Libvirt(runner, "test:///default", "virsh").domains()
    assert {name: each.state for name, each in found.items()} == {"test": "running"}
    assert runner.started == 1


def test_a_daemon_that_is_away_is_an_error_and_not_an_empty_host(tmp_path):
    away = Libvirt(Runner(), f"qemu:///system?socket={tmp_path}/no-sock")
    with pytest.raises(CommandFailed, match=r"Failed to connect socket.*hint: is the libvirt"):
        away.domains()


def test_the_guest_runs_under_a_real_libvirtd_and_stops_when_told(spec, libvirt):
    vm = spec.vms[0]
    folder = Path(spec.folder_of(vm))
    folder.mkdir(parents=True)
    disk = folder / "disk0.raw"
    disk.write_bytes(guest.boot_sector().ljust(1024**2, b"\x00"))
    Path(build.xml_path(spec, vm)).write_text(build.wanted_xml(spec, vm, build.Observed()))

    virsh(libvirt, "create", build.xml_path(spec, vm))
    eventually(lambda: is_below(disk, 2), timeout=60, interval=0.2)
    running = libvirt.domains()["web1"]
    assert (running.state, running.active) == ("running", True)
    assert running.cpu_time > 0
    log = Path(build.serial_log(spec, vm)).read_text().splitlines()
    assert log[0].startswith("boot kvmha 0000000000")

    # What libvirt made of it, written back as the agent's save_config_on_stop does, is no drift.
    seen = build.Observed("ocfs2", True, libvirt.xml("web1"), {"disk0.raw": Image("raw", 1024**2)})
    assert build.plan(spec, vm, seen, running=True).text() == ""

    virsh(libvirt, "shutdown", "web1")
    eventually(
        lambda: "still there" if "web1" in libvirt.domains() else "", timeout=30, interval=0.2
    )
    assert "conflict" not in Path(build.serial_log(spec, vm)).read_text()


def is_below(disk: Path, count: int) -> str:
    record = guest.read_record(disk.read_bytes())
    return "" if record and record.count >= count else f"{record}, not {count}"


def test_autostart_of_a_domain_is_ended(spec, libvirt, tmp_path):
    vm = spec.vms[0]
    xml = tmp_path / "web1.xml"
    xml.write_text(build.wanted_xml(spec, vm, build.Observed()))
    virsh(libvirt, "define", str(xml))
    virsh(libvirt, "autostart", "web1")
    libvirt.disable_autostart("web1")
    argv = ["virsh", "-c", libvirt._uri, "list", "--all", "--name", "--autostart"]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip() == ""
    assert libvirt.domains()["web1"].state == "shut off"


def test_the_programs_of_this_file_are_installed():
    for program in ("virsh", "libvirtd", "qemu-system-x86_64", "unshare"):
        assert shutil.which(program), program
