"""Pillars: examples and cases, with values, keys and shapes that nobody meant."""

from __future__ import annotations

import copy
import datetime
import functools
from pathlib import Path
from random import Random
from typing import Any

import yaml

from kvmha.build import cib as build
from kvmha.build import corosync_conf as build_corosync
from kvmha.build import domain, sbd
from kvmha.documents import cib, cib_merge, corosync_conf
from kvmha.spec import is_part, load, load_part

ROOT = Path(__file__).parents[2]
NASTY: tuple[Any, ...] = (
    *(None, "", " ", True, False, 0, 1, -1, 10**30, -(10**18), 1.5, 1e308),
    *(float("inf"), float("nan"), [], {}, [[]], [None], {"": ""}, {None: 1}, {1: 2}, (1, 2)),
    *(
        "\x00",
        "a\nb",
        "\x1b[31m",
        "😀",
        "\ud800",
        "\ufffe",
        "ﬁ",
        "²",
        "٣",
        "a" * 5000,
        "**********",
    ),
    *("true", "off", "10s", "-5s", "1e9s", "10 GiB", "0x10", "INFINITY", "-INFINITY", "+1000000"),
    *("{{ pillar }}", "%s", "../..", "/dev/sda", "10.0.0.1", "::1", "fe80::1%eth0", "a:b:c:d"),
    *("<cib/>", "&amp;", "]]>", "a,b,,c", "#uname", "1-2", "vm web", "Zwölf", "'", '"', "\\"),
    *(b"bytes", datetime.date(2026, 1, 1), {1, 2}, object, [1, "a", None], {"name": "a"}),
)
KEYS = ("id", "name", "kind", "order", "more", "values", "pairs", "rule", "members", "xyz", "", "-")


@functools.cache
def originals() -> tuple[dict[str, Any], ...]:
    """Return all pillars that are to be broken."""
    examples = sorted((ROOT / "pillar" / "examples").iterdir())
    words = sorted((ROOT / "tests" / "cases" / "cib_words").glob("*/pillar.yaml"))
    texts = [path.read_text(encoding="utf-8") for path in (*examples * 5, *words)]
    return tuple(data.get("kvmha", data) for data in map(yaml.safe_load, texts))


def attempt(random: Random) -> str:
    """Break a pillar and bring it as far as it gets; return how far that was."""
    data = copy.deepcopy(random.choice(originals()))
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        break_one(data, random)
    if is_part(data):
        part = load_part(data)
        wanted = build.of_words(part.cib, unmanaged=part.unmanaged)
        merged(wanted)
        return "accepted as a part"
    spec = load(data)
    corosync_conf.render(build_corosync.build(spec))
    sbd.settings(spec)
    sbd.dropin(spec)
    for vm in spec.vms:
        domain.wanted_xml(spec, vm, domain.Observed())
    for part_name in build.PARTS:
        merged(build.build(spec, random.choice(("external/sbd", "fence_sbd")), part_name))
    return "accepted"


def merged(wanted: cib.Wanted) -> None:
    """Lay what is wanted into nothing, and once more over what that gave: it changes nothing."""
    new, _, _ = cib_merge.edit(cib.EMPTY, wanted)
    again, changes, _ = cib_merge.edit(new, wanted)
    assert again == new, [change.text() for change in changes][:3]


def places(data: Any) -> list[tuple[Any, Any]]:
    """Return every place in ``data``: a mapping or list with a key or index of it."""
    found: list[tuple[Any, Any]] = []
    left = [data]
    while left:
        one = left.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one))
        found += [(one, key) for key in keys]
        left += [one[key] for key in keys if isinstance(one[key], (dict, list))]
    return found


def break_one(data: dict[str, Any], random: Random) -> None:
    """Do one thing to ``data`` that nobody would."""
    everywhere = places(data)
    if not everywhere:
        return
    holder, key = random.choice(everywhere)
    way = random.randrange(8)
    if way <= 2:
        holder[key] = copy.deepcopy(random.choice(NASTY))
    elif way == 3:
        del holder[key]
    elif way == 4:
        other, index = random.choice(everywhere)
        if len(repr(other[index])) < 100_000:
            holder[key] = copy.deepcopy(other[index])
    elif way == 5:
        wrap = random.choice(
            (lambda one: [one], lambda one: {"a": one}, str, lambda one: [one] * 3)
        )
        holder[key] = wrap(holder[key])
    elif way == 6 and isinstance(holder, dict):
        text = str(key)
        cut = random.randrange(len(text) + 1)
        misspelt = (text[:cut] + text[cut + 1 :], text.upper(), text + "s", random.choice(KEYS))
        holder[random.choice(misspelt)] = holder.pop(key)
    else:
        deep: Any = random.choice(NASTY)
        for _ in range(random.choice((3, 30, 100))):
            deep = [deep] if random.random() < 0.5 else {random.choice(KEYS): deep}
        holder[key] = copy.deepcopy(deep) if random.random() < 0.5 else {"members": [deep]}
