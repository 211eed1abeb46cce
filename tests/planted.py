"""Clusters with planted faults: what their nodes would say. Cases: tests/cases/readiness

The CIB of a case is written by Pacemaker's own tools, over the one that the pillar makes.
"""

from __future__ import annotations

import copy
import os
import subprocess
from pathlib import Path
from typing import Any

from lxml import etree

from kvmha import timeouts
from kvmha.build import cib as build
from kvmha.build import sbd
from kvmha.documents import cib, cib_merge
from kvmha.spec import ClusterSpec

CASES = sorted((Path(__file__).parent / "cases" / "readiness").iterdir())


def planted(spec: ClusterSpec, plant: list[list[str]], folder: Path) -> str:
    """Return the CIB of ``spec`` after the programs of ``plant`` have worked on it."""
    text, _, _ = cib_merge.edit(cib.EMPTY, build.build(spec, "external/sbd"))
    root = etree.fromstring(text.encode())
    nodes = root.find("configuration/nodes")
    known = {node.get("uname") for node in nodes}
    for node in spec.nodes:
        if node.name not in known:
            etree.SubElement(nodes, "node", id=str(node.id), uname=node.name)
    path = folder / "cib.xml"
    path.write_bytes(etree.tostring(root))
    for argv in plant:
        done = subprocess.run(
            argv,
            env=os.environ | {"CIB_file": str(path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return path.read_text()


def configuration(text: str) -> str:
    """Return the configuration of a CIB in one spelling."""
    parser = etree.XMLParser(remove_blank_text=True)
    found = etree.fromstring(text.encode(), parser).find("configuration")
    return etree.tostring(found, encoding="unicode", pretty_print=True)


def answers(spec: ClusterSpec, text: str, seen: dict[str, Any]) -> dict[str, Any]:
    """Return what the nodes of ``spec`` say when all is well, but for what ``seen`` says."""
    header, two = sbd.header(spec), timeouts.are_two(spec)
    votes = len(spec.nodes) + (1 if spec.corosync.quorum.device.model else 0)
    well = {
        "cmap": {
            "totem.token": str(spec.corosync.token),
            "runtime.votequorum.ev_barrier": str(votes),
            "runtime.votequorum.two_node": str(int(two)),
        },
        "conf": {"provider": "corosync_votequorum"} | ({"two_node": "1"} if two else {}),
        "cib": text,
        "fencing": [],
        "disks": {disk: vars(header) | {"error": ""} for disk in spec.fencing.disks},
        "settings": sbd.settings(spec),
        "errors": {},
    }
    return {node.name: _over(well, seen, node.name) for node in spec.nodes}


def _over(well: dict[str, Any], seen: dict[str, Any], node: str) -> dict[str, Any] | None:
    said = copy.deepcopy(well)
    if node in seen and seen[node] is None:
        return None
    for key, value in {**seen.get("all", {}), **seen.get(node, {})}.items():
        if isinstance(said[key], dict) and value:
            said[key] |= value
        else:
            said[key] = value or type(said[key])()
    return said
