"""The dead man's timer: this node heals itself at a set time, whoever is dead by then.

A transient timer of systemd runs /run/kvmha/drill/heal.sh, which grows by a piece *before* each
fault is made. Neither Salt nor Python nor the network is needed for that. Timers count the
monotonic clock, so a jump of the other one is nothing to them. /run forgets all of it at a reboot,
and so do the faults.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kvmha import plain
from kvmha.drills import healing
from kvmha.drills.healing import FOLDER, UNIT, Piece
from kvmha.errors import KvmhaError, Refused
from kvmha.tools import files
from kvmha.tools.runner import Runner
from kvmha.wait import eventually

_TIMERS = f"{UNIT}-heal-*"
# A fault that is made in the last moment would be healed in the middle.
_MARGIN = 5.0  # seconds


@dataclass(frozen=True)
class Made:
    """A fault that was made: ``facts`` are its kind's, ``pieces`` what heals it."""

    fault: str
    arguments: dict[str, Any]
    facts: dict[str, Any]
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class State:
    """A drill on this node. ``until`` is the uptime in seconds at which ``timer`` fires."""

    drill: str
    until: float
    timer: str
    made: tuple[Made, ...] = ()


class DeadMan:
    """The state of the drill on this node, and its timer."""

    def __init__(self, runner: Runner, folder: Path = Path(FOLDER)) -> None:
        self.runner = runner
        self.folder = folder
        self.script = folder / "heal.sh"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock for which heal.sh waits: nobody heals what is just being made."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a") as lock:

            def missing() -> str:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return "another fault is made or healed on this node"
                return ""

            eventually(missing, timeout=30, interval=0.2)
            yield

    def state(self) -> State | None:
        """Return the drill that is under way here, None when there is none."""
        return self._read("state.json")

    def last_healed(self) -> State | None:
        """Return the drill that heal.sh ended, since the boot."""
        return self._read("healed.json")

    def arm(self, drill: str, seconds: float) -> State:
        """Have this node healed in ``seconds``, not before; return the state.

        Arming again sets the time anew. The new timer runs before the old one is stopped. Raises
        Refused while another drill is under way.
        """
        with self.locked():
            before = self.state()
            if before and before.drill != drill:
                raise Refused(
                    f"drill {before.drill} is under way on this node",
                    hint=f"end it first: kvmha_fault.heal drill={before.drill}",
                )
            now = uptime()
            timer = f"{UNIT}-heal-{round(now * 100)}"
            state = State(drill, now + seconds, timer, before.made if before else ())
            self._write_script(state)
            self.runner.run(_timer(timer, seconds, self.script))
            self._write_state(state)
            if before:
                self.runner.run(["systemctl", "stop", f"{before.timer}.timer"], ok=None)
        return state

    def left(self, state: State) -> float:
        """Return the seconds until the timer fires; 0 when there is no timer any more."""
        argv = ["systemctl", "--quiet", "is-active", f"{state.timer}.timer"]
        if self.runner.run(argv, ok=None).returncode:
            return 0.0
        return max(state.until - uptime(), 0.0)

    def armed(self, drill: str) -> tuple[State, float]:
        """Return the state of ``drill`` and the seconds left; raise Refused without a timer."""
        state = self.state()
        hint = f"first: kvmha_fault.arm drill={drill} seconds=600"
        if state is None or state.drill != drill:
            raise Refused(f"no timer would heal this node of drill {drill}", hint=hint)
        left = self.left(state)
        if left < _MARGIN:
            raise Refused(f"the timer of drill {drill} has only {left:.0f} s left", hint=hint)
        return state, left

    def add(self, state: State, made: Made) -> None:
        """Make heal.sh able to heal ``made``. Hold the lock; call it before the fault is made."""
        state = replace(state, made=(*state.made, made))
        self._write_script(state)
        self._write_state(state)

    def heal(self, *, again: bool = False) -> str:
        """Run heal.sh and stop the timer; return what it said. Raises KvmhaError if it failed.

        In that case the timer runs on, and tries again when its time comes. What was healed is
        healed once more only with ``again``: the clock may have been set since, and rightly so.
        """
        said = self._run_script() if self.script.exists() and (again or self.state()) else ""
        # The service, too: it would try for ever what is no longer there.
        units = (f"{_TIMERS}.timer", f"{_TIMERS}.service")
        with self.locked():
            if self.state() is None:  # nobody has armed it again
                self.runner.run(["systemctl", "stop", *units], ok=None)
                self.script.unlink(missing_ok=True)
        return said

    def _run_script(self) -> str:
        log = self.folder / "heal.log"
        log.unlink(missing_ok=True)
        done = self.runner.run(["/bin/sh", str(self.script)], ok=None, timeout=300)
        said = (files.read(log) or done.output).strip()
        if done.returncode:
            raise KvmhaError(f"this node is not healed: {said}", hint=f"see {log}, then heal again")
        return said

    def _write_script(self, state: State) -> None:
        pieces = [piece for each in state.made for piece in each.pieces]
        text = healing.script(state.drill, pieces, str(self.folder))
        files.write(self.script, text, mode=0o700)

    def _write_state(self, state: State) -> None:
        text = json.dumps(plain.plain(state), indent=1)
        files.write(self.folder / "state.json", text, mode=0o600)

    def _read(self, name: str) -> State | None:
        text = files.read(self.folder / name)
        return plain.of(State, json.loads(text)) if text else None


def uptime() -> float:
    """Return the seconds since the boot, by a clock that nobody can set."""
    return float((files.read("/proc/uptime") or "0").split()[0])


def _timer(name: str, seconds: float, script: Path) -> list[str]:
    """Return the command that has systemd run ``script`` in ``seconds``, until it succeeds."""
    return [
        *("systemd-run", "--quiet", f"--unit={name}", f"--on-active={seconds:g}s"),
        *("--timer-property=AccuracySec=1s", "--property=Restart=on-failure"),
        *("--property=RestartSec=5s", "/bin/sh", str(script)),
    ]
