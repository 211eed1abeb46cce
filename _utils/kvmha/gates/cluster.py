"""Membership and fencing."""

from __future__ import annotations

from kvmha.gates import answers, pacemaker_view
from kvmha.gates.answers import Observations
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
    for node, status in answers.of(seen, "pacemaker"):
        away = pacemaker_view.offline(status, names)
        if away:
            found.append(f"{node}: in Pacemaker {', '.join(away)}")
    return found


def judge_fencing(spec: ClusterSpec, seen: Observations) -> list[str]:
    """The fencing resource runs once, and every node has its slot on the SBD disks."""
    found = [*answers.silent(seen), *answers.broken(seen, "pacemaker", "sbd")]
    for node, status in answers.of(seen, "pacemaker"):
        if not pacemaker_view.started_on(status, "fencing-sbd"):
            found.append(f"{node}: fencing-sbd is not started")
        found.extend(f"{node}: {line}" for line in pacemaker_view.troubles(status))
    return _once([*found, *_slots(spec, seen)])


def _slots(spec: ClusterSpec, seen: Observations) -> list[str]:
    found = []
    for node, sbd in answers.of(seen, "sbd"):
        for device, view in sbd["devices"].items():
            if view["error"]:
                found.append(f"{node}: {view['error']}")
                continue
            for name in (each.name for each in spec.nodes):
                message = view["slots"].get(name, "without a slot")
                if message != "clear":
                    found.append(f"{node}: on {device}, {name} is {message}")
    return found


def _once(lines: list[str]) -> list[str]:
    return list(dict.fromkeys(lines))
