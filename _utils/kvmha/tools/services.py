"""systemd units: what they are and what they should be, with one query and few commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.tools.runner import Runner

_SHOW = ("show", "--property=Id,LoadState,ActiveState,UnitFileState")


@dataclass(frozen=True)
class Unit:
    """What should be true of one unit: a service, unless its name has another suffix.

    ``enabled`` None leaves that alone; ``masked`` keeps anything from starting it.
    """

    name: str
    enabled: bool | None = True
    running: bool = False
    masked: bool = False


def plan(runner: Runner, units: Sequence[Unit]) -> Plan:
    """Return what makes every unit of ``units`` as wanted.

    A unit that does not exist yet is planned as one that is stopped and disabled, except
    where it should be so anyway.
    """
    states = show(runner, [unit.name for unit in units])
    changes = [change for unit in units for change in _changes(unit, states[unit.name])]
    base = " ".join(f"{name}={'/'.join(state)}" for name, state in states.items())
    return Plan(tuple(changes), base)


def apply(runner: Runner, todo: Plan) -> None:
    """Do what ``plan`` found, grouped by verb: few programs, whatever the number of units.

    Starting waits for the units (systemd's own time limits apply).
    """
    for verb in ("mask", "disable", "enable", "start"):
        names = [_unit(change) for change in todo.changes if change.new == verb]
        if not names:
            continue
        now = ["--now"] if verb in ("mask", "disable") else []
        runner.run(
            ["systemctl", verb, *now, *names],
            timeout=600,
            hint=f"see: journalctl -b -u {' -u '.join(names)}",
        )


def started(runner: Runner, names: Sequence[str]) -> None:
    """Enable and start units that are not."""
    apply(runner, plan(runner, [Unit(name, running=True) for name in names]))


def show(runner: Runner, names: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    """Return name -> (load state, active state, unit file state), with one systemctl."""
    units = [name if "." in name else f"{name}.service" for name in names]
    result = runner.run(["systemctl", *_SHOW, *units], ok=None)
    found = dict.fromkeys(names, ("not-found", "inactive", ""))
    for name, block in zip(names, result.stdout.strip().split("\n\n"), strict=False):
        words = dict(line.partition("=")[::2] for line in block.splitlines())
        found[name] = (
            words.get("LoadState", "not-found"),
            words.get("ActiveState", "inactive"),
            words.get("UnitFileState", ""),
        )
    return found


def _changes(unit: Unit, state: tuple[str, str, str]) -> list[Change]:
    load, active, file = state
    found = load not in ("not-found", "masked")
    changes = []
    if unit.masked:
        return [_change(unit, "mask", file)] if load == "loaded" else []
    if unit.enabled is False:
        if found and file in ("enabled", "enabled-runtime"):
            changes.append(_change(unit, "disable", file))
        return changes
    if unit.enabled and file not in ("enabled", "static", "indirect", "alias", "generated"):
        changes.append(_change(unit, "enable", file or "absent"))
    if unit.running and active not in ("active", "reloading"):
        changes.append(_change(unit, "start", active))
    return changes


def _change(unit: Unit, verb: str, old: str) -> Change:
    return Change(Action.RUN, f"service:{unit.name}.{verb}", old, verb, Disruption.NONE)


def _unit(change: Change) -> str:
    return change.address.removeprefix("service:").rpartition(".")[0]
