"""Figures for Prometheus: the words of ``monitoring``."""

from __future__ import annotations

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said


@vocabulary(frozen=True)
class Monitoring:
    """``monitoring``: what Prometheus is told of this cluster. Off unless said."""

    metrics: bool = said(
        "boolean",
        "Write the cluster's figures on every node as a textfile for node_exporter.",
        default=False,
        example=True,
    )
    interval: int = said(
        "duration",
        "How often they are written.",
        default=60_000,
        example="60s",
        minimum=10_000,
    )
    path: str = said(
        "path",
        "The textfile; empty: kvmha.prom in the folder that the platform's node_exporter reads.",
        default="",
        example="/var/lib/prometheus/node-exporter/kvmha.prom",
    )
    exporter: bool = said(
        "boolean",
        "Run ha_cluster_exporter on every node, where the platform has it.",
        default=False,
        example=True,
    )
