"""SBD: fencing by poison pill over shared disks and by watchdog, on this node and on the disks.

Every function takes ``spec``, the document below the pillar key ``kvmha``; without it the
minion's own pillar is used.
"""

from __future__ import annotations

from typing import Any

from kvmha import platforms
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import load
from kvmha.tools import sbd as tool
from kvmha.tools.runner import Runner

__version__ = "0.1.0"


def __virtual__():
    return loadable("sbd", __version__)


@user_errors
def plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what makes this node ready for sbd. Changes nothing.

    That is: sbd's settings, a systemd drop-in with the time sbd needs to start, the driver
    of the watchdog (now and at boot), and the service enabled; where the pillar has no SBD, all
    but the settings is taken back. Notes tell how the timeouts come about. Settings of a
    running sbd are *cluster_stop*, since sbd reads them when the cluster of this node starts.
    An error when there is no watchdog and no driver named for one.

    CLI Example:

    .. code-block:: bash

        salt '*' sbd.plan
    """
    return tool.plan_node(Runner(), _load(spec), _config()).to_dict()


@user_errors
def apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Do what ``plan`` says; return what was done. Starts and stops nothing.

    ``expect`` is the digest of the plan that was agreed to; another plan is an error.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 sbd.apply
    """
    return tool.apply_node(Runner(), _load(spec), _config(), expect).to_dict()


@user_errors
def device_plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return which of SBD's disks need a header. Changes nothing.

    A header with the right timeouts stays as it is. A disk with anything else on it is an
    error that says what it carries, unless the pillar's ``consent:overwrite`` names it; then
    the change is *data_loss*.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 sbd.device_plan
    """
    return tool.plan_devices(Runner(), _load(spec)).to_dict()


@user_errors
def device_apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Make the headers that ``device_plan`` says are needed; return what was done.

    To be run on one node for the whole cluster. ``expect`` is the digest of the plan that was
    agreed to; another plan is an error.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 sbd.device_apply
    """
    return tool.apply_devices(Runner(), _load(spec), expect).to_dict()


@user_errors
def status(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the nodes' slots on every disk, the service and the watchdog of this node.

    A node that is well has the message ``clear`` in its slot on every disk. ``mode`` is
    ``disk``, ``diskless`` or ``off``. A disk that cannot be read has an ``error``; ``level``
    tells what that means: ``ok``, ``degraded`` (nodes can be fenced over the others) or
    ``lost`` (they cannot).

    CLI Example:

    .. code-block:: bash

        salt ha-host1 sbd.status
    """
    return tool.status(Runner(), _load(spec))


@user_errors
def test(node: str, spec: dict[str, Any] | None = None) -> dict[str, str]:
    """Send ``node`` the message ``test`` over each SBD disk; return its slots thereafter.

    Harmless: sbd on that node logs the message and goes on. It proves that this node writes
    and that one reads: the way that a poison pill takes. Takes msgwait. A disk over which the
    message was not read is an error that names it.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 sbd.test ha-host2
    """
    return tool.test(Runner(), _load(spec), node)


def _config() -> str:
    return platforms.for_grains(__grains__).sbd_config


def _load(spec):
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)
