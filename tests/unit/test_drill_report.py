"""Reports of drills: words, JUnit XML and the page. Records: tests/drill_records.py."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import junitparser
import lxml.html
import pytest
from lxml import etree

from kvmha.drills import report
from kvmha.drills.record import Breach, Outcome, Record, StepRecord
from kvmha.drills.report import facts, geometry, junit, lanes, page, palette, shapes, words
from kvmha.errors import KvmhaError
from kvmha.plain import of, plain
from kvmha.timeline import Sample
from kvmha.view.snapshot import NodeSeen, Partition, Snapshot
from tests.drill_records import H1, H2, H3, RECORDS, THREE, VIP, look

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases" / "report"
GRAMMAR = etree.RelaxNG(etree.parse(ROOT / "tests" / "junit.rng"))
every = pytest.mark.parametrize("name", RECORDS)
HOSTILE = "<script>alert(1)</script>\"'&]]> \x07\n--{{ 7*7 }}"


def test_every_case_has_a_record_and_every_record_a_case():
    assert {case.name for case in CASES.iterdir()} == set(RECORDS)


@every
def test_words_and_junit_of_case(name):
    record = RECORDS[name]()
    assert words.of_record(record) + "\n" == (CASES / name / "report.txt").read_text()
    assert junit.of_record(record) == (CASES / name / "junit.xml").read_text()


@every
def test_a_record_comes_back_from_its_file(name):
    record = RECORDS[name]()
    again = report.loaded(json.dumps(plain(record)))
    assert again == record and report.html(again) == report.html(record)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": "x"}', "null", '{"steps": 3}'])
def test_what_is_no_record_is_refused(text):
    with pytest.raises(KvmhaError, match="no record"):
        report.loaded(text)


def test_the_same_record_gives_the_same_bytes_in_another_process():
    code = (
        "import hashlib; from tests.drill_records import RECORDS; from kvmha.drills import report\n"
        "print(hashlib.sha256(''.join(report.html(r()) for r in RECORDS.values()).encode())"
        ".hexdigest())"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / '_utils'}:{ROOT}"}
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=environment | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


# --- nothing gets in, nothing goes out ----------------------------------------------------------


def poisoned(data):
    """Return plain data with markup in each of its words, keys among them."""
    if isinstance(data, dict):
        return {key: poisoned(value) for key, value in data.items()}
    if isinstance(data, list):
        return [poisoned(one) for one in data]
    return f"{data}{HOSTILE}" if isinstance(data, str) and data not in STATES else data


STATES = {"running", "passed", "broken", "failed", "interrupted", "as predicted", "not predicted"}


@every
def test_words_of_others_stay_words(name):
    record = of(Record, poisoned(plain(RECORDS[name]())))
    found = report.html(record)
    document = lxml.html.document_fromstring(found)
    clean = lxml.html.document_fromstring(report.html(RECORDS[name]()))
    allowed = {element.tag for element in clean.iter() if isinstance(element.tag, str)}
    assert {element.tag for element in document.iter() if isinstance(element.tag, str)} <= allowed
    assert not document.xpath("//script | //iframe | //img | //object | //foreignobject")
    assert not [key for one in document.iter() for key in one.attrib if key.startswith("on")]
    assert "alert(1)" in document.text_content() and "{{ 7*7 }}" in document.text_content()
    assert GRAMMAR.validate(etree.fromstring(junit.of_record(record).encode())), GRAMMAR.error_log


@every
def test_the_page_loads_nothing(name):
    text = report.html(RECORDS[name]())
    document = lxml.html.document_fromstring(text)
    links = [value for _, attribute, value, _ in document.iterlinks() if attribute != "xmlns"]
    assert [link for link in links if not link.startswith("#")] == ["data:,"]  # no favicon
    assert "@import" not in text and "url(" not in text and "<script" not in text


# --- what is there ------------------------------------------------------------------------------


@every
def test_ids_are_there_once_and_all_that_are_named(name):
    document = lxml.html.document_fromstring(report.html(RECORDS[name]()))
    ids = document.xpath("//@id")
    assert len(ids) == len(set(ids))
    named = {one for value in document.xpath("//@aria-labelledby") for one in value.split()}
    jumps = {value.removeprefix("#") for value in document.xpath("//a/@href")}
    assert named | jumps <= set(ids) and len(named) >= 2 * len(RECORDS[name]().steps)


@every
def test_each_picture_shows_what_is_in_its_snapshot(name):
    record = RECORDS[name]()
    document = lxml.html.document_fromstring(report.html(record))
    for number, step in enumerate(record.steps):
        (figure,) = document.xpath(f"//article[@id='step-{number + 1}']//figure/svg")
        links = {link.number for node in step.snapshot.nodes for link in node.links}
        drawn = len(links) if len(step.snapshot.nodes) <= 4 else 1
        assert len(figure.xpath(".//g[@class='node']")) == len(step.snapshot.nodes)
        assert len(_of_class(figure, "cut")) == len(step.cuts) * drawn
        assert len(_of_class(figure, "dc")) == sum(
            node.dc == node.name for node in step.snapshot.nodes
        )
        running = sum(len(node.domains) for node in step.snapshot.nodes)
        assert len(_of_class(figure, "vm")) == running
        silent = sum(not node.answered for node in step.snapshot.nodes)
        assert len(_of_class(figure, "lost")) == silent
        told = figure.find("desc").text
        assert all(node.name in told for node in step.snapshot.nodes)


@every
def test_lanes_show_each_thing_and_each_gap(name):
    record = RECORDS[name]()
    drawing = etree.fromstring(shapes.svg(lanes.drawn(record, "x")))
    drawn = [one.text for one in _of_class(drawing, "lane-name")]
    assert [one for one in drawn if one != "cuts in force"] == lanes.watched(record)
    gaps = sum(len(facts.gaps(record, each)) for each in lanes.watched(record))
    assert len(_of_class(drawing, "gap")) == gaps
    assert len(_of_class(drawing, "breach-line")) == len(record.breaches)
    assert len(_of_class(drawing, "step-line")) == len(record.steps)


def test_what_runs_twice_is_drawn_twice():
    record = RECORDS["vm_on_two_nodes"]()
    seen = page.scene(record, 1)
    assert seen.doubles == {"db1"}
    document = lxml.html.document_fromstring(report.html(record))
    assert len(_of_class(document, "twice")) == 2 and len(_of_class(document, "twice-frame")) == 1


def test_who_is_fenced_and_who_started_anew_is_seen():
    steps = RECORDS["partition3_with_fencing"]().steps
    assert facts.fenced(steps[1], steps[0]) == {H3}
    assert facts.restarted(steps[2], steps[1]) == set()  # it was silent before
    assert facts.restarted(steps[0], None) == set()
    whole = Outcome((Partition(THREE, True),))
    again = dataclasses.replace(whole, fenced=(H2,))
    booted = dataclasses.replace(
        steps[1], snapshot=look(THREE, [THREE], {}, at=40, booted=(H2,)), predicted=(whole, again)
    )
    assert facts.restarted(booted, steps[0]) == facts.fenced(booted, steps[0]) == {H2}
    assert facts.came(again, booted, steps[0]) and not facts.came(whole, booted, steps[0])
    assert facts.standings(booted, steps[0])[1:] == [f"{H2} fenced and back"]
    assert facts.words(again).endswith(f"{H2} fenced and back")
    told = dataclasses.replace(booted, predicted=())
    assert facts.standings(told, steps[0])[1:] == [f"{H2} restarted"]
    awaited = look(THREE, [(H1, H2)], {}, silent=(H3,), flags={H1: {H3: ("unclean",)}})
    assert facts.fenced(dataclasses.replace(told, snapshot=awaited), None) == {H3}


def test_the_page_says_who_was_fenced_and_is_back():
    record = RECORDS["partition3_with_fencing"]()
    again = Outcome((Partition(THREE, True),), fenced=(H2,))
    booted = dataclasses.replace(
        record.steps[1],
        snapshot=look(THREE, [THREE], {}, at=40, booted=(H2,)),
        predicted=(Outcome((Partition(THREE, True),)), *record.steps[1].predicted, again),
    )
    text = report.html(dataclasses.replace(record, steps=(record.steps[0], booted)))
    assert "Fenced and back: ha-host2" in text and "and 1 more that the rules allow" in text
    document = lxml.html.document_fromstring(text)
    first, *_ = document.xpath("//*[@id='step-2']//*[@class='outcome']")
    assert "this one came true" in first.text_content()


def test_an_outcome_comes_as_far_as_nodes_answer():
    whole, *_ = RECORDS["partition3_with_fencing"]().steps
    step = dataclasses.replace(whole, snapshot=look(THREE, [(H1, H2)], {}, at=9, silent=(H3,)))
    pair, other = Partition((H1, H2), True), Partition((H3,), False)
    assert facts.came(Outcome((pair,), (H3,)), step, whole)
    assert facts.came(Outcome((pair, other), (H3,)), step, whole)
    for wrong in (
        Outcome((pair, other)),
        Outcome((Partition((H1, H2), False),), (H3,)),
        Outcome((pair,), (H1,)),
        Outcome((Partition(THREE, True),), (H3,)),
    ):
        assert not facts.came(wrong, step, whole)


def test_a_cluster_as_it_stands_has_a_page_of_its_own():
    well = look(THREE, [THREE], {"db1": H1}, vips={VIP: H2})
    text = report.html_of_snapshot(well, "alpha", [VIP])
    assert "Quorum: 3 of 3 nodes answer, all in one partition, DC ha-host1." in text
    document = lxml.html.document_fromstring(text)
    assert len(_of_class(document, "vip")) == 2  # the key's, and ha-host2's
    assert document.xpath("//div[@id='verdict']/@class") == ["banner good"]
    ill = look(THREE, [(H1,)], {}, silent=(H2, H3))
    text = report.html_of_snapshot(ill, "alpha")
    assert "No quorum: 1 of 3 nodes answer" in text
    assert "banner bad" in text and words.of_snapshot(ill, "alpha").count("does not answer") == 2
    assert report.html_of_snapshot(Snapshot(0, (NodeSeen("a"),)), "alpha")


def test_records_that_stopped_early_or_saw_nonsense_have_reports():
    nothing = Record("x-1", "x", "", "c", "2026-11-27T19:00:00Z", 0.0, "interrupted", True)
    many = tuple(f"n{n}" for n in range(9))
    alone = look(many, [(name,) for name in many], {}, cuts=[("n1", "n2"), ("n1", "gone")])
    odd = tuple(
        dataclasses.replace(node, members=(node.name, "stranger", many[(n + 1) % 9]))
        for n, node in enumerate(alone.nodes)
    )
    stranger = Outcome((Partition(("stranger",), True),), fenced=("n1", "other"))
    for snapshot in (Snapshot(0.0, ()), alone, Snapshot(0.0, odd)):
        step = StepRecord("s", "a", 0.0, 0.0, snapshot, (("n1", "n2"),), (stranger, Outcome(())))
        for samples in ((), (Sample(0.0),), (Sample(3.0, {"db1": "stranger"}), Sample(9.0))):
            record = dataclasses.replace(nothing, steps=(step,), watched=samples)
            document = lxml.html.document_fromstring(report.html(record))
            assert len(document.xpath("//g[@class='node']")) == len(snapshot.nodes)
            assert words.of_record(record) and junit.of_record(record)
        assert report.html_of_snapshot(snapshot, "c") and words.of_snapshot(snapshot, "c")
    assert "No step was reached" in report.html(nothing)


# --- names and places ---------------------------------------------------------------------------


def test_short_names_differ_still():
    names = [f"customer-{n:02}-database-primary" for n in range(30)]
    assert len({shapes.shortened(name, 11, 90, names) for name in names}) == 30
    names = [f"kvm-rack{n // 9}-frankfurt-node-{n:02}" for n in range(30)]
    short = [shapes.shortened(name, 12, 90, names) for name in names]
    assert len(set(short)) == 30 and all(len(each) <= 12 for each in short)
    assert shapes.shortened("db1", 11, 90, ["db1"]) == "db1"
    assert shapes.shortened("a" * 50, 11, 60) == "aaa…aaaa"


@pytest.mark.parametrize("count", range(1, 33))
def test_no_card_covers_another_and_all_are_in_the_picture(count):
    heights = [60.0 + 15 * (n % 5) for n in range(count)]
    boxes, height = geometry.ring(heights)
    assert len(boxes) == count
    for box in boxes:
        assert box.x >= 0 and box.x + geometry.CARD <= geometry.WIDTH
        assert box.y >= 0 and box.y + box.height <= height
    for n, one in enumerate(boxes):
        for other in boxes[n + 1 :]:
            aside = abs(one.x - other.x) >= geometry.CARD
            assert aside or one.y + one.height < other.y or other.y + other.height < one.y


# --- colours ------------------------------------------------------------------------------------


def _luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """The contrast of WCAG 2.2, 1.4.3."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


INKS = [
    *((ink, ground) for ink in ("ink", "soft") for ground in ("page", "card")),
    *((ink, "card") for ink in ("good", "bad", "odd", "link")),
    *(("good", "good-bg"), ("bad", "bad-bg"), ("odd", "odd-bg"), ("card", "bad"), ("card", "ink")),
    *(("ink", "bad-bg"), ("ink", "odd-bg"), ("bad", "page"), ("link", "page")),
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_words_can_be_read_on_their_ground(theme):
    said = {name: pair[theme] for name, pair in palette.WORDS.items()}
    pairs = {(ink, ground): contrast(said[ink], said[ground]) for ink, ground in INKS}
    for place, pair in enumerate(palette.HOSTS):
        pairs["ink", f"host{place}"] = contrast(said["ink"], pair[theme])
    for place, pair in enumerate(palette.PARTITIONS):
        pairs["letter", f"part{place}"] = contrast(palette.LETTER_INK[theme], pair[theme])
        pairs[f"part{place}", "card"] = contrast(pair[theme], said["card"])
    assert {pair: value for pair, value in pairs.items() if value < 4.5} == {}


def test_partitions_and_hosts_without_end_have_colours():
    assert palette.letter(0) == "A" and palette.letter(25) == "Z" and palette.letter(26) == "A1"
    assert palette.host(3) == "host3" and palette.host(11) == "host3"
    assert len(palette.DASHES) == len(palette.PARTITIONS)


# --- JUnit --------------------------------------------------------------------------------------


@every
def test_junit_is_valid_and_read_by_others(name, tmp_path):
    record = RECORDS[name]()
    text = junit.of_record(record)
    assert GRAMMAR.validate(etree.fromstring(text.encode())), GRAMMAR.error_log
    path = tmp_path / "junit.xml"
    path.write_text(text)
    (suite,) = junitparser.JUnitXml.fromfile(str(path))
    assert suite.tests == len(list(suite)) == len(record.steps) + len(record.invariants) + 1
    failed = [case for case in suite if case.result]
    assert suite.failures == len(failed)
    assert bool(failed) == (record.verdict != "passed")


@pytest.mark.parametrize("verdict", ["failed", "broken", "interrupted"])
def test_what_did_not_pass_is_a_failure_always(verdict):
    bare = dataclasses.replace(RECORDS["partition3_with_fencing"](), verdict=verdict)
    assert 'failures="1"' in junit.of_record(bare)
    unhealed = dataclasses.replace(bare, verdict="passed", healed=False)
    assert 'failures="1"' in junit.of_record(unhealed) and "NOT healed" in words.of_record(unhealed)


def test_a_breach_that_nobody_watched_for_is_told():
    record = dataclasses.replace(
        RECORDS["partition3_with_fencing"](), breaches=(Breach("Something else", 3.0, "seen"),)
    )
    assert 'name="Something else"' in junit.of_record(record)
    assert "Something else" in report.html(record)


# --- manuals ------------------------------------------------------------------------------------


def test_the_manuals_pictures_are_what_the_tool_draws(tmp_path):
    script = [sys.executable, str(ROOT / "scripts" / "pictures"), str(tmp_path)]
    names = subprocess.run(script, capture_output=True, check=True, text=True).stdout.split()
    kept = {path.name for path in (ROOT / "docs/how-to/pictures").glob("drill-*.svg")}
    assert {Path(name).name for name in names} == kept
    for name in names:
        assert (tmp_path / name).read_text() == (ROOT / name).read_text(), "run scripts/pictures"
        etree.parse(ROOT / name)


# --- the library --------------------------------------------------------------------------------


def test_who_has_no_drawsvg_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "drawsvg", None)
    for name in [name for name in sys.modules if name.startswith("kvmha.drills.report.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(report, "page", raising=False)
    with pytest.raises(KvmhaError, match="salt-pip install drawsvg"):
        report.html(RECORDS["interrupted"]())


def test_words_and_junit_want_no_drawsvg():
    code = (
        "import sys; sys.modules['drawsvg'] = None\n"
        "from kvmha.drills import report; from kvmha.drills.report import junit, words"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "_utils")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def _of_class(element, name):
    return element.xpath(f".//*[contains(concat(' ', @class, ' '), ' {name} ')]")
