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


def ways(cls=ClusterSpec, way=(), above=()):
    """Yield each key with the way to it: steps of (name, meta), a class within itself once."""
    for name, meta in fields_of(cls):
        here = (*way, (name, meta))
        yield here
        below = class_of(meta)
        if meta.kind == "object" and below not in above:
            yield from ways(below, here, (*above, below))


def place(way):
    return ".".join(name for name, _ in way)


KEYS = {place(way): way for way in ways() if way[-1][1].kind != "object"}


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_an_example(key):
    assert KEYS[key][-1][1].example is not None


def skeleton(cls):
    """Return the least that says a ``cls``: its required keys with their examples."""
    found = {}
    for name, meta in fields_of(cls):
        if meta.required and meta.kind == "object":
            found[name] = [skeleton(class_of(meta))] if meta.many else skeleton(class_of(meta))
        elif meta.required:
            found[name] = meta.example
    return found


@pytest.mark.parametrize("key", KEYS)
def test_every_example_loads_and_is_kept(key, example, monkeypatch):
    """Rules look at the whole document, an example is about one key: they are left out."""
    *above, (name, meta) = KEYS[key]
    data = example("three_node")
    inner = data
    for step, between in above:
        fresh = skeleton(class_of(between))
        inner = inner.setdefault(step, [fresh] if between.many else fresh)
        inner = inner[0] if between.many else inner
    inner.update(yaml.safe_load(reference.example_line(name, meta)))
    assert mistakes(data) == []

    monkeypatch.setattr("kvmha.rules.registry.RULES", {})
    kept = load(data)
    for step, between in above:
        kept = getattr(kept, step)[0] if between.many else getattr(kept, step)
    assert getattr(kept, name) == read(meta)


def read(meta):
    if meta.many:
        return tuple(kinds.read(item, meta) for item in meta.example)
    return kinds.read(meta.example, meta)


def test_every_block_of_the_page_says_the_keys_of_its_section():
    page = reference.pillar_page()
    for cls in classes_of(ClusterSpec):
        section = page.partition(f"## `{reference.anchor(cls)}`\n")[2].partition("\n## ")[0]
        block = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
        said = yaml.safe_load(block[1]) if block else {}
        wanted = {name: meta.example for name, meta in fields_of(cls) if meta.kind != "object"}
        assert said == wanted


def test_links_within_the_page_lead_somewhere():
    page = reference.pillar_page()
    headings = {reference._slug(text) for text in re.findall(r"^## `(.+)`$", page, re.MULTILINE)}
    links = set(re.findall(r"\]\(#([^)]*)\)", page))
    assert links and links <= headings


def test_headings_differ():
    headings = [reference.anchor(cls) for cls in classes_of(ClusterSpec)]
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
