"""Every key of the pillar is used by a case or an example: nothing is there that nobody tried."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from kvmha.build import corosync_export
from kvmha.build.xml_fields import kind_key
from kvmha.documents import corosync_conf
from kvmha.spec.fields import class_of
from kvmha.spec.model import ClusterSpec
from kvmha.spec.part import ClusterPart

ROOT = Path(__file__).parents[2]
FILES = sorted(
    [
        *(ROOT / "tests" / "cases").rglob("*.yaml"),
        *(ROOT / "pillar" / "examples").iterdir(),
    ]
)
# Keys without a case, and why.
EXCEPTIONS = {
    "Sbd.watchdog_device": "tests/contract/test_sbd_node.py needs a real device",
    "Time.max_skew": "tests/unit/gates/test_gates.py: a limit of a gate, no part of a document",
    **dict.fromkeys(
        ("Deadlines.membership", "Deadlines.heartbeat", "Deadlines.failover"),
        "tests/unit/gates/test_gates.py: how long gates wait",
    ),
}


def keys_of(cls: Any, seen: set[Any]) -> Iterator[str]:
    """Yield ``Class.key`` for the class and all it is made of, each class once."""
    if cls in seen:
        return
    seen.add(cls)
    for field in dataclasses.fields(cls):
        yield f"{cls.__name__}.{field.name}"
        if inner := class_of(field.metadata["said"]):
            yield from keys_of(inner, seen)


def kinds_of(cls: Any, seen: set[Any]) -> Iterator[str]:
    """Yield ``Class=kind`` for every kind that objects of a class can be of."""
    if cls in seen:
        return
    seen.add(cls)
    if hasattr(cls, "TAGS"):
        yield from (f"{cls.__name__}={kind}" for kind in cls.TAGS)
    for field in dataclasses.fields(cls):
        if inner := class_of(field.metadata["said"]):
            yield from kinds_of(inner, seen)


def used(cls: Any, data: Any) -> Iterator[str]:
    """Yield the keys and kinds that ``data``, an object of ``cls``, uses."""
    if not isinstance(data, dict):
        return
    if hasattr(cls, "TAGS"):
        key = kind_key(cls)
        yield f"{cls.__name__}={data.get(key, cls.__dataclass_fields__[key].default)}"
    for field in dataclasses.fields(cls):
        if field.name not in data:
            continue
        yield f"{cls.__name__}.{field.name}"
        meta, value = field.metadata["said"], data[field.name]
        inner = class_of(meta)
        if meta.kind == "nvsets" and isinstance(value, dict):
            yield "NvSet.values"
        elif inner:
            for item in value if isinstance(value, list) else [value]:
                yield from used(inner, item)


def pillars(data: Any) -> Iterator[dict[str, Any]]:
    """Yield the pillars in a file: below ``kvmha``, a document itself, or changes of one.

    Changes are values by their places, such as ``vms[0].memory``.
    """
    if not isinstance(data, dict):
        return
    yield data.get("kvmha", data)
    changes = [(key, value) for key, value in data.items() if "." in key or "[" in key]
    for place, value in [*changes, *(data.get("changed") or {}).items()]:
        for step in reversed(place.split(".")):
            name, index, _ = step.partition("[")
            value = {name: [value] if index else value}  # noqa: PLW2901
        yield value


def found() -> set[str]:
    """Return all keys and kinds that cases and examples use."""
    uses = {"ClusterSpec.cib"}
    for path in FILES:
        for data in pillars(yaml.safe_load(path.read_text(encoding="utf-8"))):
            uses.update(used(ClusterSpec, data))
            uses.update(used(ClusterPart, data))
    for path in (ROOT / "tests" / "cases" / "corosync_export").rglob("*.conf"):
        document = corosync_conf.parse(path.read_bytes().decode(errors="surrogateescape"))
        uses.update(used(ClusterPart, corosync_export.export(document)))
    return uses


def test_every_key_and_kind_of_the_pillar_has_a_case():
    seen: set[Any] = set()
    known = {
        *keys_of(ClusterSpec, seen),
        *keys_of(ClusterPart, seen),
        *kinds_of(ClusterSpec, set()),
    }
    missing = known - found() - set(EXCEPTIONS)
    assert not missing, sorted(missing)


def test_no_exception_is_one_no_longer():
    assert not set(EXCEPTIONS) & found()
