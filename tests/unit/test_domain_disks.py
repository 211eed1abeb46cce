"""Volumes, devices, seeds and installers: plans and XML. Cases: tests/cases/vm_disks."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kvmha.build import domain as build
from kvmha.build import domain_disks
from kvmha.consent import Signature
from kvmha.documents import domain
from kvmha.documents.image import Image
from kvmha.errors import KvmhaError
from kvmha.spec import load

CASES = sorted((Path(__file__).parents[1] / "cases" / "vm_disks").iterdir())
SPEC = Path(__file__).parents[2] / "pillar" / "examples" / "vm_disks.sls"


def case_parts(case: Path):
    """Return spec, VM and observation of a case: its folder is there, its XML as wanted."""
    spec = load(yaml.safe_load((case / "spec.yaml").read_text()))
    said = yaml.safe_load((case / "observed.yaml").read_text())
    blocks = {
        place: domain_disks.Block(
            each["size"],
            tuple(Signature(*words) for words in each.get("found", ())),
            each.get("record", ""),
        )
        for place, each in said.pop("blocks", {}).items()
    }
    images = {name: Image(*image) for name, image in said.pop("images", {}).items()}
    seen = build.Observed(
        mounted="ocfs2", folder=True, images=images,
        xml=domain.render(build.build(spec, spec.vms[0])) if images or blocks else None,
        disks=domain_disks.Seen(blocks=blocks, **said),
    )  # fmt: skip
    return spec, spec.vms[0], seen


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_plan_of_case(case):
    spec, vm, seen = case_parts(case)
    try:
        told = build.plan(spec, vm, seen).text()
    except KvmhaError as error:
        told = f"{type(error).__name__}: {error}"
    assert f"{told}\n" == (case / "plan.txt").read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_devices_of_case(case):
    spec, vm, _ = case_parts(case)
    if (case / "devices.xml").exists():
        root = build.build(spec, vm)
        told = "".join(domain.render(disk) for disk in root.iterfind("devices/disk"))
        assert told == (case / "devices.xml").read_text()


@pytest.fixture(name="vms")
def example_vms():
    spec = load(yaml.safe_load(SPEC.read_text())["kvmha"])
    return spec, {vm.name: vm for vm in spec.vms}


def test_an_installer_s_domain_ends_with_its_first_restart_and_boots_from_its_medium(vms):
    spec, named = vms
    root = build.build(spec, named["app1"])
    paths = {"iso": "/a/install.iso", "answers": "/a/answers.iso"}
    text = domain.render(domain_disks.install_root(root, named["app1"], paths))
    assert "<on_reboot>destroy</on_reboot>" in text
    (boot,) = domain.parse(text).iterfind("devices/disk/boot")
    assert boot.getparent().find("source").get("file") == "/a/install.iso"
    assert '<source file="/a/answers.iso"/>' in text


def test_a_kernel_gets_its_command_line(vms):
    spec, named = vms
    paths = {"kernel": "/a/install.kernel", "initrd": "/a/install.initrd"}
    root = domain_disks.install_root(build.build(spec, named["sap1"]), named["sap1"], paths)
    assert root.findtext("os/kernel") == "/a/install.kernel"
    assert root.findtext("os/initrd") == "/a/install.initrd"
    assert root.findtext("os/cmdline") == "install=http://192.168.56.1/leap console=ttyS0"


@pytest.mark.parametrize("boots", [{"boot": ["hd"]}, {"kernel": "/own", "initrd": "/own"}])
def test_an_installer_boots_in_the_place_of_what_the_domain_says(example, changed, boots):
    said = {
        "vms[0].install": {"iso": "/srv/iso/server.iso"},
        "vms[0].domain": {
            "whole": True,
            "os": {"type": "hvm", **boots},
            "devices": {"disks": [{"target": {"dev": "vda"}, "boot": {"order": 1}}]},
        },
    }
    spec = load(changed(example("three_node"), said))
    vm, paths = spec.vms[0], {"iso": "/a/install.iso"}
    root = domain_disks.install_root(build.build(spec, vm), vm, paths)
    assert root.findtext("on_reboot") == "destroy"
    assert [child.tag for child in root.find("os")] == ["type"]
    (boot,) = root.iterfind("devices/disk/boot")
    assert boot.getparent().find("source").get("file") == "/a/install.iso"


def test_the_digest_of_a_seed_tells_every_text_apart():
    one = {"user-data": "a", "meta-data": "b"}
    assert domain_disks.digest(one) == domain_disks.digest(dict(reversed(one.items())))
    assert domain_disks.digest(one) != domain_disks.digest({"user-data": "b", "meta-data": "a"})
    assert domain_disks.digest({}) == ""


def test_media_find_a_letter_however_many_disks_there_are(vms):
    spec, named = vms
    devices = build.build(spec, named["web1"]).find("devices")
    letters = [domain_disks.add_medium(devices, "/x").find("target").get("dev") for _ in range(8)]
    assert len(set(letters)) == 8
    assert letters[:2] == ["sde", "sdd"]
