"""A real libvirtd and QEMU: what libvirt adds is no drift; what can be changed live is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kvmha.build import domain as build
from kvmha.build import domain_codec, domain_live
from kvmha.documents import domain
from kvmha.documents.image import Image
from kvmha.errors import CommandFailed
from kvmha.plan import Disruption
from kvmha.spec import load
from kvmha.wait import eventually
from lab import guest
from tests.contract.test_libvirt import lab_spec, private_libvirtd, virsh

__all__ = ["lab_spec", "private_libvirtd"]
CASES = Path(__file__).parents[1] / "cases" / "domain_export"
# Those that libvirt 9.0 with a QEMU for x86_64, without KVM and swtpm, cannot define, and why.
UNDEFINABLE = {
    "aarch64_virt": "No emulator found for arch 'aarch64'",
    "foreign_words_in_every_place": "'min_guarantee' not supported by QEMU",
    "ovirt": "need at least one serial port to use BIOS serial output",
    "rhel9_uefi_secure_boot": "TPM version '2.0' is not supported",
    "s390x_sles": "No emulator found for arch 's390x'",
    "static_labels_and_foreign_words": "seclabel for model selinux is already provided",
    "virt_manager_sles": "need at least one serial port to use BIOS serial output",
    "windows11_tpm": "TPM version '2.0' is not supported",
    "xen_guest": "No PCI buses available",
}


def planned(spec, text):
    seen = build.Observed(mounted="ocfs2", folder=True, xml=text)
    return build.plan(spec, spec.vms[0], seen).text()


def definable(text):
    """Return an XML that QEMU without KVM, and without the programs of a distribution, takes."""
    text = re.sub(r'type="kvm"', 'type="qemu"', text, count=1)
    text = re.sub(r"<emulator>[^<]*</emulator>", "", text)
    text = re.sub(r'machine="pc-(q35|i440fx)-[^"]*"', r'machine="pc-\1-7.2"', text)
    return re.sub(r'mode="host-(passthrough|model)"[^>/]*', 'mode="maximum"', text)


def drift_of(libvirt, text, load_vm, path):
    """Return what would change in what libvirt makes of a domain, by its pillar and a new one."""
    path.write_text(text)
    libvirt._runner.run(["virsh", "-c", libvirt._uri, "define", str(path)])
    vm = domain_codec.export(domain.parse(text))
    argv = ["virsh", "-c", libvirt._uri, "dumpxml", vm["name"]]
    dumped = libvirt._runner.run(argv).stdout
    assert dumped != text
    again = domain_codec.export(domain.parse(dumped))
    virsh(libvirt, "undefine", vm["name"], "--keep-nvram")
    return planned(load_vm(vm), dumped) + planned(load_vm(again), dumped)


def test_what_libvirt_makes_of_a_domain_is_no_drift(libvirt, example, changed, tmp_path):
    drift, refused = {}, {}
    for folder in sorted(CASES.iterdir()):
        text = definable((folder / "domain.xml").read_text(encoding="utf-8"))
        try:
            found = drift_of(
                libvirt,
                text,
                lambda vm: load(changed(example("lab"), {"vms[0]": vm})),
                tmp_path / "domain.xml",
            )
        except CommandFailed as error:
            refused[folder.name] = error.output
            continue
        if found:
            drift[folder.name] = found
    told = [f"{name}: {text}" for name, text in drift.items()]
    assert "\n".join(told) == ""
    unlike = [f"{name}: {text}" for name, text in refused.items() if not _expected(name, text)]
    assert "\n".join(unlike) == ""
    assert set(refused) == set(UNDEFINABLE)


def _expected(name, text):
    return name in UNDEFINABLE and UNDEFINABLE[name] in text


@pytest.fixture(name="pillar")
def pillar_of_a_guest(example, changed, tmp_path):
    """Return the pillar of the guest of the lab with room to grow."""
    words = {
        "vcpu": {"current": 1},
        "devices": {"controllers": [{"type": "scsi", "index": 0, "model": "virtio-scsi"}]},
    }
    return changed(
        example("lab"),
        {
            "storage.filesystems[0].mount": str(tmp_path / "vmstore"),
            "vms[0].memory": "64MiB",
            "vms[0].vcpus": 3,
            "vms[0].domain": words,
        },
    )


@pytest.fixture(name="guest_of")
def started_guest(pillar, libvirt):
    """Return a function: pillar -> the plan for the running guest, done if asked."""
    spec = load(pillar)
    folder = Path(spec.folder_of(spec.vms[0]))
    folder.mkdir(parents=True)
    (folder / "disk0.raw").write_bytes(guest.boot_sector().ljust(1024**2, b"\x00"))
    (folder / "more.raw").write_bytes(bytes(1024**2))
    path = Path(build.xml_path(spec, spec.vms[0]))
    path.write_text(build.wanted_xml(spec, spec.vms[0], build.Observed()))
    virsh(libvirt, "create", str(path))

    def changed_to(data, do=True):
        other = load(data)
        vm = other.vms[0]
        seen = build.Observed(
            "ocfs2", True, path.read_text(), {d.file: Image("raw", d.size) for d in vm.disks}
        )
        todo = build.plan(other, vm, seen, running=True)
        text = build.wanted_xml(other, vm, seen) or seen.xml
        live = domain_live.live("web1", domain.parse(libvirt.xml("web1")), domain.parse(text))
        if do:
            path.write_text(text)
            for step in live.steps:
                libvirt.change("web1", step.verb, *step.words, xml=step.xml)
        return live.priced(todo)

    return changed_to


def test_a_running_guest_is_as_its_pillar_says(guest_of, pillar):
    assert guest_of(pillar).text() == ""


def test_processors_disks_and_cards_come_and_go_while_the_guest_runs(
    guest_of, pillar, changed, libvirt
):
    disk = {"file": "more.raw", "size": "1MiB", "bus": "scsi"}
    card = {"type": "user", "mac": "52:54:00:00:00:09", "model": "virtio"}
    more = changed(
        pillar,
        {
            "vms[0].domain.vcpu.current": 2,
            "vms[0].disks[1]": disk,
            "vms[0].domain.devices.interfaces": [card],
        },
    )
    plan = guest_of(more, do=False)
    assert plan.disruption is Disruption.RELOAD
    assert "~ domain:web1:vcpu@current: 1 -> 2\n" in plan.text()
    assert "~ domain:web1:live:vcpu@current: 1 -> 2  [reload]" in plan.text()
    assert "+ domain:web1:live:disk[sda] = " in plan.text()

    guest_of(more)
    running = domain.parse(libvirt.xml("web1"))
    assert running.find("vcpu").get("current") == "2"
    assert {"disk[sda]", "interface[52:54:00:00:00:09]"} <= set(domain.devices_by_name(running))
    assert guest_of(more).text() == ""

    fewer = changed(more, {"vms[0].disks[1]": None})
    plan = guest_of(fewer)
    assert "- domain:web1:live:disk[sda] (was " in plan.text()
    assert plan.disruption is Disruption.RELOAD
    eventually(lambda: still_there(libvirt, "disk[sda]"), timeout=30, interval=0.5)
    assert guest_of(fewer).text() == ""


def still_there(libvirt, device):
    return device if device in domain.devices_by_name(domain.parse(libvirt.xml("web1"))) else ""


def test_memory_goes_to_the_balloon_and_is_asked_for_once(guest_of, pillar, changed, libvirt):
    less = changed(pillar, {"vms[0].domain.current_memory": "48MiB"})
    plan = guest_of(less)
    assert "~ domain:web1:live:currentMemory: 64MiB -> 48MiB  [reload]" in plan.text()
    assert guest_of(less).text() == ""  # this guest has no driver: it keeps what it has
    assert domain.asked_memory(domain.parse(libvirt.xml("web1"))) == 48 * 1024**2


def test_what_needs_a_restart_says_so(guest_of, pillar, changed):
    plan = guest_of(changed(pillar, {"vms[0].memory": "128MiB"}), do=False)
    assert plan.disruption is Disruption.RESOURCE_RESTART
    assert "~ domain:web1:memory: 64MiB -> 128MiB  [resource_restart]" in plan.text()
    assert ":live:" not in plan.text()
    plan = guest_of(changed(pillar, {"vms[0].memory": "128MiB"}))
    plan = guest_of(changed(pillar, {"vms[0].memory": "128MiB"}))
    assert not plan
    assert "# when it next starts: ~ domain:web1:memory: 64MiB -> 128MiB" in plan.text()


def test_what_somebody_plugged_in_by_hand_stays(guest_of, pillar, libvirt, tmp_path):
    (tmp_path / "hand.raw").write_bytes(bytes(1024**2))
    virsh(libvirt, "attach-disk", "web1", str(tmp_path / "hand.raw"), "sdb", "--live")
    assert guest_of(pillar).text() == ""
    assert still_there(libvirt, "disk[sdb]")
