"""The whole machine: frozen, powered off, crashed. And its filesystem filled, its clock set.

What takes this process down with it runs in a transient unit, and begins after two seconds: time
for the answer to leave.
"""

from __future__ import annotations

import contextlib
import os
import time

from kvmha.drills import healing, scripts
from kvmha.drills.healing import UNIT, Piece
from kvmha.errors import KvmhaError
from kvmha.tools import host, services
from kvmha.tools.faults.dead_man import uptime
from kvmha.tools.faults.kind import Facts, Here, Prepared
from kvmha.tools.runner import Runner
from kvmha.values import size
from kvmha.wait import eventually

_FREEZE = f"{UNIT}-freeze.service"
_DOWN = f"{UNIT}-down.service"
_FILL = f"{UNIT}-fill.service"
_DELAY = 2  # seconds
_FREEZE_DEFAULT = 30.0
_TIME_SERVICES = ("chrony", "chronyd", "ntpd", "ntpsec", "systemd-timesyncd")


def prepare_freeze(_: Here, arguments: Facts) -> Prepared:
    """Look at a freeze of all processes but init."""
    seconds = arguments.get("seconds", _FREEZE_DEFAULT)
    does = f"in {_DELAY} s, stop every process but init for {seconds:g} s"
    # Their order: what is stopped cannot answer to systemd.
    heal = healing.thawed() + healing.unit_stopped(_FREEZE)
    return Prepared({"seconds": seconds}, (does,), (Piece("stopped processes", heal),))


def put_freeze(here: Here, facts: Facts) -> None:
    """Start what freezes, and lets go on by itself."""
    _run_later(here.runner, _FREEZE, scripts.freezing(_DELAY, facts["seconds"]))


def freeze_in_force(runner: Runner, _: Facts) -> bool:
    """Tell whether the freeze is under way."""
    return _is_active(runner, _FREEZE)


def prepare_power_off(here: Here, _: Facts) -> Prepared:
    """Look at a power-off; the clock wakes the host when the drill's time is over, if it can."""
    wake = max(here.left, 60)
    does = f"in {_DELAY} s, power off (sysrq o); wake by the clock in {wake:.0f} s if it can"
    script = scripts.power_off(_DELAY, wake)
    return Prepared({"script": script}, (does,), (_called_off(),))


def prepare_crash(_: Here, arguments: Facts) -> Prepared:
    """Look at a reboot without warning, or a panic."""
    how = arguments.get("how", "reboot")
    does = f"in {_DELAY} s, {'reboot (sysrq b)' if how == 'reboot' else 'panic (sysrq c)'}"
    return Prepared({"script": scripts.crash(_DELAY, how)}, (does,), (_called_off(),))


def put_down(here: Here, facts: Facts) -> None:
    """Start what takes the machine down."""
    _run_later(here.runner, _DOWN, facts["script"])


def prepare_fill(here: Here, arguments: Facts) -> Prepared:
    """Look at a mounted filesystem of the pillar that is to be filled."""
    name = arguments.get("filesystem")
    stores = here.spec.storage.filesystems
    store = next((each for each in stores if name in (None, each.name)), None)
    if store is None or store.mount not in host.mounts():
        what = f"{store.name} is not mounted" if store else "the pillar names no filesystem"
        raise KvmhaError(f"{what} on {here.node}", hint="findmnt --types ocfs2,gfs2,xfs,ext4")
    headroom = arguments.get("headroom", 0)
    facts = {"mount": store.mount, "headroom": headroom}
    does = f"fill {store.mount} ({size(_free(store.mount))} are free) but for {size(headroom)}"
    return Prepared(
        facts, (does,), (Piece(f"space of {store.mount}", healing.unit_stopped(_FILL)),)
    )


def put_fill(here: Here, facts: Facts) -> None:
    """Start what holds the space, and wait until it has it."""
    said = here.folder / "fill"
    said.unlink(missing_ok=True)
    words = (facts["mount"], str(facts["headroom"]), str(said))
    _run_later(here.runner, _FILL, scripts.FILLING, *words)

    def missing() -> str:
        if said.exists():
            return ""
        if not _is_active(here.runner, _FILL):
            return f"{_FILL} has ended, see: journalctl -u {_FILL}"
        return f"{facts['mount']} still has {size(_free(facts['mount']))}"

    eventually(missing, timeout=120)


def fill_in_force(runner: Runner, _: Facts) -> bool:
    """Tell whether the space is held."""
    return _is_active(runner, _FILL)


def prepare_clock(here: Here, arguments: Facts) -> Prepared:
    """Look at the clock, and at the services that would set it right."""
    names = list(_TIME_SERVICES)
    states = services.show(here.runner, names)
    # chronyd is chrony's alias on some, the other way round on others.
    running = [name for name in names if states[name][1] == "active"]
    seconds = arguments["seconds"]
    wall, up = time.time(), uptime()
    facts = {"seconds": seconds, "services": running, "began": wall - up}
    does = [f"stop {' '.join(running)}"] if running else []
    does.append(f"set the clock {abs(seconds):g} s {'ahead' if seconds > 0 else 'back'}")
    units = [f"{name}.service" for name in running]
    return Prepared(facts, tuple(does), (Piece("the clock", healing.clock_set(wall, up, units)),))


def put_clock(here: Here, facts: Facts) -> None:
    """Stop the time services and set the clock."""
    if facts["services"]:
        here.runner.run(["systemctl", "stop", *facts["services"]])
    time.clock_settime(time.CLOCK_REALTIME, facts["began"] + uptime() + facts["seconds"])


def clock_in_force(_: Runner, facts: Facts) -> bool:
    """Tell whether the clock is still nearer to what it was set to than to what it should be."""
    return bool(abs(time.time() - uptime() - facts["began"]) > abs(facts["seconds"]) / 2)


def _called_off() -> Piece:
    return Piece("what was to come", healing.unit_stopped(_DOWN))


def _run_later(runner: Runner, unit: str, script: str, *words: str) -> None:
    argv = ["systemd-run", "--quiet", f"--unit={unit}", "/bin/sh", "-c", script, "sh", *words]
    runner.run(argv, hint=f"see: systemctl status {unit}")


def _is_active(runner: Runner, unit: str) -> bool:
    return runner.run(["systemctl", "--quiet", "is-active", unit], ok=None).returncode == 0


def _free(mount: str) -> int:
    found = 0
    with contextlib.suppress(OSError):
        status = os.statvfs(mount)
        found = status.f_bavail * status.f_frsize
    return found
