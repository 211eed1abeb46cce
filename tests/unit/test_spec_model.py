"""The vocabulary itself: its examples and defaults are what the loader would accept."""

from __future__ import annotations

import dataclasses

import pytest

from kvmha.spec import kinds
from kvmha.spec.fields import classes_of
from kvmha.spec.model import ClusterSpec

FIELDS = [
    pytest.param(field, field.metadata["said"], id=f"{cls.__name__}.{field.name}")
    for cls in classes_of(ClusterSpec)
    for field in dataclasses.fields(cls)
]


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
