"""Faults of a drill on this node, and the timer that heals them whatever happens.

``spec`` is the document below the pillar key ``kvmha``; without it the minion's own pillar is
used. See docs/how-to/faults.md.
"""

from __future__ import annotations

from typing import Any

from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.tools.faults import inject as faults
from kvmha.tools.runner import Runner

__version__ = "0.1.0"
__virtualname__ = "kvmha_fault"


def __virtual__():
    return loadable(__virtualname__, __version__)


@user_errors
def arm(drill: str, seconds: float) -> dict[str, Any]:
    """Have this node heal itself of ``drill`` in ``seconds`` (10 to 86400), without Salt.

    Arming again sets the time anew. Refused while another drill is under way on this node.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha_fault.arm drill=friday seconds=600
    """
    return faults.arm(Runner(), str(drill), float(seconds))


@user_errors
def inject(
    drill: str,
    fault: str,
    test: bool | None = None,
    spec: dict[str, Any] | None = None,
    **arguments: Any,
) -> dict[str, Any]:
    """Make ``fault`` on this node, for real. Interrupts what runs here; refused without a timer.

    ``test=True`` says what it would do. Faults and their arguments: ``cut`` (peers, links),
    ``isolate``, ``link_down`` (links), ``sbd_disk_loss`` (devices), ``san_loss``, ``kill``
    (daemon), ``freeze`` (seconds), ``power_off``, ``crash`` (how), ``fill`` (filesystem,
    headroom), ``clock_jump`` (seconds), ``restart`` (unit), ``kill_guest`` (vm).

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha_fault.inject friday cut peers=ha-host3
        salt ha-host1 kvmha_fault.inject friday crash how=panic test=True
    """
    cluster = _load(spec)
    given = {key: value for key, value in arguments.items() if not key.startswith("__")}
    look = __opts__.get("test", False) if test is None else test
    node = cluster.name_of_minion(__opts__["id"])
    wanted = {"drill": str(drill), "fault": fault, "arguments": given}
    return faults.inject(Runner(), cluster, node, test=bool(look), **wanted)


@user_errors
def heal(drill: str = "") -> dict[str, Any]:
    """Heal this node of the faults of ``drill``, or of any, and stop the timer.

    Safe at any time, as often as you like.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha_fault.heal
    """
    return faults.heal(Runner(), str(drill))


@user_errors
def status() -> dict[str, Any]:
    """Return which faults are in force on this node, and when the timer heals them.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha_fault.status
    """
    return faults.status(Runner())


def _load(spec: dict[str, Any] | None) -> ClusterSpec:
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)
