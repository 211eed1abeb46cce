"""What operators did on purpose: found, told with its age, left where it is."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml

from kvmha.build import cib as build
from kvmha.documents import cib, cib_marks, cib_merge
from kvmha.spec import load_part
from kvmha.tools import cib_archive

CASES = sorted((Path(__file__).parents[1] / "cases" / "cib_marks").iterdir())
NOBODY = {"resources": [{"id": "elsewhere", "agent": "ocf:heartbeat:Dummy"}]}


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def folder(request):
    return request.param


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    """Read the local times in the archive as UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def read(folder, unmanaged="report"):
    case = yaml.safe_load((folder / "case.yaml").read_text())
    said = load_part({"cib": case.get("cib", {}), "unmanaged": unmanaged})
    wanted = build.of_words(said.cib, unmanaged=unmanaged)
    now = datetime.fromisoformat(case["now"]).replace(tzinfo=timezone.utc).timestamp()
    return (folder / "observed.xml").read_text(), wanted, now, case["live"]


def notes(folder):
    text, wanted, now, live = read(folder)
    new, _, _ = cib_merge.edit(text, wanted)
    archive = folder / "archive"
    return cib_archive.notes(text, new, wanted.tree, live=live, folder=archive, now=now)


def test_notes_are_the_recorded_ones(folder):
    assert notes(folder) == yaml.safe_load((folder / "told.yaml").read_text())


def test_only_what_the_pillar_says_is_undone_even_where_all_else_goes(folder):
    text, _, now, _ = read(folder)
    case = yaml.safe_load((folder / "case.yaml").read_text())
    resources = {"resources": _resources(text)} if "cib" not in case else case["cib"]
    said = load_part({"cib": resources, "unmanaged": "remove"})
    wanted = build.of_words(said.cib, unmanaged="remove")
    new, _, _ = cib_merge.edit(text, wanted)
    told = cib_archive.notes(text, new, wanted.tree, live=False, now=now)
    undone = [line for line in told if not line.endswith("left as it is")]
    assert undone == [line for line in notes(folder) if line.endswith("this plan undoes it")]


def _resources(text):
    """Return the pillar's words for the resources that stand, without any value of them."""
    found = cib.parse(text).iterfind("configuration/resources/*")
    return [_resource(one) for one in found]


def _resource(element):
    if element.tag == "primitive":
        agent = filter(None, (element.get(name) for name in ("class", "provider", "type")))
        return {"id": element.get("id"), "agent": ":".join(agent)}
    members = [_resource(one) for one in element.iterfind("primitive")]
    return {"id": element.get("id"), "kind": element.tag, "members": members}


def test_data_says_what_the_notes_say():
    folder = next(case for case in CASES if case.name == "set_by_crm_resource")
    text, _, now, _ = read(folder)
    (mark,) = cib_archive.told(text, None, live=True, folder=folder / "archive", now=now)
    assert mark == {
        "address": "cib:primitive/vm-web1/meta/target-role",
        "about": "vm-web1",
        "text": "vm-web1 was stopped on purpose 3 h 12 min ago "
        "(target-role=Stopped, set on ha-host2 by crm_resource)",
        "since": "2026-11-27T08:48:00+00:00",
        "how": "set",
        "seconds": 11_520,
        "origin": "ha-host2",
        "client": "crm_resource",
    }


def test_without_a_mark_no_file_is_opened(monkeypatch):
    monkeypatch.setattr(cib_archive, "_versions", None)
    assert cib_archive.notes(cib.EMPTY, cib.EMPTY, None, live=True) == []


def test_no_more_files_are_read_than_needed(tmp_path, monkeypatch):
    folder = next(case for case in CASES if case.name == "set_by_crm_resource")
    read_files = []
    original = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda p: (read_files.append(p.name), original(p))[1])
    notes(folder)
    assert read_files == ["cib.xml", "cib-0.raw", "cib-99.raw"]


def test_a_time_that_nobody_understands_is_no_age():
    text = cib.EMPTY.replace("<crm_config/>", MAINTENANCE)
    text = text.replace("<cib ", '<cib cib-last-written="?" ')
    (mark,) = cib_marks.marks(cib.parse(text))
    found = cib_archive.ages(cib.parse(text), text, [mark], Path("/nowhere"))
    assert cib_marks.text(mark, found[mark], 0) == (
        "the cluster was put into maintenance (maintenance-mode=true, age unknown)"
    )


MAINTENANCE = (
    '<crm_config><cluster_property_set id="o"><nvpair id="m" name="maintenance-mode" '
    'value="true"/></cluster_property_set></crm_config>'
)
