"""What the cluster would do with a CIB: Pacemaker's own scheduler is asked, by crm_simulate(8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kvmha.documents import cib, crm_simulate
from kvmha.errors import CommandFailed
from kvmha.tools.runner import Runner

_INVALID = 78  # the CIB has faults
# Actions are left over that wait for what never comes: so it ends where an order is satisfied by
# any one of a set (`require-all: false`) and none of it can run. What it says is whole all the
# same, and the cluster does what can be done.
_LEFT_OVER = 1


def simulated(runner: Runner, text: str, *injected: str) -> str | None:
    """Return what would happen to a CIB, as XML; None for one with faults.

    ``injected`` are options that say what befalls the cluster first, such as ``--node-down=NAME``.
    """
    argv = ["crm_simulate", "--simulate", "--xml-pipe", "--output-as=xml", *injected]
    ran = runner.run(argv, ok=(0, _LEFT_OVER, _INVALID), stdin=text)
    if ran.returncode == _LEFT_OVER and "<actions" not in ran.stdout:
        raise CommandFailed(argv, ran.returncode, ran.output)
    return None if ran.returncode == _INVALID else ran.stdout


def losses(runner: Runner, text: str) -> dict[str, list[str]]:
    """Return, for each node of the CIB in ``text`` that is up, the VMs that would not run without.

    What does not run anyway does not count. It heeds all the scheduler does: utilization,
    constraints, priorities, nodes that are in standby. One program, and one for each node that
    is up. Empty for a CIB with faults.
    """
    states = cib.parse(text).iterfind("status/node_state")
    nodes = sorted(one.get("uname", "") for one in states if one.get("crmd") == "online")
    whole = simulated(runner, text) if nodes else None
    if whole is None:
        return {}
    running = crm_simulate.machines(whole)
    found = {}
    for node in nodes:
        without = simulated(runner, text, f"--node-down={node}")
        found[node] = sorted(running - crm_simulate.machines(without or "<none/>"))
    return found


def notes(found: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what ``losses`` found as a line for each node, one line where all is well."""
    told = [
        f"without {node} there is no place for {', '.join(lost)}"
        " (hint: more capacity, or fewer strict wishes)"
        for node, lost in found.items()
        if lost
    ]
    return told or (["every VM still has a place when any one node is lost"] if found else [])
