"""multipath: several paths to one disk, seen as one.

Functions with ``spec`` take the document below the pillar key ``kvmha``; without it the
minion's own pillar is used.
"""

from __future__ import annotations

from typing import Any

from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.tools import multipath as tool
from kvmha.tools.runner import Runner

__version__ = "0.1.0"


def __virtual__():
    return loadable("multipath", __version__)


@user_errors
def plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what makes multipath run here as the pillar says. Changes nothing.

    What stands in multipath.conf beside that is kept. A change is a *reload*: maps in use stay.

    CLI Example:

    .. code-block:: bash

        salt '*' multipath.plan
    """
    return tool.plan(Runner(), _load(spec)).to_dict()


@user_errors
def apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Do what ``plan`` says: multipath.conf, multipathd now and at boot; return what was done.

    A file that multipath does not accept is taken back, and an error. ``expect`` is the digest
    of the plan that was agreed to; another plan is an error.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 multipath.apply
    """
    cluster, runner = _load(spec), Runner()
    todo = tool.plan(runner, cluster)
    todo.refuse_stale(expect)
    if todo:
        tool.apply(runner, cluster, todo)
    return todo.to_dict()


@user_errors
def alias_absent_plan(alias: str) -> dict[str, Any]:
    """Return what takes the name ``alias`` from its disk. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' multipath.alias_absent_plan oldstore
    """
    return tool.plan_absent(alias).to_dict()


@user_errors
def alias_absent_apply(alias: str, expect: str | None = None) -> dict[str, Any]:
    """Take the name ``alias`` from its disk; the disk stays, under its WWID.

    CLI Example:

    .. code-block:: bash

        salt '*' multipath.alias_absent_apply oldstore
    """
    todo = tool.plan_absent(alias)
    todo.refuse_stale(expect)
    if todo:
        tool.apply_absent(Runner(), alias)
    return todo.to_dict()


@user_errors
def status() -> dict[str, Any]:
    """Return every map with its ``wwid`` and the number of its paths that are ``active``.

    CLI Example:

    .. code-block:: bash

        salt '*' multipath.status
    """
    return {"maps": tool.maps(Runner())}


def _load(spec: dict[str, Any] | None) -> ClusterSpec:
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)
