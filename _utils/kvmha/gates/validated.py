"""The last gate: all that the main job promises, seen at once."""

from __future__ import annotations

from kvmha.gates import answers, cluster, storage, vms
from kvmha.gates.answers import Observations
from kvmha.spec.model import ClusterSpec


def judge(spec: ClusterSpec, seen: Observations) -> list[str]:
    """Return whatever is not as a validated cluster has it, guests' heartbeats excepted."""
    found = [
        *cluster.judge_quorate(spec, seen),
        *cluster.judge_fencing(spec, seen),
        *cluster.judge_disks(spec, seen),
        *storage.judge_mounted(spec, seen),
        *storage.judge_coherent(spec, seen),
        *vms.judge_running(spec, seen),
        *answers.broken(seen, "verify", "fencing", "marks", "files"),
        *_verified(seen),
        *_fencing(seen),
        *_equal_files(seen),
    ]
    return list(dict.fromkeys(found))


def _verified(seen: Observations) -> list[str]:
    return [
        f"crm_verify on {node}: {line}"
        for node, verdict in answers.of(seen, "verify")
        for line in verdict
    ]


def _fencing(seen: Observations) -> list[str]:
    return [
        f"{node}: {line}"
        for node, answer in answers.of(seen, "fencing")
        for line in answer["problems"]
    ]


def _equal_files(seen: Observations) -> list[str]:
    views: dict[str, dict[str, str]] = {}
    for node, prints in answers.of(seen, "files"):
        for path, value in prints.items():
            views.setdefault(path, {})[node] = value
    found = []
    for path, prints in views.items():
        missing = [node for node, value in prints.items() if not value]
        found += [f"{node}: has no {path}" for node in missing]
        if len(set(prints.values())) > 1 and not missing:
            each = ", ".join(f"{node} {value[:12]}" for node, value in prints.items())
            found.append(f"{path} is not the same everywhere: {each} (hint: run a highstate)")
    return found
