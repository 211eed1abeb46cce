"""A record as one page: no script, no network, light and dark, for a phone and for paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import jinja2
from markupsafe import Markup

from kvmha.drills.record import Outcome, Record
from kvmha.drills.report import bars, facts, key, lanes, style, template, topology
from kvmha.drills.report.shapes import Element, svg
from kvmha.drills.report.topology import Scene
from kvmha.view.snapshot import NodeSeen, Snapshot

_KINDS = {
    "passed": "good",
    "as predicted": "good",
    "interrupted": "odd",
    "failed": "bad",
    "not predicted": "bad",
    "broken": "bad",
}
_HEADS = ("Node", "Members it sees", "Votes", "DC", "VMs", "Addresses", "Links down", "Besides")


def of_record(record: Record) -> str:
    """Return the page of a drill. The same record gives the same bytes."""
    hosts = facts.hosts(record)
    return _filled(
        template.DRILL,
        title=f"Drill {record.scenario} on {record.cluster}",
        eyebrow=f"kvmha · {_moment(record.began)} · {record.id}",
        kind=_KINDS.get(record.verdict, "odd") if record.healed else "bad",
        verdict=facts.verdict(record),
        proves=record.proves,
        facts=_figures(record),
        problems=record.problems,
        key=key.key(),
        steps=[_step(record, number) for number in range(len(record.steps))],
        hosts=lanes.legend(hosts),
        lanes=_shown(lanes.drawn(record, "lanes")),
        events=[
            {"kind": line.kind, "cells": (f"{line.time:.1f} s", f"{line.name}: {line.what}")}
            for line in facts.lines(record)
        ],
        absences=[
            {
                "kind": "bad" if facts.is_over(one) else "",
                "cells": (
                    one.name,
                    f"{one.seconds:.1f}",
                    f"{one.worst:.1f}" if one.worst else "none",
                    ", ".join(f"{part} {seconds:g}" for part, seconds in one.parts.items()),
                ),
            }
            for one in record.absences
        ],
        bars=_shown(bars.drawn(record, "bars")),
        watched=f"Looked at {len(record.watched)} times in {record.seconds:.0f} s",
        invariants=_invariants(record),
        settings=_mapped(record.settings),
        versions=_mapped(record.versions),
        footer="Written by kvmha. Everything in this file is in this file: it loads nothing.",
    )


def of_snapshot(snapshot: Snapshot, cluster: str, vips: Sequence[str] = ()) -> str:
    """Return the page of a cluster as it stands; ``vips`` are the addresses that matter."""
    scene = Scene(
        snapshot,
        vips=tuple(vips),
        letters=snapshot.partitions,
        doubles=facts.doubles(snapshot, vips),
    )
    moment = datetime.fromtimestamp(snapshot.time, timezone.utc).isoformat(timespec="seconds")
    vms = {vm for node in snapshot.nodes for vm in snapshot_running(node)}
    return _filled(
        template.STATUS,
        title=f"Cluster {cluster}",
        eyebrow=f"kvmha · {_moment(moment)}",
        kind="good" if facts.is_well(snapshot) and not scene.doubles else "bad",
        verdict=facts.standing(snapshot),
        proves="",
        facts=[
            ("Nodes that answer", f"{sum(one.answered for one in snapshot.nodes)}"),
            ("Partitions", f"{len(snapshot.partitions)}"),
            ("VMs that run", f"{len(vms)}"),
        ],
        key=key.key(),
        picture=_shown(topology.drawn(scene, "now", f"Cluster {cluster}")),
        lines=[*topology.told(snapshot.partitions, scene), *_besides(scene)],
        heads=_HEADS,
        rows=_nodes(snapshot, vips, scene),
        footer="Written by kvmha. Everything in this file is in this file: it loads nothing.",
    )


def scene(record: Record, number: int) -> Scene:
    """Return what the picture of the step at place ``number`` shows."""
    step, last = record.steps[number], facts.before(record, number)
    vips = facts.addresses(record)
    return Scene(
        step.snapshot,
        vips=vips,
        cuts=step.cuts,
        letters=facts.partitions(step),
        fenced=facts.fenced(step, last),
        restarted=facts.restarted(step, last),
        doubles=facts.doubles(step.snapshot, vips),
    )


def snapshot_running(node: NodeSeen) -> list[str]:
    """Return the VMs that run on ``node``, paused ones with their state."""
    return [
        vm if state == "running" else f"{vm} ({state})"
        for vm, state in sorted(node.domains.items())
        if state not in {"shut off", "shutoff"}
    ]


def _step(record: Record, number: int) -> dict[str, Any]:
    step, seen = record.steps[number], scene(record, number)
    last = facts.before(record, number)
    predicted = [
        _outcome(outcome, seen, f"s{number + 1}p{place}", facts.came(outcome, step, last))
        for place, outcome in enumerate(step.predicted, 1)
    ]
    title = f"Step {number + 1}, {step.name}, as observed"
    return {
        "number": number + 1,
        "name": step.name,
        "kind": _KINDS.get(step.verdict, "soft"),
        "verdict": step.verdict,
        "action": step.action,
        "when": f"at {step.at:.1f} s, settled after {step.seconds:.1f} s",
        "picture": _shown(topology.drawn(seen, f"s{number + 1}", title)),
        "parts": [*topology.told(step.snapshot.partitions, seen), *_besides(seen)],
        "predicted": sorted(predicted, key=lambda one: not one["came"]),
        "why": step.why,
        "heads": _HEADS,
        "rows": _nodes(step.snapshot, seen.vips, seen),
    }


def _outcome(outcome: Outcome, seen: Scene, name: str, came: bool) -> dict[str, Any]:
    back = {name for one in outcome.partitions for name in one.members}
    return {
        "picture": _shown(topology.small(outcome, seen, name)),
        "parts": [
            *topology.told(outcome.partitions, seen),
            *(f"Fenced{' and back' * (one in back)}: {one}" for one in outcome.fenced),
        ],
        "came": came,
    }


def _besides(seen: Scene) -> Iterator[str]:
    """What is to be said below a picture, beside its partitions."""
    silent = [node.name for node in seen.snapshot.nodes if not node.answered]
    for word, names in (
        ("Fenced", [name for name in silent if name in seen.fenced]),
        ("Fenced and back", sorted(seen.fenced - {*silent})),
        ("Silent", [name for name in silent if name not in seen.fenced]),
        ("Restarted", sorted(seen.restarted - seen.fenced)),
        ("Runs twice", sorted(seen.doubles)),
    ):
        if names:
            yield f"{word}: {', '.join(names)}"


def _nodes(snapshot: Snapshot, vips: Iterable[str], seen: Scene) -> list[dict[str, Any]]:
    rows = []
    for node in snapshot.nodes:
        down = [f"{link.number} to {link.peer}" for link in node.links if not link.connected]
        votes = f"{node.votes} of {node.expected_votes}, "
        cells = (
            node.name,
            ", ".join(node.members),
            votes + ("quorum" if node.quorate else "no quorum") if node.corosync else "",
            node.dc,
            ", ".join(snapshot_running(node)),
            ", ".join(vip for vip in vips if vip in node.addresses),
            ", ".join(down),
            "; ".join(
                [
                    *facts.notes(node, snapshot),
                    *(["fenced"] if node.name in seen.fenced else []),
                    *(["restarted since the step before"] if node.name in seen.restarted else []),
                ]
            ),
        )
        rows.append({"kind": "" if node.answered else "bad", "cells": cells})
    return rows


def _figures(record: Record) -> list[tuple[str, str]]:
    nodes = f"{len(facts.hosts(record))}"
    longest = max(record.absences, key=lambda one: one.seconds, default=None)
    return [
        ("Verdict", record.verdict),
        ("Healed", "yes" if record.healed else "NO"),
        ("Lasted", f"{record.seconds:.0f} s"),
        ("Nodes", nodes),
        ("Steps", f"{len(record.steps)}"),
        ("Looks", f"{len(record.watched)}"),
        ("Longest away", f"{longest.seconds:.1f} s, {longest.name}" if longest else "not measured"),
    ]


def _invariants(record: Record) -> list[dict[str, Any]]:
    rows = []
    for name in dict.fromkeys([*record.invariants, *(one.invariant for one in record.breaches)]):
        broken = [one for one in record.breaches if one.invariant == name]
        evidence = "; ".join(f"{one.at:.1f} s: {one.evidence}" for one in broken)
        said = "broken" if broken else "held"
        rows.append({"kind": "bad" if broken else "", "cells": (name, said, evidence)})
    return rows


def _mapped(said: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"kind": "", "cells": pair} for pair in sorted(said.items())]


def _moment(began: str) -> str:
    return began.replace("T", " ").replace("Z", " UTC").replace("+00:00", " UTC")


def _shown(drawing: Element) -> Markup:
    return Markup(svg(drawing))


def _filled(words: str, **values: Any) -> str:
    """Return the template with its values, each escaped; a value it wants and has not is a bug."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(words).render(style=Markup(style.page()), **values)
