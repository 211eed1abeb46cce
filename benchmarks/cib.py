"""``python -m benchmarks cib``: measure every way on every size, on one node, in one run."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import salt.version

from benchmarks import ours, peers, workload
from benchmarks.figures import Cell, plain
from benchmarks.node import Node, running
from benchmarks.workload import Workload

PHASES = ("first", "no-op", "drift")
LIBRARY, SALT, STATE = "kvmha library", "kvmha salt-call", "kvmha salt-call state"
PATIENCE = 20.0  # when the runs of a phase took more seconds together, it is not repeated
Row = dict[str, Cell]  # phase -> cell


@dataclasses.dataclass(frozen=True)
class Options:
    """What is asked for on the command line."""

    peers: tuple[str, ...]
    sizes: tuple[int, ...]
    workloads: tuple[str, ...]
    runs: int
    sample: int


@dataclasses.dataclass
class Measured:
    """All figures: rows by workload and (tool, mode), Salt alone, planning by size."""

    options: Options
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    objects: dict[str, int] = dataclasses.field(default_factory=dict)
    rows: dict[str, dict[tuple[str, str], Row]] = dataclasses.field(default_factory=dict)
    bare: dict[str, dict[str, Cell]] = dataclasses.field(default_factory=dict)
    planning: dict[int, dict[str, Any]] = dataclasses.field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for the JSON."""
        return {
            "options": dataclasses.asdict(self.options),
            "versions": self.versions,
            "objects": self.objects,
            "rows": {
                name: [
                    {"tool": tool, "mode": mode, **plain(row)} for (tool, mode), row in of.items()
                ]
                for name, of in self.rows.items()
            },
            "salt_alone": {name: plain(cells) for name, cells in self.bare.items()},
            "planning": self.planning,
        }


def measure(found: Measured, say: Callable[[str], None]) -> None:
    """Measure all that is asked for into ``found``; ``say`` is told what is being done."""
    options = found.options
    with tempfile.TemporaryDirectory(prefix="kvmha-bench-") as place:
        folder = Path(place)
        for size in options.sizes:
            say(f"planning {size} primitives")
            document = _write(folder, workload.planned(size))
            found.planning[size] = ours.planning(document, options.runs)
        wanted = dict.fromkeys(options.workloads, workload.PEERS115)
        wanted |= {str(size): workload.sized(size) for size in options.sizes}
        with running(folder) as node:
            found.versions = versions(node, options.peers)
            for name, load in wanted.items():
                found.objects[name] = load.objects
                _measure_workload(found, node, name, load, say)


def _measure_workload(
    found: Measured, node: Node, name: str, load: Workload, say: Callable[[str], None]
) -> None:
    """Measure one workload: every run of it takes each tool once, so that all share the noise."""
    rows = found.rows.setdefault(name, {})
    document = _write(node.folder, load)
    calls = ours.SaltCall(node, load)
    ours.library(node, document)  # compiles the library's files, and fills caches of others
    calls.run("bare test.ping")
    ways = [way for way in peers.WAYS if way.tool in found.options.peers]
    for number in range(found.options.runs):
        say(f"workload {name}, run {number + 1} of {found.options.runs}")
        _library(node, load, document, rows.setdefault((LIBRARY, "in-process"), _row()))
        if number == 0 or _is_quick(rows[SALT, "pacemaker.apply"]):
            _salt(node, load, calls, rows, found.bare.setdefault(name, {}))
        for way in ways:
            key = (way.tool, way.mode)
            if number == 0 or (not way.by_object and _is_quick(rows[key])):
                say(f"  {way.tool}, {way.mode}")
                _peer(node, load, way, rows.setdefault(key, _row()), found.options.sample)


def _row() -> Row:
    return {phase: Cell() for phase in PHASES}


def _is_quick(row: Row) -> bool:
    return all(sum(cell.seconds) <= PATIENCE for cell in row.values())


def _phases(node: Node, load: Workload, row: Row, once: Callable[[Cell], None]) -> None:
    """Call ``once`` for each phase, with the CIB brought to where the phase begins.

    Without a first apply that reached what is wanted, there are no further phases.
    """
    node.reset()
    for phase in PHASES:
        if phase == "drift":
            node.drift(load.last)
        once(row[phase])
        node.settle()
        row[phase].reached = not load.missing(node.cib())
        if phase == "first" and not row[phase].reached:
            return


def _library(node: Node, load: Workload, document: Path, row: Row) -> None:
    def once(cell: Cell) -> None:
        answer = ours.library(node, document)
        cell.seconds.append(answer["seconds"])
        cell.processes = answer["children"]
        for key in ("own", "importing", "peak_mib"):
            cell.detail.setdefault(key, []).append(answer[key])

    _phases(node, load, row, once)


def _salt(
    node: Node, load: Workload, calls: ours.SaltCall, rows: Any, bare: dict[str, Cell]
) -> None:
    """Measure ``salt-call``, each time right after Salt alone."""
    for mode, call, alone in (
        (SALT, "pacemaker.apply", "bare test.ping"),
        (STATE, "state", "bare state"),
    ):

        def once(cell: Cell, call: str = call, alone: str = alone) -> None:
            for one, target in ((alone, bare.setdefault(alone, Cell())), (call, cell)):
                ran = calls.run(one)
                target.seconds.append(ran.result.seconds)
                target.cpu.append(ran.cpu)
                target.processes = ran.processes

        _phases(node, load, rows.setdefault((mode, call), _row()), once)


def _peer(node: Node, load: Workload, way: peers.Way, row: Row, sample: int) -> None:
    """Measure a peer; where it takes a command for each object, on a sample of the objects."""
    part = load.sample(sample) if way.by_object else load

    def once(cell: Cell) -> None:
        spent = peers.spend(node, way.commands(node, part))
        cell.factor = load.objects / part.objects
        cell.seconds.append(spent.seconds)
        cell.fixed.append(spent.fixed)
        cell.cpu.append(spent.cpu)
        grown = (spent.processes - spent.fixed_processes) * cell.factor
        cell.processes = round(spent.fixed_processes + grown)
        cell.failed = spent.failures > 0
        cell.detail["said"] = spent.said[:2]

    _phases(node, part, row, once)


def versions(node: Node, tools: Sequence[str]) -> dict[str, str]:
    """Return the versions of all that is measured."""
    words = node.run(["pacemakerd", "--version"]).result.stdout.split()
    found = {"pacemaker": words[1] if len(words) > 1 else "?", "salt": salt.version.__version__}
    return found | {tool: peers.version(node, tool) for tool in tools}


def _write(folder: Path, load: Workload) -> Path:
    path = folder / "document.json"
    path.write_text(json.dumps(load.pillar()), encoding="utf-8")
    return path
