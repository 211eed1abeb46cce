"""Prometheus' text format for metrics, as a textfile of node_exporter holds it.

Source: Prometheus' documentation, "Exposition formats", text-based format.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sample:
    """One value with its labels."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Metric:
    """A gauge: what it is called, what it means, and its samples, at most one for each labels."""

    name: str
    help: str
    samples: tuple[Sample, ...] = ()


def render(metrics: Iterable[Metric], labels: Mapping[str, str]) -> str:
    """Return ``metrics`` as text, each sample with ``labels`` too; those without samples left out.

    Timestamps are not written: node_exporter refuses them in textfiles.
    """
    lines = []
    for metric in metrics:
        if not metric.samples:
            continue
        lines += [f"# HELP {metric.name} {_help(metric.help)}", f"# TYPE {metric.name} gauge"]
        lines += [
            f"{metric.name}{_labels({**labels, **one.labels})} {_value(one.value)}"
            for one in metric.samples
        ]
    return "".join(f"{line}\n" for line in lines)


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _labels(labels: Mapping[str, str]) -> str:
    pairs = (
        f'{name}="{_help(value).replace(chr(34), chr(92) + chr(34))}"'
        for name, value in labels.items()
    )
    return f"{{{','.join(pairs)}}}" if labels else ""


def _value(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
