"""CIBs: those of the corpus, with elements, attributes and bytes that nobody meant."""

from __future__ import annotations

import contextlib
import functools
import json
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import yaml
from lxml import etree

from kvmha.build import cib as build
from kvmha.build import cib_codec
from kvmha.documents import cib, cib_merge
from kvmha.errors import InvalidInput
from kvmha.spec import load, load_part
from kvmha.tools import pacemaker
from kvmha.tools.runner import Runner
from tests import round_trip

ROOT = Path(__file__).parents[2]
TEXTS = ("", " ", "0", "-1", "INFINITY", "true", "²", "😀", "a:b", "a b", ",", "a" * 3000, "\n")
TAGS = ("primitive", "group", "nvpair", "rule", "operations", "weather", "clone", "meta_attributes")
GARBAGE = (b"\x00", b"<", b">", b"&", b'"', b"\xff\xfe", b"]]>", b"<!--", b"<?x?>", b"&amp;", b"a")


@functools.cache
def originals() -> tuple[bytes, ...]:
    """Return all CIBs that are to be broken."""
    cases = ROOT / "tests" / "cases"
    files = [*(cases / "cib_corpus").iterdir(), *cases.glob("cib_words/*/cib.xml")]
    return tuple(path.read_bytes() for path in sorted(files))


@functools.cache
def examples() -> tuple[cib.Wanted, ...]:
    """Return what examples want of a CIB, for any CIB they may meet."""
    read = [yaml.safe_load(path.read_text()) for path in (ROOT / "pillar/examples").iterdir()]
    return tuple(build.build(load(data["kvmha"]), "external/sbd") for data in read)


def broken(random: Random) -> bytes:
    """Return a CIB that something was done to."""
    text = random.choice(originals())
    if random.random() < 0.1:
        return garbled(text, random)
    root = etree.fromstring(text)
    for _ in range(random.choice((1, 1, 1, 2, 4, 10))):
        break_one(root, random)
    return bytes(etree.tostring(root))


def attempt(random: Random) -> str:
    """Break a CIB, export it, and lay pillars over it; return how far that got."""
    root = cib.parse(broken(random))
    text = str(etree.tostring(root, encoding="unicode"))
    with contextlib.suppress(InvalidInput):  # an id may be somebody else's there
        cib_merge.edit(text, random.choice(examples()))
    words = json.loads(json.dumps({"cib": cib_codec.export(root)}))
    part = load_part(words)
    same, changes, notes = cib_merge.edit(text, build.of_words(part.cib))
    assert same == text, f"the export changes its own CIB: {changes[0].text()}"
    assert not notes, f"the export leaves something out: {notes[0]}"
    made = round_trip.laid_into_nothing(text, words)
    return (
        "exported" if round_trip.configuration(made) == round_trip.configuration(text) else "lost"
    )


def attempt_plan(random: Random) -> str:
    """Break a CIB in a file and plan an example and its own export there, by Pacemaker's tools."""
    with tempfile.TemporaryDirectory(prefix="kvmha-fuzz-") as folder:
        path = Path(folder, "cib.xml")
        path.write_bytes(broken(random))
        exported = load_part({"cib": pacemaker.export(Runner(), str(path))})
        assert not pacemaker.plan(Runner(), build.of_words(exported.cib), str(path))
        pacemaker.plan(Runner(), random.choice(examples()), str(path))
    return "planned"


def garbled(text: bytes, random: Random) -> bytes:
    """Return bytes that are cut, or have others among them."""
    at = random.randrange(len(text))
    if random.random() < 0.3:
        return text[:at]
    return text[:at] + random.choice(GARBAGE) + text[at + random.randrange(3) :]


def break_one(root: Any, random: Random) -> None:
    """Do one thing to a tree that nobody would; the root names the schema and stays."""
    elements = [one for one in root.iter() if isinstance(one.tag, str)]
    if len(elements) == 1:
        return
    element = random.choice(elements[1:])
    names = list(element.attrib)
    way = random.randrange(8)
    if way == 0:
        element.getparent().remove(element)
    elif way == 1:
        element.addnext(etree.fromstring(etree.tostring(element, with_tail=False)))
    elif way == 2:
        element.tag = random.choice((*TAGS, random.choice(elements).tag))
    elif way == 3 and names:
        del element.attrib[random.choice(names)]
    elif way == 4 and names:
        element.set(random.choice(names), random.choice(TEXTS))
    elif way == 5 and names:
        name = random.choice(names)
        value = element.attrib.pop(name)
        element.set(random.choice((f"{name}s", name.upper(), "x", "id-ref", "name", "id")), value)
    elif way == 6:
        other = random.choice(elements)
        if other is not element and other not in element.iterancestors():
            element.append(other)
    else:
        element.text = random.choice(("loose", "\n", None))
