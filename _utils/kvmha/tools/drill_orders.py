"""What a drill has Pacemaker do: stop everything, fence nobody, move a VM; each ends by itself.

A dead man's timer of systemd undoes the first two on every node, though master, minion and network
are gone: fencing comes back before anything may start. The constraint of a move has an end.
"""

from __future__ import annotations

from kvmha.errors import KvmhaError
from kvmha.tools.runner import Runner

UNIT = "kvmha-drill-fencing"
_STOP, _FENCING = "stop-all-resources", "stonith-enabled"
_LIFETIME = "PT10M"


def _attribute(*words: str) -> list[str]:
    return ["crm_attribute", "--type", "crm_config", *words]


_FENCING_ON = _attribute("--name", _FENCING, "--update", "true")
_STARTING_ON = _attribute("--name", _STOP, "--delete")


def arm(runner: Runner, seconds: float) -> None:
    """Have this node undo both in ``seconds``; arming again sets the time anew.

    The commands are tried every 5 s until they succeed: Pacemaker may be away just then.
    """
    runner.run(["systemctl", "stop", f"{UNIT}.timer"], ok=None)
    undo = f"{' '.join(_FENCING_ON)} && {' '.join(_STARTING_ON)}"
    runner.run(
        [
            *("systemd-run", "--quiet", "--collect", f"--unit={UNIT}", f"--on-active={seconds:g}s"),
            *("--timer-property=AccuracySec=1s", "--property=Restart=on-failure"),
            *("--property=RestartSec=5s", "/bin/sh", "-c", undo),
        ],
        hint="a drill without fencing needs systemd's timers",
    )


def stop_all(runner: Runner) -> None:
    """Have Pacemaker stop every resource of the cluster, and start none."""
    runner.run(_attribute("--name", _STOP, "--update", "true"))


def fencing_off(runner: Runner) -> None:
    """Have nobody fenced; refused unless everything was told to stop.

    Whether it has stopped is for the caller to see, on every node.
    """
    said = runner.run(_attribute("--name", _STOP, "--query", "--quiet"), ok=None)
    if said.stdout.strip() != "true":
        raise KvmhaError(f"{_STOP} is not set", hint="fencing may be off while nothing runs")
    runner.run(_attribute("--name", _FENCING, "--update", "false"))


def resume(runner: Runner) -> None:
    """Switch fencing on, then let resources start; safe at any time, on any node."""
    runner.run(_FENCING_ON)
    runner.run(_STARTING_ON)


def disarm(runner: Runner) -> None:
    """Stop this node's timer."""
    runner.run(["systemctl", "stop", f"{UNIT}.timer"], ok=None)


def move(runner: Runner, vm: str, node: str) -> None:
    """Move ``vm`` to ``node``, live where it can; it may go elsewhere again after ten minutes."""
    runner.run(["crm_resource", "--resource", f"vm-{vm}", "--clear"], ok=None)
    until = f"--lifetime={_LIFETIME}"
    runner.run(["crm_resource", "--resource", f"vm-{vm}", "--move", "--node", node, until])


def unmove(runner: Runner, vms: list[str]) -> None:
    """Take away what moves of ``vms`` left."""
    for vm in vms:
        runner.run(["crm_resource", "--resource", f"vm-{vm}", "--clear"], ok=None)
