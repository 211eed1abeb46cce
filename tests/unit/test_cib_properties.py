"""What holds of every CIB: what is said is what is there, and nothing else is touched.

``KVMHA_FUZZ=long`` tries forty times as many examples.
"""

from __future__ import annotations

import copy
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from kvmha.build import cib_codec
from kvmha.documents import cib, cib_ids, cib_merge
from kvmha.errors import InvalidInput
from kvmha.spec import load_part
from kvmha.spec.cib import Cib
from tests import round_trip
from tests.strategies import cib_words, texts

LONG = os.environ.get("KVMHA_FUZZ") == "long"
examples = settings(
    max_examples=2000 if LONG else 50,
    deadline=None,
    database=None,
    derandomize=not LONG,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def made(words: dict) -> str:
    return cib_merge.edit(cib.EMPTY, round_trip.wanted({"cib": words}))[0]


@examples
@given(cib_words())
def test_what_is_encoded_is_decoded_again(words):
    said = load_part({"cib": words}).cib
    element = cib_codec.encode(said, "configuration")
    cib_ids.fill(element, ())
    assert load_part({"cib": cib_codec.decode(Cib, element)}).cib == said


@examples
@given(cib_words())
def test_words_change_nothing_where_they_are_true(words):
    text = made(words)
    assert cib_merge.edit(text, round_trip.wanted({"cib": words})) == (text, (), ())


@examples
@given(cib_words())
def test_an_export_is_the_same_cib_in_words(words):
    text = made(words)
    again = round_trip.exported(text)
    assert cib_merge.edit(text, round_trip.wanted(again)) == (text, (), ())
    new = round_trip.laid_into_nothing(text, again)
    assert round_trip.configuration(new) == round_trip.configuration(text)


@examples
@given(cib_words(), cib_words())
def test_a_merge_is_done_after_one_time(one, other):
    text = made(one)
    wanted = round_trip.wanted({"cib": other, "unmanaged": "keep"})
    try:
        new, _, _ = cib_merge.edit(text, wanted)
    except InvalidInput:
        return  # an id is something else's in the other
    assert cib_merge.edit(new, wanted) == (new, (), ())


@examples
@given(cib_words(), st.data())
def test_one_value_is_one_change_at_its_place(words, data):
    text = made(words)
    root = cib.parse(text)
    pairs = root.xpath("//nvpair[@value][@id]")
    if not pairs:
        return
    pair = data.draw(st.sampled_from(pairs))
    pair.set("value", "as it never was")
    changed = round_trip.exported(etree.tostring(root, encoding="unicode"))
    new, changes, notes = cib_merge.edit(text, round_trip.wanted(changed))
    (change,) = changes
    name = pair.get("name") or pair.get("id")
    assert change.address.startswith("cib:") and change.address.endswith(f"/{name}")
    assert change.new == "as it never was" and notes == ()
    assert round_trip.configuration(new) == round_trip.configuration(
        etree.tostring(root, encoding="unicode")
    )


@examples
@given(cib_words(), texts)
def test_what_is_not_ours_survives_byte_for_byte(words, text):
    stranger = etree.Element("primitive", id="a-stranger", note=text)
    stranger.text = "\n \t"
    stranger.append(etree.Comment(" by hand "))
    root = cib.parse(made({}))
    root.find("configuration/resources").append(stranger)
    root.find("configuration").append(copy.deepcopy(stranger))
    root.find("configuration")[-1].tag = "strangers"
    before = [etree.tostring(one, with_tail=False) for one in strangers(root)]
    base = etree.tostring(root, encoding="unicode")
    new, _, _ = cib_merge.edit(base, round_trip.wanted({"cib": words, "unmanaged": "keep"}))
    assert [etree.tostring(one, with_tail=False) for one in strangers(cib.parse(new))] == before


def strangers(root):
    return root.xpath("//*[@id='a-stranger']")
