"""Pacemaker's whole vocabulary, both ways: each construct alone, and CIBs as clusters have them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from lxml import etree

from kvmha.documents import cib_merge
from kvmha.errors import InvalidInput
from kvmha.plan import Action
from kvmha.spec import load_part
from kvmha.tools import pacemaker
from kvmha.tools.runner import Runner
from tests import round_trip

CASES = Path(__file__).parents[1] / "cases"
WORDS = sorted((CASES / "cib_words").iterdir())
WHOLE = sorted([*(CASES / "cib_corpus").iterdir(), *(case / "cib.xml" for case in WORDS)])
UNSAYABLE = sorted((CASES / "cib_unsayable").iterdir())


def cib_in(path: Path) -> str:
    return pacemaker.query(Runner(), str(path))


def names(path: Path) -> str:
    return path.parent.name if path.name == "cib.xml" else path.stem


@pytest.fixture(params=WORDS, ids=lambda case: case.name)
def said(request):
    """Return a case's pillar, its secrets and the CIB that it means."""
    folder = request.param
    secrets = folder / "secrets.yaml"
    return (
        yaml.safe_load((folder / "pillar.yaml").read_text(encoding="utf-8")),
        yaml.safe_load(secrets.read_text(encoding="utf-8")) if secrets.exists() else {},
        cib_in(folder / "cib.xml"),
    )


@pytest.fixture(params=WHOLE, ids=names)
def text(request):
    return cib_in(request.param)


def test_the_words_make_this_cib(said):
    words, secrets, text = said
    new, changes, notes = cib_merge.edit(
        round_trip.emptied(text), round_trip.wanted(words, secrets)
    )
    assert round_trip.configuration(new) == round_trip.configuration(text)
    assert {change.action for change in changes} == {Action.CREATE}
    assert notes == ()


def test_this_cib_is_exported_in_these_words(said):
    words, _, text = said
    assert load_part(round_trip.exported(text)) == load_part(words)


def test_the_words_change_nothing_where_they_are_true(said):
    words, secrets, text = said
    assert cib_merge.edit(text, round_trip.wanted(words, secrets)) == (text, (), ())
    assert cib_merge.edit(text, round_trip.wanted(words)) == (text, (), ())


def test_an_export_changes_nothing_where_it_is_from(text):
    wanted = round_trip.wanted(round_trip.exported(text))
    assert cib_merge.edit(text, wanted) == (text, (), ())


def test_an_export_makes_the_same_configuration_again(text):
    new = round_trip.laid_into_nothing(text, round_trip.exported(text))
    assert round_trip.configuration(new) == round_trip.configuration(text)


def test_an_export_hides_every_secret(text):
    secrets = round_trip.secrets_of(text)
    assert not [value for value in secrets.values() if value in str(round_trip.exported(text))]


def test_bytes_are_read_in_the_encoding_they_declare():
    path = CASES / "cib_corpus" / "hand_edited.xml"
    assert b'encoding="ISO-8859-1"' in path.read_bytes()
    (web, *_) = round_trip.exported(cib_in(path))["cib"]["resources"]
    assert web["description"] == "  Zwölf Boxkämpfer  "


@pytest.fixture(params=UNSAYABLE, ids=lambda case: case.name)
def unsayable(request):
    return request.param, cib_in(request.param / "cib.xml")


def test_everything_that_cannot_be_said_is_named(unsayable):
    folder, text = unsayable
    with pytest.raises(InvalidInput) as caught:
        round_trip.exported(text)
    told = [f"{one.place}: {one.message} [{one.code}]" for one in caught.value.problems]
    assert told == yaml.safe_load((folder / "problems.yaml").read_text())


def test_what_cannot_be_said_survives_a_change(unsayable):
    _, text = unsayable
    words = {"cib": {"resources": [{"id": "web", "meta": {"priority": 5}}], "tags": [{"id": "t"}]}}
    new, changes, _ = cib_merge.edit(text, round_trip.wanted({**words, "unmanaged": "keep"}))
    assert [change.address for change in changes] == [
        "cib:primitive/web/meta/priority",
        "cib:tag/t",
    ]
    taken_back = etree.fromstring(new)
    for added in taken_back.xpath("//meta_attributes | //tags"):
        added.getparent().remove(added)
    assert lines(etree.tostring(taken_back)) == lines(text.encode())


def lines(text: bytes) -> list[bytes]:
    """Return what stands on each line that has something; an end of its own is none."""
    canonical = etree.tostring(etree.fromstring(text), method="c14n")
    return [line.strip() for line in canonical.splitlines() if line.strip()]
