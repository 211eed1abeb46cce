"""Patches of our own, taken by Pacemaker's own tools and by a running cluster."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from lxml import etree

from kvmha.build import cib as build
from kvmha.documents import cib, cib_patch
from kvmha.documents.cib_match import printed
from kvmha.spec import load_part
from kvmha.tools import pacemaker
from kvmha.tools.runner import Runner
from tests.contract.cluster_of_one import Inside, started

CORPUS = sorted((Path(__file__).parents[1] / "cases" / "cib_corpus").glob("*.xml"))
# What is of another schema than the tools here, or of none.
FOREIGN = {"pacemaker_3_0", "heartbeat_1_0"}


def configuration(text: str) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Return every element in order, its attributes in no order."""
    found = cib.parse(text).find("configuration").iter(etree.Element)
    return [
        (one.tag, tuple(sorted((name, printed(value)) for name, value in one.items())))
        for one in found
    ]


def of_here(text: str) -> str:
    """Return the CIB as one that the tools here take, whatever is in it: not judged, only moved."""
    root = cib.parse(text)
    root.set("validate-with", "none")
    root.set("crm_feature_set", cib.parse(cib.EMPTY).get("crm_feature_set"))
    return str(etree.tostring(root, encoding="unicode"))


def patched(path: Path, base: str, new: str) -> str:
    path.write_text(base)
    Runner().run(
        ["cibadmin", "--patch", "--xml-pipe"],
        stdin=cib_patch.between(base, new),
        env={"CIB_file": str(path)},
    )
    return path.read_text()


def emptied(text: str) -> str:
    root = cib.parse(text)
    for section in list(root.find("configuration")):
        if section.tag in ("crm_config", "nodes", "resources", "constraints"):
            section[:] = []
        else:
            section.getparent().remove(section)
    return str(etree.tostring(root, encoding="unicode"))


def turned(text: str) -> str:
    """Return the CIB with every second object gone, the rest in reverse, values changed."""
    root = copy.deepcopy(cib.parse(text))
    for section in root.find("configuration"):
        for odd in list(section.iterchildren(tag=etree.Element))[1::2]:
            section.remove(odd)
        section[:] = reversed(section)
        for pair in section.iter("nvpair"):
            pair.set("value", f"{pair.get('value')}0")
    return str(etree.tostring(root, encoding="unicode"))


@pytest.mark.parametrize("path", [p for p in CORPUS if p.stem not in FOREIGN], ids=lambda p: p.stem)
def test_a_patch_leads_from_one_cib_to_the_other(path, tmp_path):
    text = of_here(pacemaker.query(Runner(), str(path)) or "")
    for base, new in (
        (emptied(text), text),
        (text, emptied(text)),
        (text, turned(text)),
        (turned(text), text),
    ):
        if configuration(base) != configuration(new):
            assert configuration(patched(tmp_path / "cib.xml", base, new)) == configuration(new)


def dummies(count: int) -> dict:
    return {
        "properties": {"stop-all-resources": True, "stonith-enabled": False},
        "resources": [{"id": f"r{n}", "agent": "ocf:pacemaker:Dummy"} for n in range(count)],
        "constraints": [
            {"id": f"o{n}", "kind": "order", "first": f"r{n}", "then": f"r{n + 1}"}
            for n in range(count - 1)
        ],
    }


def test_hundreds_of_objects_go_into_a_running_cluster_by_one_patch():
    with started() as pid:
        for count in (60, 400):  # the second among those that are there
            part = load_part({"cib": dummies(count)})
            runner = Inside(pid)
            done, left = pacemaker.apply(runner, build.of_words(part.cib))
            assert done and not left
            assert runner.started <= 4
            text = pacemaker.query(Inside(pid)) or ""
            ids = [one.get("id") for one in cib.parse(text).iterfind(".//resources/primitive")]
            assert ids == [f"r{n}" for n in range(count)]
        fewer = build.of_words(load_part({"cib": dummies(2)}).cib, unmanaged="remove")
        pacemaker.apply(Inside(pid), fewer)
        text = pacemaker.query(Inside(pid)) or ""
        assert len(cib.parse(text).findall(".//resources/primitive")) == 2
        assert pacemaker.verify(Inside(pid)) == []
