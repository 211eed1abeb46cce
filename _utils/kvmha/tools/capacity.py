"""Whether everything still runs when a host is lost: Pacemaker's own scheduler is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kvmha.documents import cib, crm_simulate
from kvmha.tools.runner import Runner


def losses(runner: Runner, text: str) -> dict[str, list[str]]:
    """Return, for each node of the CIB in ``text`` that is up, the VMs that would not run without.

    What does not run anyway does not count. It heeds all the scheduler does: utilization,
    constraints, priorities, nodes that are in standby. One program, and one for each node that
    is up; raises CommandFailed when the scheduler takes no such CIB.
    """
    nodes = [state.get("uname", "") for state in cib.parse(text).iterfind("status/node_state")
             if state.get("crmd") == "online"]  # fmt: skip
    if not nodes:
        return {}
    whole = _running(runner, text)
    return {
        node: sorted(whole - _running(runner, text, f"--node-down={node}"))
        for node in sorted(nodes)
    }


def notes(found: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what ``losses`` found as a line for each node, one line where all is well."""
    told = [
        f"without {node} there is no place for {', '.join(lost)}"
        " (hint: more capacity, or fewer strict wishes)"
        for node, lost in found.items()
        if lost
    ]
    return told or (["every VM still has a place when any one node is lost"] if found else [])


def _running(runner: Runner, text: str, *lost: str) -> frozenset[str]:
    argv = ["crm_simulate", "--simulate", "--xml-pipe", "--output-as=xml", *lost]
    return crm_simulate.machines(runner.run(argv, stdin=text).stdout)
