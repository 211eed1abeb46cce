"""Shared disks: there on every node, and the same disk on each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kvmha.gates import answers
from kvmha.gates.answers import Observations
from kvmha.spec.devices import paths
from kvmha.spec.fencing import LOST
from kvmha.spec.model import ClusterSpec

Facts = Mapping[str, Any]


def judge(spec: ClusterSpec, seen: Observations) -> list[str]:
    """Every disk is on every node, of one size, serial and WWID. For after configuration."""
    found = [*answers.silent(seen), *answers.broken(seen, "disks")]
    facts = dict(answers.of(seen, "disks"))
    settled = {node: {**each, "pending": []} for node, each in facts.items()}
    return [*found, *judge_disks(spec, settled), *judge_initiators(spec, facts)]


def judge_disks(spec: ClusterSpec, facts: Mapping[str, Facts]) -> Iterator[str]:
    """Yield what is wrong with the disks; what a node still has to log in for is not."""
    without = spared(spec, facts)
    for path in paths(spec):
        views = {
            node: each["devices"][path]
            for node, each in facts.items()
            if (node, path) not in without
        }
        for node, view in views.items():
            if view["kind"] == "missing" and not facts[node].get("pending"):
                yield f"{node}: has no {path} (hint: is the LUN mapped to this host?)"
            elif view["kind"] == "other":
                yield f"{node}: {path} is no block device"
        blocks = {node: view for node, view in views.items() if view["kind"] == "block"}
        yield from _different(path, {node: view["size"] for node, view in blocks.items()}, "bytes")
        serials = {node: view["serial"] for node, view in blocks.items() if view["serial"]}
        wwids = {node: view["wwid"] for node, view in blocks.items() if view.get("wwid")}
        # The same truth twice, mostly: one line is enough.
        one = list(_different(path, serials, "is its serial"))
        yield from one or _different(path, wwids, "is its WWID")


def judge_initiators(spec: ClusterSpec, facts: Mapping[str, Facts]) -> Iterator[str]:
    """Yield the initiator names that several nodes have: a target takes them for one node."""
    if not spec.storage.iscsi.targets or spec.storage.iscsi.initiator_prefix:
        return
    nodes: dict[str, list[str]] = {}
    for node, each in facts.items():
        if each.get("initiator"):
            nodes.setdefault(each["initiator"], []).append(node)
    for name, same in nodes.items():
        if len(same) > 1:
            yield (
                f"{', '.join(same)}: have one iSCSI initiator name, {name} (hint: set"
                " storage.iscsi.initiator_prefix, which makes a name for each node)"
            )


def spared(spec: ClusterSpec, facts: Mapping[str, Facts]) -> set[tuple[str, str]]:
    """Return node and disk where a cluster that lives can do without that disk of SBD's.

    A new cluster begins with all of them; one that lost a disk is not to be held up by that.
    """
    disks = spec.fencing.disks
    found = set()
    for node, each in facts.items():
        gone = [path for path in disks if each["devices"][path]["kind"] == "missing"]
        if each.get("sbd_runs") and spec.fencing.level(len(disks) - len(gone)) != LOST:
            found |= {(node, path) for path in gone}
    return found


def missing(spec: ClusterSpec, facts: Facts) -> list[str]:
    """Return the disks that the node with these ``facts`` does not have."""
    return [path for path in paths(spec) if facts["devices"][path]["kind"] == "missing"]


def _different(path: str, values: Mapping[str, Any], what: str) -> Iterator[str]:
    if len(set(values.values())) > 1:
        each = ", ".join(f"{node}: {value}" for node, value in values.items())
        yield f"{path} is not one disk: {each} {what} (hint: use a name from /dev/disk/by-id)"
