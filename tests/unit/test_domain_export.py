"""Domain XML and its words in the pillar, both ways. Cases: tests/cases/domain_export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from lxml import etree

from kvmha.build import domain as build
from kvmha.build import domain_codec
from kvmha.documents import domain, domain_defaults
from kvmha.errors import InvalidInput
from kvmha.spec import load

CASES = Path(__file__).parents[1] / "cases" / "domain_export"
SCHEMA = "/usr/share/libvirt/schemas/domain.rng"
MARK = "{urn:kvmha:domain:1}owned"


@pytest.fixture(params=sorted(CASES.iterdir()), ids=lambda path: path.name)
def case(request):
    """Return a case's XML and its item of ``vms``."""
    folder = request.param
    (vm,) = yaml.safe_load((folder / "pillar.yaml").read_text(encoding="utf-8"))["vms"]
    return (folder / "domain.xml").read_text(encoding="utf-8"), vm


@pytest.fixture(name="spec_of")
def spec_with_one_vm(example, changed):
    return lambda vm: load(changed(example("lab"), {"vms[0]": vm}))


def exported(text):
    """Return the pillar of an XML as YAML or JSON would carry it."""
    return json.loads(json.dumps(domain_codec.export(domain.parse(text))))


def planned(spec, text, running=False):
    seen = build.Observed(mounted="ocfs2", folder=True, xml=text)
    return build.plan(spec, spec.vms[0], seen, running=running)


def meaning(root):
    """Return what an XML says that lasts, our mark left out."""
    root = domain_defaults.lasting(root)
    for mark in root.findall(f"metadata/{MARK}"):
        mark.getparent().remove(mark)
    for empty in root.xpath("metadata[not(*)]"):
        root.remove(empty)
    return domain_defaults.canonical(root)


def test_this_xml_is_exported_in_these_words(case):
    text, vm = case
    assert exported(text) == vm


def test_the_words_make_this_xml(case, spec_of):
    text, vm = case
    spec = spec_of(vm)
    assert meaning(build.build(spec, spec.vms[0])) == meaning(domain.parse(text))


def test_the_words_change_nothing_where_they_are_true(case, spec_of):
    text, vm = case
    spec = spec_of(vm)
    assert planned(spec, text).text() == ""
    assert build.wanted_xml(spec, spec.vms[0], build.Observed("ocfs2", True, text)) is None


def test_what_the_words_make_follows_libvirts_schema(case, spec_of):
    _, vm = case
    spec = spec_of(vm)
    built = domain.parse(domain.render(build.build(spec, spec.vms[0])))
    etree.RelaxNG(etree.parse(SCHEMA)).assertValid(built)


def test_every_value_that_is_said_is_enforced(case, spec_of):
    """An XML that says nothing of it gets all of it, and then nothing is left to change."""
    _, vm = case
    spec = spec_of(vm)
    bare = f"<domain type='kvm'><name>{vm['name']}</name></domain>"
    seen = build.Observed("ocfs2", True, bare)
    text = build.wanted_xml(spec, spec.vms[0], seen)
    assert text
    assert planned(spec, text).text() == ""


def test_a_password_of_a_screen_is_kept_and_never_shown(spec_of):
    text = (CASES / "password_of_a_screen" / "domain.xml").read_text(encoding="utf-8")
    vm = exported(text)
    assert "sesame" not in json.dumps(vm)
    spec = spec_of({**vm, "vcpus": 2})
    seen = build.Observed("ocfs2", True, text)
    assert 'passwd="sesame"' in build.wanted_xml(spec, spec.vms[0], seen)
    assert "sesame" not in str(domain.values(domain.parse(text)))


def test_what_has_no_word_stays_when_something_else_changes(case, spec_of):
    text, vm = case
    spec = spec_of({**vm, "domain": {**vm["domain"], "title": "new"}})
    after = build.wanted_xml(spec, spec.vms[0], build.Observed("ocfs2", True, text))
    old, new = (meaning(domain.parse(one)) for one in (text, after))
    assert [one for one in old[3] if one[0] != "title"] == [
        one for one in new[3] if one[0] != "title"
    ]
    assert after != text


@pytest.mark.parametrize(
    ("xml", "problem"),
    [
        ("<name>a b</name><memory>1024</memory>", r"name: 'a b' cannot be part of an id"),
        ("<name>a</name>", r"memory: is missing or no size"),
        ("<name>a</name><memory unit='stones'>3</memory>", r"memory: is missing or no size"),
    ],
)
def test_what_cannot_be_one_of_vms_is_refused_with_the_reason(xml, problem):
    with pytest.raises(InvalidInput, match=problem):
        domain_codec.export(domain.parse(f"<domain type='kvm'>{xml}</domain>"))
