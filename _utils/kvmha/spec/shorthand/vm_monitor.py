"""What is asked of guests, in Pacemaker's words: the agent's ``monitor_scripts``."""

from __future__ import annotations

from kvmha.spec.model import ClusterSpec
from kvmha.spec.vms import Vm


def params(spec: ClusterSpec, vm: Vm) -> dict[str, str]:
    """Return the parameters that have VirtualDomain ask the guest of ``vm``.

    The agent takes paths of programs, without arguments: one is written for each VM. A start
    and the end of a migration wait until it succeeds (resource-agents, heartbeat/VirtualDomain).
    """
    return {"monitor_scripts": path(spec, vm)}


def path(spec: ClusterSpec, vm: Vm) -> str:
    """Return the path of the program that asks the guest of ``vm``, on the shared filesystem."""
    return f"{spec.folder_of(vm)}/monitor"
