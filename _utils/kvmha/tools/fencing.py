"""Fencing as the cluster has it now, and a node that is fenced on purpose."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from kvmha.documents import crm_simulate
from kvmha.errors import KvmhaError
from kvmha.spec.fencing import SBD
from kvmha.spec.model import ClusterSpec
from kvmha.tools import pacemaker
from kvmha.tools.runner import Runner
from kvmha.wait import eventually


def status(runner: Runner, spec: ClusterSpec) -> dict[str, Any]:
    """Return whether nodes can be fenced now, by what, and whom the cluster has fenced.

    Keys: ``ok``, ``problems`` (sentences), ``devices`` {id: {registered, error}}, of which
    those that the pillar does not name are there too; ``nodes`` {node: [devices that can fence
    it]}; ``history`` (newest first, as crm_mon tells it).
    """
    names = [node.name for node in spec.nodes]
    seen = pacemaker.fencing_answers(runner, names)
    devices = {
        one: {"registered": one in seen["devices"], "error": seen["devices"].get(one, "")}
        for one in dict.fromkeys((*_wanted(spec), *seen["devices"]))
    }
    problems = list(seen["problems"])
    if problems != [pacemaker.NOT_RUNNING_HERE]:
        problems += [
            f"fencing device {name} is not registered on this node (hint: is it started?)"
            for name, one in devices.items()
            if not one["registered"]
        ]
    return {
        "ok": not problems,
        "problems": problems,
        "devices": devices,
        "nodes": seen["nodes"],
        "history": pacemaker.status(runner)["fencing_history"],
    }


def _wanted(spec: ClusterSpec) -> list[str]:
    names = [f"fencing-{device.name}" for device in spec.fencing.devices]
    if spec.fencing.disks:
        names.insert(0, f"fencing-{SBD}")
    return [*names, *([pacemaker.WATCHDOG] if spec.fencing.diskless else [])]


def preview(runner: Runner, spec: ClusterSpec, node: str, here: str) -> dict[str, Any]:
    """Return what fencing ``node`` from the node ``here`` would do. Fences nothing.

    Keys: ``problems`` that speak against it; ``would``, what the cluster would do, as
    sentences; ``placement`` {resource: {before, after}} of what changes its place.
    """
    text = pacemaker.query(runner)
    if text is None:
        return {"problems": [pacemaker.NOT_RUNNING_HERE], "would": [], "placement": {}}
    problems = _against(spec, pacemaker.status(runner), node, here)
    if problems:
        return {"problems": problems, "would": [], "placement": {}}
    argv = ["crm_simulate", "--simulate", "--xml-pipe", "--output-as=xml", f"--node-fail={node}"]
    said = runner.run(argv, stdin=text).stdout
    places = crm_simulate.placement(said)
    return {
        "problems": status(runner, spec)["problems"],
        "would": [one.text() for one in crm_simulate.parse(said)],
        "placement": {
            name: {"before": list(before), "after": list(after)}
            for name, (before, after) in places.items()
        },
    }


def _against(spec: ClusterSpec, seen: Mapping[str, Any], node: str, here: str) -> list[str]:
    """Return why ``node`` must not be fenced from ``here`` now; a whole cluster may lose one."""
    names = [each.name for each in spec.nodes]
    if node not in names:
        return [f"there is no node {node!r} (known are {', '.join(names)})"]
    if node == here:
        return [f"{node} cannot fence itself: run this on another node"]
    found = [] if seen["quorate"] else ["the cluster has no quorum"]
    for name in names:
        flags = seen["nodes"].get(name, {})
        bad = [word for word in ("unclean", "pending", "maintenance") if flags.get(word)]
        if bad or not flags.get("online"):
            found.append(f"{name} is {bad[0] if bad else 'offline'}")
    return found


def test(runner: Runner, spec: ClusterSpec, node: str, here: str) -> dict[str, Any]:
    """Fence ``node``, and return the seconds until that was certain and until it was back.

    Consent is the caller's matter. Raises KvmhaError where ``preview`` has problems, and when
    the cluster does not record the fencing; TimedOut when the node is not back in
    ``deadlines.failover``.
    """
    before = preview(runner, spec, node, here)
    if before["problems"]:
        lines = "\n".join(f"  {line}" for line in before["problems"])
        raise KvmhaError(f"{node} is not fenced, since\n{lines}", hint="mend that first")
    known = len(_events(pacemaker.status(runner), node))
    began = time.monotonic()
    pacemaker.fence(runner, node, spec.deadlines.failover // 1000)
    fenced = time.monotonic()
    events = _events(pacemaker.status(runner), node)
    if len(events) <= known:
        raise KvmhaError(f"{node} was fenced, but the cluster has no record of it")
    eventually(lambda: _away(runner, node), timeout=spec.deadlines.failover / 1000)
    return {
        "node": node,
        "fenced": round(fenced - began, 1),
        "back": round(time.monotonic() - began, 1),
        "record": events[0],
        "would": before["would"],
    }


def _events(seen: Mapping[str, Any], node: str) -> list[dict[str, str]]:
    """Return the successful fencings of ``node``, newest first."""
    return [
        one
        for one in seen["fencing_history"]
        if one.get("target") == node and one.get("status") == "success"
    ]


def _away(runner: Runner, node: str) -> str:
    flags = pacemaker.status(runner)["nodes"].get(node, {})
    back = flags.get("online") and not flags.get("pending") and not flags.get("unclean")
    return "" if back else f"{node} is not online yet"
