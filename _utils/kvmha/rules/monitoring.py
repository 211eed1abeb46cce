"""Rules for what Prometheus is told."""

from __future__ import annotations

from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.registry import rule
from kvmha.spec.model import ClusterSpec


@rule("monitoring.path")
def textfiles_are_read(spec: ClusterSpec) -> Iterator[Problem]:
    """Want the textfile to be called ``*.prom``: node_exporter reads no other.

    Source: node_exporter's README, "Textfile Collector".
    """
    path = spec.monitoring.path
    if path and not path.endswith(".prom"):
        message = f"{path} is not read: its name does not end with .prom"
        yield Problem("monitoring.path", message, f"write {path}.prom", "TEXTFILE_NAME")
