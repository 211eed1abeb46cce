"""What the vocabulary makes, before Pacemaker's own schemas and tools."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from kvmha.documents import cib
from kvmha.tools import pacemaker
from kvmha.tools.runner import Runner
from tests import round_trip
from tests.fuzz import cibs, report

SCHEMAS = Path("/usr/share/pacemaker")
CASES = Path(__file__).parents[1] / "cases"
FILES = sorted([*(CASES / "cib_words").glob("*/cib.xml"), *(CASES / "cib_corpus").iterdir()])
# What the schema rejects, on purpose.
REJECTED = {
    "more_attributes": "attributes that no schema knows",
    "orders_of_parts": "sequences that no schema knows",
    "hand_edited": "by people, and never verified",
    "heartbeat_1_0": "attributes from before the schemas",
    "pacemaker_3_0": "of a release that is newer than the tools here",
}
# Without a fencing device, crm_verify accepts no configuration.
FENCING = '<primitive id="device-of-all-cases" class="stonith" type="external/sbd"/>'


def names(path: Path) -> str:
    return path.parent.name if path.name == "cib.xml" else path.stem


def made_again(path: Path) -> tuple[str, str]:
    """Return the CIB in a file, and the one that its export makes out of nothing."""
    text = pacemaker.query(Runner(), str(path))
    return text, round_trip.laid_into_nothing(text, round_trip.exported(text))


VALID = [path for path in FILES if names(path) not in REJECTED]


@pytest.mark.parametrize("path", VALID, ids=names)
def test_pacemaker_accepts_what_the_words_make(path, tmp_path):
    root = cib.parse(made_again(path)[1])
    schema = etree.RelaxNG(file=str(SCHEMAS / f"{root.get('validate-with')}.rng"))
    schema.assertValid(root)
    root.find("configuration/resources").append(etree.fromstring(FENCING))
    (tmp_path / "cib.xml").write_bytes(etree.tostring(root))
    assert pacemaker.verify(Runner(), f"{tmp_path}/cib.xml") == []


@pytest.mark.parametrize("path", FILES, ids=names)
def test_crm_diff_finds_no_difference(path, tmp_path):
    for name, one in zip(("old", "new"), made_again(path), strict=True):
        (tmp_path / name).write_bytes(etree.tostring(sorted_attributes(cib.parse(one))))
    # It tells differences of a CIB to itself where an element has no id.
    assert differences(tmp_path / "old", tmp_path / "new") == differences(*[tmp_path / "old"] * 2)


def test_a_plan_from_a_broken_file_is_made_or_refused_in_words():
    found = report.run(cibs.attempt_plan, range(60))
    assert not found.bugs, found.text()
    assert found.outcomes["planned"] >= 5


def differences(old: Path, new: Path) -> str:
    argv = ["crm_diff", "--no-version", "--original", str(old), "--new", str(new)]
    return Runner().run(argv, ok=(0, 1)).stdout


def sorted_attributes(root):
    """Return the tree as XML sees it: crm_diff of Pacemaker 2.1 tells attributes' order too."""
    for status in root.findall("status"):
        root.remove(status)
    for comment in root.xpath("//comment()"):
        if comment.getparent() is not None:
            comment.getparent().remove(comment)
    for element in root.iter():
        attributes = sorted(element.items())
        element.attrib.clear()
        element.attrib.update(attributes)
    return root


def test_a_cib_of_a_newer_release_is_planned_without_its_consequences():
    words = {"cib": {"resources": [{"id": "ip", "meta": {"priority": 1}}]}, "unmanaged": "keep"}
    path = CASES / "cib_corpus" / "pacemaker_3_0.xml"
    plan = pacemaker.plan(Runner(), round_trip.wanted(words), str(path))
    (change,) = plan.changes
    assert change.text() == "+ cib:primitive/ip/meta/priority = 1"
    assert "what the cluster would do is unknown" in plan.notes[-1]
