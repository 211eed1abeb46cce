"""The vocabulary itself: its examples and defaults are what the loader would accept."""

from __future__ import annotations

import dataclasses

import pytest

from kvmha.spec import kinds
from kvmha.spec.fields import class_of
from kvmha.spec.model import ClusterSpec


def _classes(cls, seen):
    """Yield each class of the vocabulary once, with the place where it is met first."""
    todo = [("", cls)]
    while todo:
        prefix, cls = todo.pop(0)
        if cls in seen:
            continue
        seen.add(cls)
        yield prefix, cls
        for field in dataclasses.fields(cls):
            inner = class_of(field.metadata["said"])
            if inner:
                todo.append((f"{prefix}{field.name}.", inner))


def _fields(cls):
    for prefix, one in _classes(cls, set()):
        for field in dataclasses.fields(one):
            yield pytest.param(field, field.metadata["said"], id=f"{prefix}{field.name}")


FIELDS = list(_fields(ClusterSpec))


@pytest.mark.parametrize(("field", "meta"), FIELDS)
def test_every_field_is_explained(field, meta):
    assert meta.doc.endswith(".")


@pytest.mark.parametrize(("field", "meta"), FIELDS)
def test_every_example_can_be_read(field, meta):
    if meta.example is None or meta.of:
        return
    if meta.many:
        assert kinds.is_list(meta.example)
    for item in meta.example if meta.many else [meta.example]:
        kinds.read(item, meta)


@pytest.mark.parametrize(("field", "meta"), FIELDS)
def test_every_default_is_one_the_pillar_could_say(field, meta):
    if meta.required or meta.of or meta.many or field.default in (None, ""):
        return
    default = field.default_factory() if field.default is dataclasses.MISSING else field.default
    written = {"duration": f"{default}ms", "size": f"{default}B"}.get(meta.kind, default)
    assert kinds.read(written, meta) == default
