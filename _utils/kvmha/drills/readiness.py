"""Is this cluster fit for a drill? What runs is judged, not what the pillar or a file promises.

A drill on a cluster that cannot fence, or where one vote alone has quorum, does the damage that
it is meant to rule out. Pure: ``kvmha.tools.readiness`` looks, on each node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from kvmha import timeouts
from kvmha.build import corosync_conf
from kvmha.build.sbd import header
from kvmha.drills import readiness_cib
from kvmha.spec.model import ClusterSpec
from kvmha.values import duration

Answers = Mapping[str, "Mapping[str, Any] | None"]
_WATCHDOG_LEAST = 5  # seconds; sbd(8): below, slow storage fences healthy nodes


def problems(spec: ClusterSpec, answers: Answers) -> list[str]:
    """Return everything that speaks against a drill, as sentences, each once; none is fit.

    ``answers`` are node -> what ``kvmha_view.readiness`` returned there, None for silence.
    Judged are membership (``two_node``, expected votes), fencing (a device for every node, the
    timeouts that SBD's disks carry and what follows from them) and the CIB (fencing, quorum
    policy, maintenance, what a VM must start after and run with).
    """
    found: list[str] = []
    for node in spec.nodes:
        answer = answers.get(node.name)
        if answer is None or "error" in answer:
            found.append(f"{node.name}: {answer['error'] if answer else 'does not answer'}")
            continue
        lines = [*answer["errors"].values(), *_membership(spec, answer), *_sbd(spec, answer)]
        found += [f"{node.name}: {line}" for line in lines]
    given = [answer for answer in answers.values() if answer and "error" not in answer]
    found += [line for answer in given for line in answer["fencing"]]
    lived = _lived(spec, given)
    for text in dict.fromkeys(answer["cib"] for answer in given if answer["cib"]):
        found += readiness_cib.problems(lived, text)
    return list(dict.fromkeys(found))


# --- membership --------------------------------------------------------------------------------


def _membership(spec: ClusterSpec, answer: Mapping[str, Any]) -> Iterator[str]:
    cmap = answer["cmap"]
    if not cmap:
        yield "corosync does not run (hint: journalctl -b -u corosync there)"
        return
    built = corosync_conf.build(spec)
    quorum = next(iter(built.sections("quorum")), None)
    wanted = quorum is not None and quorum.get("two_node") == "1"
    runs = cmap.get("runtime.votequorum.two_node", "0") == "1"
    said = answer["conf"].get("two_node", "0") == "1"
    if runs and not wanted:
        yield (
            f"corosync runs with two_node, and the cluster has {len(spec.nodes)} nodes: one vote"
            " alone has quorum (hint: take it out of corosync.conf: corosync.managed)"
        )
    if wanted and not runs:
        yield "corosync runs without two_node: the loss of one node stops both (hint: reload it)"
    if runs != said:
        yield (
            f"corosync runs {'with' if runs else 'without'} two_node, its corosync.conf says"
            f" {'yes' if said else 'no'} (hint: corosync-cfgtool -R)"
        )
    yield from _votes(spec, cmap)


def _votes(spec: ClusterSpec, cmap: Mapping[str, str]) -> Iterator[str]:
    """``ev_barrier`` is what votequorum expects now; ``allow_downscale`` may lower it."""
    expected = int(cmap.get("runtime.votequorum.ev_barrier", 0))
    said = spec.corosync.quorum
    wanted = said.expected_votes or _all_votes(spec)
    if expected < wanted and not said.allow_downscale:
        yield (
            f"corosync expects {expected} votes, the cluster has {wanted}: both halves of it could"
            " have quorum (hint: corosync.quorum.expected_votes, then corosync.managed)"
        )
    elif expected > wanted:
        yield (
            f"corosync expects {expected} votes, the cluster has {wanted}: quorum is lost too"
            " early (hint: a node that was removed? corosync.managed)"
        )


def _all_votes(spec: ClusterSpec) -> int:
    said = {extra.name: extra.quorum_votes for extra in spec.corosync.nodelist}
    votes = [said.get(node.name) for node in spec.nodes]
    device = spec.corosync.quorum.device
    more = (1 if device.votes is None else device.votes) if device.model else 0
    return sum(1 if count is None else count for count in votes) + more


# --- SBD ---------------------------------------------------------------------------------------


def _sbd(spec: ClusterSpec, answer: Mapping[str, Any]) -> Iterator[str]:
    if spec.fencing.sbd is None:
        return
    settings = answer["settings"]
    for disk in spec.fencing.disks:
        yield from _disk(spec, disk, answer["disks"].get(disk, {"error": f"{disk} is not seen"}))
    if spec.fencing.diskless:
        yield from _bites(spec, int(settings.get("SBD_WATCHDOG_TIMEOUT") or 5), "the settings")
    listed = {path.strip() for path in settings.get("SBD_DEVICE", "").split(";") if path.strip()}
    if listed != set(spec.fencing.disks):
        wanted = ", ".join(spec.fencing.disks) or "none"
        told = ", ".join(sorted(listed)) or "none"
        yield f"sbd is told of the disks {told}, the pillar of {wanted} (hint: sbd.managed)"
    delay, least = settings.get("SBD_DELAY_START", "no"), timeouts.derive(spec).delay_start
    short = delay.isdigit() and 1 < int(delay) < least // 1000
    if short or delay in ("no", "false", "off", "0", ""):
        yield (
            f"SBD_DELAY_START is {delay or 'unset'}, less than {duration(least)}: a node that"
            " boots fast joins while it is still being fenced (hint: sbd.managed)"
        )


def _disk(spec: ClusterSpec, disk: str, seen: Mapping[str, Any]) -> Iterator[str]:
    if seen.get("error"):
        yield str(seen["error"])
        return
    watchdog, msgwait = int(seen["watchdog"]), int(seen["msgwait"])
    yield from _bites(spec, watchdog, disk)
    if msgwait < 2 * watchdog:
        yield (
            f"{disk}: msgwait {msgwait}s is less than 2 * watchdog {watchdog}s: a node is taken"
            " for off before its watchdog has bitten (hint: consent.overwrite, then"
            " sbd.initialized)"
        )
    wanted = header(spec)
    if 2 * watchdog <= msgwait < wanted.msgwait:
        yield f"{disk}: msgwait {msgwait}s is shorter than the pillar's {wanted.msgwait}s"


def _bites(spec: ClusterSpec, watchdog: int, where: str) -> Iterator[str]:
    wanted = header(spec).watchdog
    if watchdog < max(wanted, _WATCHDOG_LEAST):
        yield (
            f"{where}: the watchdog bites after {watchdog}s, wanted are"
            f" {max(wanted, _WATCHDOG_LEAST)}s: slow storage would fence a healthy node"
        )


def _lived(spec: ClusterSpec, given: list[Mapping[str, Any]]) -> ClusterSpec:
    """Return ``spec`` with the timeouts that are in force, for what follows from them.

    Those of the slowest node and disk: fencing has to wait for them.
    """
    tokens = [int(answer["cmap"].get("totem.token", 0)) for answer in given]
    corosync = replace(spec.corosync, token=max([spec.corosync.token, *tokens]))
    sbd = spec.fencing.sbd
    if sbd is None:
        return replace(spec, corosync=corosync)
    seen = [disk for one in given for disk in one["disks"].values() if not disk.get("error")]
    waits = [max(int(one["watchdog"]), -(-int(one["msgwait"]) // 2)) * 1000 for one in seen]
    slow = replace(sbd, watchdog_timeout=max([sbd.watchdog_timeout, *waits]))
    return replace(spec, corosync=corosync, fencing=replace(spec.fencing, sbd=slow))
