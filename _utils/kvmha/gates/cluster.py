"""Membership and fencing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kvmha.gates import answers, pacemaker_view
from kvmha.gates.answers import Observations
from kvmha.spec.fencing import LOST, SBD
from kvmha.spec.model import ClusterSpec


def judge_quorate(spec: ClusterSpec, seen: Observations) -> list[str]:
    """Every node sees every vote and quorum, and Pacemaker has every node online."""
    found = [*answers.silent(seen), *answers.broken(seen, "corosync", "pacemaker")]
    names = [node.name for node in spec.nodes]
    for node, corosync in answers.of(seen, "corosync"):
        if not corosync["running"]:
            found.append(
                f"{node}: corosync does not run (hint: journalctl -b -u corosync -u sbd there)"
            )
        elif not corosync["quorate"] or corosync["votes"] < len(names):
            members = ", ".join(str(member) for member in corosync["members"]) or "none"
            found.append(
                f"{node}: sees {corosync['votes']} of {len(names)} votes, of {members}"
                f"{'' if corosync['quorate'] else ', and has no quorum'} (hint: do the links"
                " carry UDP 5405 both ways, and is the authkey the same?)"
            )
        elif spec.corosync.quorum.device.model and corosync["votes"] == len(names):
            found.append(
                f"{node}: sees no vote of the qdevice (hint: corosync-qdevice-tool -s there; is"
                " TCP 5403 of the qnetd server open, and tls the same?)"
            )
    for node, status in answers.of(seen, "pacemaker"):
        away = pacemaker_view.offline(status, names)
        if away:
            found.append(f"{node}: in Pacemaker {', '.join(away)}")
    return found


def judge_fencing(spec: ClusterSpec, seen: Observations) -> list[str]:
    """Every fencing device is started; sbd runs, and reaches every node over enough disks.

    A cluster that lost one of three disks can still fence: ``judge_disks`` tells that.
    """
    found = [*answers.silent(seen), *answers.broken(seen, "pacemaker", "sbd")]
    names = [SBD] if spec.fencing.disks else []
    names += [device.name for device in spec.fencing.devices]
    for node, status in answers.of(seen, "pacemaker"):
        for name in names:
            if not pacemaker_view.started_on(status, f"fencing-{name}"):
                found.append(f"{node}: fencing-{name} is not started")
        found.extend(f"{node}: {line}" for line in pacemaker_view.troubles(status))
    for node, sbd in answers.of(seen, "sbd"):
        if spec.fencing.diskless and sbd["service"]["active"] != "active":
            found.append(f"{node}: sbd does not run (hint: journalctl -b -u sbd there)")
        if _level(spec, sbd) == LOST:
            found += _unreadable(spec, node, sbd)
    return _once([*found, *_slots(spec, seen)])


def judge_disks(spec: ClusterSpec, seen: Observations) -> list[str]:
    """Every node reads every disk of SBD's, whether or not the others would do."""
    return _once(
        [line for node, sbd in answers.of(seen, "sbd") for line in _unreadable(spec, node, sbd)]
    )


def _unreadable(spec: ClusterSpec, node: str, sbd: Mapping[str, Any]) -> list[str]:
    errors = [view["error"] for view in sbd["devices"].values() if view["error"]]
    return [f"{node}: {error} (SBD's disks: {_level(spec, sbd)})" for error in errors]


def _level(spec: ClusterSpec, sbd: Mapping[str, Any]) -> str:
    return spec.fencing.level(sum(not view["error"] for view in sbd["devices"].values()))


def _slots(spec: ClusterSpec, seen: Observations) -> list[str]:
    found = []
    for node, sbd in answers.of(seen, "sbd"):
        for device, view in sbd["devices"].items():
            if view["error"]:
                continue
            for name in (each.name for each in spec.nodes):
                message = view["slots"].get(name, "without a slot")
                if message != "clear":
                    found.append(f"{node}: on {device}, {name} is {message}")
    return found


def _once(lines: list[str]) -> list[str]:
    return list(dict.fromkeys(lines))
