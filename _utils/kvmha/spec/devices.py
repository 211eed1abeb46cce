"""Every disk that a pillar names, wherever it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kvmha.spec import lvm
from kvmha.spec.fields import class_of, fields_of
from kvmha.spec.model import ClusterSpec

# What stands there names disks that stand elsewhere too.
_NOT_OURS = ("consent",)


def devices(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    """Yield place and path of every value of the kind ``device``, but for consent."""
    for name, _ in fields_of(ClusterSpec):
        if name not in _NOT_OURS:
            yield from _walk(getattr(spec, name), name, dict(fields_of(ClusterSpec))[name].kind)


def paths(spec: ClusterSpec) -> list[str]:
    """Return the paths of all disks of ``spec``, each once, in the order of the pillar.

    Its logical volumes are none: they are made on disks.
    """
    made = {lvm.path(volume.name) for volume in lvm.volumes(spec)}
    return list(dict.fromkeys(path for _, path in devices(spec) if path not in made))


def _walk(value: Any, place: str, kind: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _walk(item, f"{place}[{index}]", kind)
    elif kind == "device":
        if value:
            yield place, value
    elif kind == "object" and value is not None:
        cls: type = type(value)
        for name, meta in fields_of(cls):
            if meta.kind == "device" or class_of(meta):
                yield from _walk(getattr(value, name), f"{place}.{name}", meta.kind)
