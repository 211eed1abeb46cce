"""What a drill has Pacemaker do from this node: stop everything, fence nobody, move a VM.

Run by ``salt-run kvmha.drill``. All of it ends by itself: a timer of systemd on every node undoes
it, and the constraint of a move has an end.
"""

from __future__ import annotations

from typing import Any

from kvmha.salt_edge import loadable, user_errors
from kvmha.tools import drill_orders as orders
from kvmha.tools.runner import Runner

__version__ = "0.1.0"
__virtualname__ = "kvmha_orders"


def __virtual__():
    return loadable(__virtualname__, __version__)


@user_errors
def arm(seconds: float) -> dict[str, Any]:
    """Have this node switch fencing on and let resources start in ``seconds``, without Salt.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha_orders.arm seconds=900
    """
    orders.arm(Runner(), float(seconds))
    return {"seconds": float(seconds)}


@user_errors
def stop_all() -> dict[str, Any]:
    """Have Pacemaker stop every resource of the cluster. Interrupts all VMs.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha_orders.stop_all
    """
    orders.stop_all(Runner())
    return {"stopped": True}


@user_errors
def fencing_off() -> dict[str, Any]:
    """Have nobody fenced; refused unless every resource was told to stop.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha_orders.fencing_off
    """
    orders.fencing_off(Runner())
    return {"fencing": False}


@user_errors
def resume() -> dict[str, Any]:
    """Switch fencing on, then let resources start. Safe at any time.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha_orders.resume
    """
    orders.resume(Runner())
    return {"fencing": True}


@user_errors
def disarm() -> dict[str, Any]:
    """Stop this node's timer, when the cluster has fencing again.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha_orders.disarm
    """
    orders.disarm(Runner())
    return {"armed": False}


@user_errors
def move(vm: str, node: str) -> dict[str, Any]:
    """Move ``vm`` to ``node``; the constraint ends after ten minutes.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha_orders.move web1 ha-host2
    """
    orders.move(Runner(), vm, node)
    return {"vm": vm, "node": node}


@user_errors
def unmove(vms: list[str]) -> dict[str, Any]:
    """Take away the constraints of moves of ``vms``.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha_orders.unmove '[web1]'
    """
    orders.unmove(Runner(), vms)
    return {"vms": vms}
