"""The scheduler's scores, from ``crm_simulate --simulate --show-scores --output-as=xml``.

With ``--show-utilization`` also what is left on each node. Without ``--output-as`` nothing of it
could be read safely; it is there since Pacemaker 2.0.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kvmha.documents import crm_simulate
from kvmha.documents.cib_read import amount, number


@dataclass(frozen=True)
class Scores:
    """``scores`` {resource: {node: score}}; instances of clones are ``ID:N``.

    ``left`` {node: {attribute: amount}} is what is left when all is placed; ``now`` and ``then``
    {resource: nodes} are where resources are, and will be when the cluster has done what it is
    to do. ``states`` {node: {flag: bool}} are crm_mon's words.
    """

    scores: dict[str, dict[str, int]]
    left: dict[str, dict[str, int]]
    now: dict[str, tuple[str, ...]]
    then: dict[str, tuple[str, ...]]
    states: dict[str, dict[str, bool]]


def parse(root: Any) -> Scores:
    """Return what a simulation says, from the root element of its XML."""
    scores: dict[str, dict[str, int]] = {}
    # The last word counts: a clone's instances are first weighed together, then one by one.
    for one in root.iter("node_weight"):
        scores.setdefault(one.get("id"), {})[one.get("node")] = number(one.get("score"))
    left = {
        one.get("node"): {each.tag: amount(each.text) for each in one} | _attributes(one)
        for one in root.iter("capacity")
        if one.get("comment") == "Remaining"
    }
    return Scores(
        scores,
        left,
        crm_simulate.running(root.find("cluster_status")),
        crm_simulate.running(root.find("revised_cluster_status")),
        {
            one.get("name"): {key: value == "true" for key, value in one.items()}
            for one in root.iterfind("cluster_status/nodes/node")
        },
    )


def _attributes(capacity: Any) -> dict[str, int]:
    """Return the amounts that later releases write as attributes."""
    return {
        name: amount(value)
        for name, value in capacity.items()
        if name not in ("node", "comment", "resource")
    }
