"""Explanations as text, and those of several partitions in one."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import Any

from kvmha import plain
from kvmha.documents.cib_read import INFINITY, score_text
from kvmha.errors import KvmhaError
from kvmha.view.explain import Explanation
from kvmha.view.nodes import NodeReason

WIDTH = 96  # salt-run indents by four
Answers = Mapping[str, Mapping[str, Any] | None]


def text(found: Explanation) -> str:
    """Return an explanation as lines: the headline, what holds everywhere, each node."""
    lines = _wrapped(f"{found.headline}.", "", "  ")
    for reason in found.reasons:
        lines += _wrapped(reason, "  - ", "    ")
    width = max((len(node.name) for node in found.nodes), default=0)
    for node in found.nodes:
        lines += _node(node, width)
    return "\n".join(lines) + "\n"


def joined(vm: str, answers: Answers) -> dict[str, Any]:
    """Return what the nodes that were asked say, the quorate partition first.

    Keys: ``vm``, ``text``, ``explanations`` (plain data of each partition's, with ``by``, who
    says it, and ``quorate``), ``silent``. Raises KvmhaError when nobody can say.
    """
    said = {name: answer for name, answer in answers.items() if answer and "headline" in answer}
    if not said:
        raise KvmhaError(_nobody(vm, answers), hint="see: salt-run kvmha.status")
    order = sorted(said, key=lambda name: not said[name].get("quorate"))
    # Nodes of one partition say the same; without a DC all of them were asked.
    order = [
        name for place, name in enumerate(order)
        if not any(said[name] == said[other] for other in order[:place])
    ]  # fmt: skip
    silent = [name for name, answer in answers.items() if answer is None]
    parts = []
    for name in order:
        head = "" if len(order) == 1 else f"{name} says:\n"
        parts.append(head + text(plain.of(Explanation, said[name])))
    if silent:
        parts.append(f"no answer: {', '.join(silent)}\n")
    told = [{**said[name], "by": name} for name in order]
    return {"vm": vm, "text": "".join(parts), "explanations": told, "silent": silent}


def _node(node: NodeReason, width: int) -> list[str]:
    what = f"{node.name.ljust(width)}  score {score_text(node.score)}"
    told = [*node.bars, *(node.wishes if node.score > -INFINITY or not node.bars else ())]
    runs = ", runs there" if node.runs else ""
    head = f"  {what}{runs}"
    if not told:
        return [head]
    indent = " " * (width + 4)
    lines = _wrapped(f"{head.strip()}: {told[0]}", "  ", f"{indent}  ")
    for each in told[1:]:
        lines += _wrapped(each, indent, f"{indent}  ")
    return lines


def _wrapped(told: str, first: str, others: str) -> list[str]:
    return wrap(
        told,
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _nobody(vm: str, answers: Answers) -> str:
    whys = [
        f"{name}: {'no answer' if answer is None else answer.get('error', 'no Pacemaker')}"
        for name, answer in answers.items()
    ]
    return f"nobody can explain {vm}: {'; '.join(whys)}"
