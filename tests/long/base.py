"""Clusters of a few words for the long run, each in a lab of its own, without VMs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.api import Lab
from tests.cluster.story import Story

LINK = "192.168.56.10"


def cluster(nodes: int, sbd: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the pillar of a cluster that can fence, and what ``more`` says of it."""
    corosync = {"token": "10s", **more.pop("corosync", {})}
    return {
        "kvmha": {
            "cluster": {"name": "base"},
            "nodes": [
                {"name": f"ha-host{number}", "id": number, "links": [f"{LINK}{number}"]}
                for number in range(1, nodes + 1)
            ],
            "corosync": corosync,
            "fencing": {"sbd": sbd},
            "deadlines": {"answer": "2min"},
            **more,
        }
    }


@contextmanager
def deployed(
    name: str,
    pillar: dict[str, Any],
    folder: Path,
    nodes: int = 3,
    before: Callable[[Lab], None] = lambda _: None,
    **more: Any,
) -> Iterator[Story]:
    """Yield the cluster that ``pillar`` describes, on a lab called ``name``.

    ``before`` is done on the nodes before they are deployed; ``more`` goes to the lab.
    """
    path = folder / "kvmha.sls"
    path.write_text(json.dumps(pillar), encoding="utf-8")  # JSON is YAML
    with Lab(name).up(nodes=nodes, image="prepared", salt="3008", pillar=path, **more) as lab:
        before(lab)
        story = Story(lab)
        story.deploy()
        yield story
