"""`salt-run kvmha.report` through Salt's own loader, on records as the master keeps them."""

from __future__ import annotations

import json
import os

import pytest
import salt.loader

from kvmha.plain import plain
from tests.drill_records import RECORDS
from tests.salt.conftest import MASTER


@pytest.fixture
def report(make_opts):
    loaded = salt.loader.runner(make_opts(MASTER, {}), context={})
    return loaded["kvmha.report"]


@pytest.fixture
def kept(tmp_path):
    """Keep two records, the later one as the newer file; return them."""
    folder = tmp_path / "cache" / "kvmha" / "drills"
    folder.mkdir(parents=True)
    records = [RECORDS["vm_on_two_nodes"](), RECORDS["partition3_with_fencing"]()]
    for age, record in zip((50, 5), records, strict=True):
        path = folder / f"{record.id}.json"
        path.write_text(json.dumps(plain(record)))
        os.utime(path, (1_000_000 - age,) * 2)
    return records


def test_the_newest_drill_is_told_and_written(report, kept, tmp_path):
    page, xml = tmp_path / "new" / "drill.html", tmp_path / "drill.xml"
    found = report(path=str(page), junit=str(xml))
    assert found == {
        "retcode": 0,
        "drill": kept[1].id,
        "verdict": "passed",
        "healed": True,
        "written": [str(page), str(xml)],
    }
    assert page.read_text().startswith("<!DOCTYPE html>") and "Passed: 5 steps" in page.read_text()
    assert '<testsuite name="kvmha.alpha.partition3"' in xml.read_text()


def test_a_drill_that_is_named_is_told(report, kept):
    found = report(drill=kept[0].id)
    assert found["verdict"] == "broken" and found["written"] == [] and found["retcode"] == 0


@pytest.mark.parametrize("drill", ["partition3", "../drills/x", "x"])
def test_a_drill_that_nobody_kept_is_told_with_those_there_are(report, kept, drill):
    found = report(drill=drill)
    assert found["retcode"] == 1 and kept[1].id in found["problems"][0]


def test_no_record_and_a_torn_one_are_told(report, kept, tmp_path):
    folder = tmp_path / "cache" / "kvmha" / "drills"
    (folder / "torn.json").write_text('{"id": "to')
    assert "no record of a drill" in report()["problems"][0]
    for path in folder.iterdir():
        path.unlink()
    assert "no drill is recorded" in report()["problems"][0]


def test_what_cannot_be_written_is_told(report, kept, tmp_path):
    (tmp_path / "file").write_text("")
    found = report(path=str(tmp_path / "file" / "x.html"))
    assert found["retcode"] == 1 and "file" in found["problems"][0]


def test_a_cluster_that_cannot_be_asked_is_told(report, tmp_path):
    found = report(now=True, path=str(tmp_path / "now.html"))
    assert found["retcode"] == 1 and found["problems"][0]
    assert not (tmp_path / "now.html").exists()
