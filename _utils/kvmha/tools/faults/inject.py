"""Making a fault: all of it is checked, its healing is written down, then it is made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kvmha.drills import faults
from kvmha.drills.healing import FOLDER
from kvmha.errors import KvmhaError, Refused
from kvmha.spec import ClusterSpec
from kvmha.tools.faults import cuts, disks, machine, processes
from kvmha.tools.faults.dead_man import DeadMan, Made, State
from kvmha.tools.faults.kind import Here, Kind
from kvmha.tools.runner import Runner
from kvmha.wait import eventually

_CUT = Kind(cuts.prepare, cuts.put, cuts.in_force)
KINDS: Mapping[str, Kind] = {
    "cut": _CUT,
    "isolate": _CUT,
    "link_down": _CUT,
    "sbd_disk_loss": Kind(disks.prepare_sbd, disks.put, disks.in_force),
    "san_loss": Kind(disks.prepare_san, disks.put, disks.in_force),
    "kill": Kind(processes.prepare_kill, processes.put_kill),
    "freeze": Kind(machine.prepare_freeze, machine.put_freeze, machine.freeze_in_force),
    "power_off": Kind(machine.prepare_power_off, machine.put_down),
    "crash": Kind(machine.prepare_crash, machine.put_down),
    "fill": Kind(machine.prepare_fill, machine.put_fill, machine.fill_in_force),
    "clock_jump": Kind(machine.prepare_clock, machine.put_clock, machine.clock_in_force),
    "restart": Kind(processes.prepare_restart, processes.put_restart),
    "kill_guest": Kind(processes.prepare_guest, processes.put_guest),
}


def inject(
    runner: Runner,
    spec: ClusterSpec,
    node: str,
    *,
    drill: str,
    fault: str,
    arguments: Mapping[str, Any],
    test: bool = False,
    folder: Path = Path(FOLDER),
) -> dict[str, Any]:
    """Make ``fault`` on this node, which is ``node`` of ``spec``; with ``test`` look only.

    Returns ``fault``, ``does``, ``heals``, ``in_force`` (None for what happens in a moment, and
    with ``test``) and ``fires_in``, the seconds until the timer heals it. Raises InvalidInput for
    arguments, Refused without a timer, KvmhaError when it is not in force afterwards. What was
    half made then is healed with the rest.
    """
    wanted = faults.read(spec, node, fault, arguments)
    kind, man = KINDS[fault], DeadMan(runner, folder)
    if test:
        ready = kind.prepare(_here(man, spec, node, man.state()), wanted)
        return _told(fault, ready.does, None, 0.0)
    with man.locked():
        state, left = man.armed(drill)
        here = _here(man, spec, node, state, left)
        ready = kind.prepare(here, wanted)
        man.add(state, Made(fault, dict(wanted), dict(ready.facts), ready.pieces))
        kind.put(here, ready.facts)
        in_force = None
        if kind.in_force is not None:
            check = kind.in_force
            eventually(
                lambda: "" if check(runner, ready.facts) else f"{fault} is not in force on {node}",
                timeout=5,
                interval=0.5,
            )
            in_force = True
        left = man.left(state)
    if not left:
        # It fired while the fault was made: heal.sh waited, but it does not wait for ever.
        man.heal(again=True)
        raise Refused(
            f"the timer fired while {fault} was made; {node} is healed", hint="arm longer"
        )
    return _told(fault, ready.does, in_force, left)


def heal(runner: Runner, drill: str = "", folder: Path = Path(FOLDER)) -> dict[str, Any]:
    """Heal this node of the faults of ``drill`` (of any, when empty) and stop the timer.

    Returns ``drill``, the ``faults`` that had been made, and ``said``, the words of heal.sh.
    Nothing to heal, or a timer that has healed, is fine.
    """
    man = DeadMan(runner, folder)
    state = man.state()
    if state and drill and state.drill != drill:
        return {"drill": "", "faults": [], "said": f"drill {state.drill} is under way here"}
    made = [each.fault for each in state.made] if state else []
    return {"drill": state.drill if state else "", "faults": made, "said": man.heal()}


def status(runner: Runner, folder: Path = Path(FOLDER)) -> dict[str, Any]:
    """Return what is in force on this node: ``drill``, ``armed``, ``fires_in``, ``faults``.

    Each fault has ``fault``, ``arguments`` and ``in_force``, as the kernel says it now. ``healed``
    names the drill that was healed last, by whomever.
    """
    man = DeadMan(runner, folder)
    state, last = man.state(), man.last_healed()
    left = man.left(state) if state else 0.0
    found = []
    for each in state.made if state else ():
        check = KINDS[each.fault].in_force
        now = check(runner, each.facts) if check else None
        found.append({"fault": each.fault, "arguments": each.arguments, "in_force": now})
    return {
        "drill": state.drill if state else "",
        "armed": left > 0,
        "fires_in": round(left, 1),
        "faults": found,
        "healed": last.drill if last else "",
    }


def arm(runner: Runner, drill: str, seconds: float, folder: Path = Path(FOLDER)) -> dict[str, Any]:
    """Have this node heal itself in ``seconds``; see ``DeadMan.arm``."""
    if not drill or not drill.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise KvmhaError(f"{drill!r} is no name of a drill", hint="letters, digits, '-', '_', '.'")
    if not 10 <= seconds <= 86400:
        raise KvmhaError(f"{seconds:g} s is no time for a drill", hint="10 to 86400")
    state = DeadMan(runner, folder).arm(drill, seconds)
    return {"drill": state.drill, "fires_in": seconds, "timer": f"{state.timer}.timer"}


def _here(
    man: DeadMan, spec: ClusterSpec, node: str, state: State | None, left: float = 0.0
) -> Here:
    standing = [each.facts for each in state.made] if state else []
    return Here(man.runner, spec, node, standing, man.folder, left)


def _told(fault: str, does: tuple[str, ...], in_force: bool | None, left: float) -> dict[str, Any]:
    return {
        "fault": fault,
        "does": list(does),
        "heals": faults.FAULTS[fault].heals,
        "in_force": in_force,
        "fires_in": round(left, 1),
    }
