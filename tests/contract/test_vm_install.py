"""An installer under a real libvirtd: started once, waited for by every run, over when it ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kvmha.build import domain as build
from kvmha.build import domain_disks
from kvmha.errors import TimedOut
from kvmha.spec.vm_disks import Install
from kvmha.tools import vm_disks
from kvmha.tools.runner import Runner
from kvmha.wait import eventually
from lab import guest
from tests.contract.test_libvirt import is_below, lab_spec, private_libvirtd, virsh

__all__ = ["lab_spec", "private_libvirtd"]


@pytest.fixture(name="install")
def installer(spec, libvirt, monkeypatch):
    """Return a function: milliseconds, what hears of progress -> runs the installer of web1.

    Its installer is the lab's guest, which boots from the disk that it fills.
    """
    monkeypatch.setattr(vm_disks, "Libvirt", lambda _: libvirt)

    def run(timeout, told):
        vm = replace(spec.vms[0], install=Install(iso="/installer.iso", timeout=timeout))
        root = domain_disks.install_root(build.build(spec, vm), vm, {})
        vm_disks.install(Runner(), spec, vm, root, told=told)

    return run


def test_a_run_that_was_cut_short_is_followed_by_one_that_waits(spec, libvirt, install):
    vm = spec.vms[0]
    folder = Path(spec.folder_of(vm))
    folder.mkdir(parents=True)
    disk = folder / "disk0.raw"
    disk.write_bytes(guest.boot_sector().ljust(1024**2, b"\x00"))
    vm_disks.note_install(spec, vm, domain_disks.STARTED)

    with pytest.raises(TimedOut, match="the installer of web1 still runs"):
        install(1000, print)
    assert vm_disks.observe(Runner(), spec, vm, {}).install == domain_disks.STARTED
    eventually(lambda: is_below(disk, 2), timeout=60, interval=0.2)

    told = []

    def end_it(said):
        told.append(said)
        if said.endswith("runs"):
            virsh(libvirt, "shutdown", "web1")

    install(60_000, end_it)
    assert [said.split(" after ")[0] for said in told] == [
        "the installer of web1 runs",
        "the installer of web1 ended",
    ]
    assert vm_disks.observe(Runner(), spec, vm, {}).install == domain_disks.FINISHED
    assert "web1" not in libvirt.domains()
    assert Path(build.serial_log(spec, vm)).read_text().count("boot kvmha") == 1
    assert {path.name for path in folder.iterdir()} == {"disk0.raw", "disks.json", "serial.log"}
