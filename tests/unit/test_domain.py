"""Domain XML: what is built, what differs, and what of others stays. Cases: tests/cases/domain."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kvmha.build import domain as build
from kvmha.build import guest_monitor
from kvmha.documents import domain
from kvmha.documents.image import Image
from kvmha.errors import InvalidInput, KvmhaError
from kvmha.plan import Disruption
from kvmha.spec import load

CASES = Path(__file__).parents[1] / "cases" / "domain"
LAB = Path(__file__).parents[2] / "pillar" / "examples" / "lab.sls"


def case_parts(case: Path):
    spec = load(yaml.safe_load((case / "spec.yaml").read_text()))
    said = yaml.safe_load((case / "observed.yaml").read_text())
    xml = case / "observed.xml"
    seen = build.Observed(
        mounted=said.get("mounted", ""),
        folder=said.get("folder", False),
        xml=xml.read_text() if xml.exists() else None,
        images={name: Image(*image) for name, image in said.get("images", {}).items()},
        leftovers=tuple(said.get("leftovers", ())),
    )
    return spec, spec.vms[0], seen, said.get("running", False)


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda path: path.name)
def test_plan_of_case(case):
    spec, vm, seen, running = case_parts(case)
    plan = build.plan(spec, vm, seen, running=running)
    assert plan.text() + "\n" == (case / "plan.txt").read_text()


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda path: path.name)
def test_the_written_xml_leaves_nothing_to_change(case):
    spec, vm, seen, _ = case_parts(case)
    text = build.wanted_xml(spec, vm, seen)
    if (case / "wanted.xml").exists():
        assert text == (case / "wanted.xml").read_text()
    after = build.Observed(
        mounted="ocfs2",
        folder=True,
        xml=text or seen.xml,
        images={disk.file: Image(disk.format, disk.size) for disk in vm.disks},
        monitor=guest_monitor.script(spec, vm) if vm.monitor else None,
    )
    assert build.plan(spec, vm, after).text() == ""


@pytest.fixture(name="spec")
def lab_spec():
    return load(yaml.safe_load(LAB.read_text())["kvmha"])


def test_uuid_and_mac_are_the_same_at_every_run_and_differ_between_vms():
    assert build.domain_uuid("alpha", "web1") == "5e6cbbdc-e092-5378-bdca-b0263df811b5"
    assert build.domain_uuid("alpha", "web2") != build.domain_uuid("alpha", "web1")
    assert build.domain_uuid("beta", "web1") != build.domain_uuid("alpha", "web1")
    addresses = {build.derived_mac("alpha", vm, index) for vm in "ab" for index in (0, 1)}
    assert len(addresses) == 4
    assert all(address.startswith("52:54:00:") for address in addresses)


def test_render_of_parse_is_the_same_text():
    for path in CASES.glob("*/wanted.xml"):
        assert domain.render(domain.parse(path.read_text())) == path.read_text()


def test_sizes_are_equal_in_any_unit():
    def memory(text):
        return domain.values(domain.parse(f"<domain>{text}</domain>"))["memory"]

    assert memory("<memory unit='GiB'>2</memory>") == memory("<memory>2097152</memory>")
    assert memory("<memory unit='MB'>1</memory>") == "977KiB"


def test_text_that_is_no_domain_is_refused_with_its_place():
    with pytest.raises(KvmhaError, match=r"/srv/web1.xml is no XML: .*mismatch"):
        domain.parse("<domain><name></domain>", where="/srv/web1.xml")
    with pytest.raises(KvmhaError, match="a <network>, not a <domain>"):
        domain.parse("<network/>")


def test_an_entity_is_not_read_from_a_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    text = f'<!DOCTYPE d [<!ENTITY s SYSTEM "file://{secret}">]><domain><name>&s;</name></domain>'
    assert "hidden" not in domain.render(domain.parse(text))


def test_every_value_that_is_built_has_an_address(spec):
    values = domain.values(build.build(spec, spec.vms[0]))
    assert values["memory"] == "32MiB"
    assert values["disk[hda].source@file"] == "/srv/vmstore/web1/disk0.raw"
    assert values["disk[hda].driver@cache"] == "none"
    assert values["serial.source@append"] == "on"


def test_letters_of_disks_follow_their_bus():
    spec, vm, _, _ = case_parts(CASES / "new_vm")
    assert list(domain.disk_files(build.build(spec, vm))) == ["vda", "vdb"]


def test_a_change_of_any_owned_value_is_seen(spec):
    wanted = build.build(spec, spec.vms[0])
    text = domain.render(wanted)
    for address, value in domain.values(wanted).items():
        if address in ("uuid", "features.acpi", "features.apic"):
            continue
        other = domain.parse(text)
        _spoil(other, value)
        assert domain.values(other) != domain.values(wanted), address
        changes = domain.diff("web1", other, domain.merged(other, wanted), Disruption.NONE)
        assert changes, address


def _spoil(root, value):
    """Give another value to the first place of ``root`` that holds ``value``."""
    for element in root.iter():
        if element.tag in ("memory", "currentMemory") and value.endswith("iB"):
            element.text = "1"
            return
        if (element.text or "").strip() == value:
            element.text = "other"
            return
        for name, found in element.attrib.items():
            if found == value:
                element.set(name, "other")
                return
    raise AssertionError(value)


def test_an_unknown_vm_is_named_with_those_that_are_known(spec):
    with pytest.raises(InvalidInput, match=r"no VM is called 'web9' \(hint: known: web1\)"):
        build.find(spec, "web9")


def test_another_observation_gives_another_digest():
    spec, vm, seen, _ = case_parts(CASES / "new_vm")
    other = build.Observed(mounted="ocfs2", folder=True)
    assert build.plan(spec, vm, seen).digest != build.plan(spec, vm, other).digest
