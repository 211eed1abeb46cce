"""The figures as tables, and what the project asks of itself beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.cib import LIBRARY, PHASES, SALT, STATE, Measured
from benchmarks.figures import Cell, Target, exponent, ratio, table

ASKED_SIZE = "200"
LEGEND = """\
Seconds, medians of interleaved runs. `~`: measured on a sample of the objects and extrapolated
linearly. `!`: the tool ended with errors. *mends*: whether a changed value is as wanted after
the third run. Processes: started by the first apply / with nothing to do. Of the library they are
its children; of the other tools the tool itself counts too, and one for each change of the CIB in
which Pacemaker writes it to disk; of salt-call, those of Salt alone are taken off."""


def text(found: Measured) -> str:
    """Return everything for a person."""
    parts = [", ".join(f"{name} {version}" for name, version in found.versions.items()), LEGEND]
    for name, rows in found.rows.items():
        parts += [f"## workload {name}: {found.objects[name]} objects", _table(found, name, rows)]
        parts += ["\n".join(_alone(found.bare.get(name, {})))]
    if found.planning:
        parts += ["## planning alone, 32 nodes", _planning(found)]
    parts += ["## asked for", "\n".join(target.line() for target in targets(found))]
    return "\n\n".join(parts)


def _table(found: Measured, name: str, rows: dict[tuple[str, str], dict[str, Cell]]) -> str:
    lines = []
    for (tool, mode), row in rows.items():
        counts = [_processes(row[phase], tool, found.bare.get(name, {})) for phase in PHASES[:2]]
        mends = "yes" if row["drift"].reached else "no"
        times = [row[phase].shown() for phase in PHASES]
        lines.append([tool, mode, *times, mends, " / ".join(counts)])
    return table(["tool", "way", *PHASES, "mends", "processes"], lines)


def _processes(cell: Cell, tool: str, bare: dict[str, Cell]) -> str:
    if cell.processes is None:
        return "-"
    alone = {SALT: "bare test.ping", STATE: "bare state"}.get(tool)
    own = cell.processes - (bare[alone].processes or 0) if alone in bare else cell.processes
    return f"{'~' if cell.is_estimate else ''}{own}"


def _alone(bare: dict[str, Cell]) -> Iterator[str]:
    for name, cell in bare.items():
        yield f"Salt alone, {name}: {cell.shown()} s, {len(cell.seconds)} runs"


def _planning(found: Measured) -> str:
    rows = [
        [f"{size} primitives", f"{3 * size} objects", *_seconds(one), f"{one['peak_mib']:.0f} MiB"]
        for size, one in found.planning.items()
    ]
    if len(found.planning) > 1:
        grown = [f"n^{_growth(found, phase):.2f}" for phase in PHASES]
        rows.append(["growth", "", *grown, ""])
    return table(["size", "", *PHASES, "peak memory"], rows)


def _seconds(one: dict[str, Any]) -> list[str]:
    return [f"{one['seconds'][phase]:.3f}" for phase in PHASES]


def _growth(found: Measured, phase: str) -> float:
    return exponent(
        list(found.planning), [one["seconds"][phase] for one in found.planning.values()]
    )


# --- targets -----------------------------------------------------------------------------------


def targets(found: Measured) -> list[Target]:
    """Return what the project asks of itself with what was measured."""
    return [*_against_peers(found), *_against_salt(found), *_of_planning(found)]


def _against_peers(found: Measured) -> Iterator[Target]:
    rows = found.rows.get(ASKED_SIZE, {})
    ours = _median(rows.get((LIBRARY, "in-process")), "first")
    whole = _median(rows.get((SALT, "pacemaker.apply")), "first")
    times = {
        way: _median(row, "first") for way, row in rows.items() if not way[0].startswith("kvmha")
    }
    singles = [t for (_, mode), t in times.items() if mode == "one by one" and t is not None]
    batches = [t for (_, mode), t in times.items() if mode != "one by one" and t is not None]
    for word, group, limit in (("one by one", singles, 300), ("the best batch", batches, 5)):
        best = min(group, default=None)
        about = f"first apply of {ASKED_SIZE} primitives, times as fast as {word}"
        yield Target(f"library: {about}", limit, ratio(best, ours), at_least=True, unit="x")
        yield Target(f"whole salt-call: {about}", 1, ratio(best, whole), at_least=True, unit="x")


def _against_salt(found: Measured) -> Iterator[Target]:
    rows, bare = found.rows.get("peers115", {}), found.bare.get("peers115", {})
    for mode, call, alone in (
        (SALT, "pacemaker.apply", "bare test.ping"),
        (STATE, "state", "bare test.ping"),
        (STATE, "state", "bare state"),
    ):
        base = bare[alone].median if alone in bare else None
        for phase, limit in (("first", 1.5), ("no-op", 1.3)):
            cell = rows.get((mode, call), {}).get(phase, Cell())  # absent after an interrupt
            about = f"peers115: {phase}, salt-call {call} / {alone}"
            yield Target(about, limit, ratio(cell.median, base), unit="x")
            cpu = ratio(Cell(cell.cpu).median, Cell(bare[alone].cpu).median) if base else None
            yield Target(f"{about}, in CPU", limit, cpu, unit="x")
    row = rows.get((LIBRARY, "in-process"), {})
    for phase, children in (("first", 4), ("no-op", 1)):
        cell = row.get(phase, Cell())
        own = Cell(cell.detail.get("own", [])).median
        yield Target(f"peers115: {phase}, own work", 0.15, own, unit=" s")
        yield Target(f"peers115: {phase}, children", children, cell.processes)


def _of_planning(found: Measured) -> Iterator[Target]:
    for phase in PHASES:
        grown = _growth(found, phase) if len(found.planning) > 1 else None
        # A logarithm and the noise of the machine are no second power.
        yield Target(f"planning: {phase}, exponent of growth", 1.15, grown)
    peaks = [one["peak_mib"] for one in found.planning.values()]
    yield Target("planning: peak memory", 200, max(peaks, default=None), unit=" MiB")


def _median(row: dict[str, Cell] | None, phase: str) -> float | None:
    return row[phase].median if row else None
