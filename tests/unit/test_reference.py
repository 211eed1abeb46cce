"""The generated files are current, and every example in the reference loads."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kvmha.rules import RULES
from kvmha.spec import kinds, load, reference, schema, written
from kvmha.spec.fields import class_of, classes_of, fields_of
from kvmha.spec.model import ClusterSpec
from tests.unit.test_schema import mistakes

ROOT = Path(__file__).parent.parent.parent


def test_generated_files_are_current(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "generate", tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    names = done.stdout.split()
    assert names
    old = [
        name
        for name in names
        if not (ROOT / name).exists() or (ROOT / name).read_text() != (tmp_path / name).read_text()
    ]
    assert old == [], "run scripts/generate"


def ways():
    """Yield each key of each class once: the shortest way to it, steps of (class, name, meta)."""
    waiting, seen = [((), ClusterSpec)], set()
    while waiting:
        way, cls = waiting.pop(0)
        if cls in seen:
            continue
        seen.add(cls)
        for name, meta in fields_of(cls):
            here = (*way, (cls, name, meta))
            yield here
            if class_of(meta):
                waiting.append((here, class_of(meta)))


KEYS = {".".join(name for _, name, _ in way): way for way in ways() if way[-1][2].kind != "object"}


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_an_example(key):
    assert KEYS[key][-1][2].example is not None


def skeleton(cls):
    """Return the least that says a ``cls``: its required keys with their examples."""
    found = {}
    for name, meta in fields_of(cls):
        if meta.required and meta.kind == "object":
            found[name] = [skeleton(class_of(meta))] if meta.many else skeleton(class_of(meta))
        elif meta.required:
            found[name] = meta.example
    return found


def fit(data, cls, meta):
    """Make an object of a kind that may have the key of ``meta``."""
    if meta.only:
        kind = next(name for name, each in fields_of(cls) if each.choices)
        data[kind] = meta.only[0]


@pytest.mark.parametrize("key", KEYS)
def test_every_example_loads_and_is_kept(key, example, monkeypatch):
    """Rules look at the whole document, an example is about one key: they are left out."""
    *above, (cls, name, meta) = KEYS[key]
    data = example("three_node")
    inner = data
    for holder, step, between in above:
        fit(inner, holder, between)
        fresh = skeleton(class_of(between))
        if between.many and not kinds.is_list(inner.get(step)):
            inner[step] = [fresh]  # sets of values may be a mapping
        inner = inner[step][0] if between.many else inner.setdefault(step, fresh)
    fit(inner, cls, meta)
    inner.update(yaml.safe_load(reference.example_line(name, meta)))
    assert mistakes(data) == []

    monkeypatch.setattr("kvmha.rules.registry.RULES", {})
    kept = load(data)
    for _, step, between in above:
        kept = getattr(kept, step)[0] if between.many else getattr(kept, step)
    assert getattr(kept, name) == read(meta)


def read(meta):
    if meta.kind == "nvsets":
        return (class_of(meta)(values=meta.example),)
    if meta.many:
        return tuple(kinds.read(item, meta) for item in meta.example)
    return kinds.read(meta.example, meta)


def test_every_block_of_the_page_says_the_keys_of_its_section():
    page = reference.pillar_page()
    for cls in classes_of(ClusterSpec):
        section = page.partition(f"## {reference.heading(cls)}\n")[2].partition("\n## ")[0]
        block = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
        said = yaml.safe_load(block[1]) if block else {}
        wanted = {name: meta.example for name, meta in fields_of(cls) if meta.kind != "object"}
        assert said == wanted


def test_links_within_the_page_lead_somewhere():
    page = reference.pillar_page()
    headings = {reference._slug(text) for text in re.findall(r"^## (.+)$", page, re.MULTILINE)}
    links = set(re.findall(r"\]\(#([^)]*)\)", page))
    assert links and links <= headings


def test_headings_differ():
    headings = [reference._slug(reference.heading(cls)) for cls in classes_of(ClusterSpec)]
    assert sorted(headings) == sorted(set(headings))


def test_every_rule_is_on_the_page():
    page = reference.rules_page(RULES.values())
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(RULES)
    assert "ocfs2_fs.h" in page


@pytest.mark.parametrize(
    "value",
    [
        *(
            "5s",
            "1e3",
            "0x1f",
            "12",
            "1.5",
            ".5",
            "-",
            "yes",
            "No",
            "null",
            "~",
            "a: b",
            "52:54:00",
        ),
        *("192.168.56.1", "fd00::1", "/dev/x", "it's", 'a "b"', " x", "#", "# a", "ä", "0o7", "@a"),
        *("", "2024-01-01", "1_000", "+1", ".", "...", 1, True, ["a", "1"]),
        {"a-b": "yes", "c": [1]},
    ],
)
def test_a_line_of_yaml_says_its_value(value):
    assert yaml.safe_load(f"key: {written.yaml_line(value)}") == {"key": value}


def test_the_schema_is_one_of_the_files():
    assert (ROOT / "docs/reference/kvmha.schema.json").read_text() == schema.schema_text()
