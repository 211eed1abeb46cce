"""The master's side of following a cluster in a terminal.

Runs in a process of the master, never on a node.
"""

from __future__ import annotations

from typing import Any

from kvmha.drills.record import Record
from kvmha.drills.report import loaded
from kvmha.errors import KvmhaError
from kvmha.plain import of
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import load
from kvmha.tools import drill_records
from kvmha.view import changes, gather, watch
from kvmha.view.snapshot import Snapshot
from kvmha.wait import pause

__version__ = "0.1.0"
__virtualname__ = "kvmha_watch"


def __virtual__():
    if __opts__.get("__role") != "master":
        return False, "kvmha_watch is for the master"
    return loadable(__virtualname__, __version__)


@user_errors
def follow(
    spec: dict[str, Any] | None = None,
    interval: float = 5.0,
    count: int = 0,
    silent: float = gather.SILENT,
    light: bool = False,
) -> dict[str, Any]:
    """Look at the cluster every ``interval`` seconds and tell what changes; return ``looks``.

    Ends after ``count`` looks, or with Ctrl-C. A node is given up ``silent`` seconds after the
    others. ``light`` looks read no shared disk, and so see no heartbeat on a serial line. See
    ``kvmha.view.watch``.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_watch.follow with_pillar=True count=3
    """
    raw = __pillar__.get("kvmha", {}) if spec is None else spec
    cluster = load(raw)

    def look() -> Snapshot:
        return of(Snapshot, __salt__["kvmha_status.look"](raw, silent=silent, light=light))

    looks = watch.follow(
        look,
        title=cluster.cluster.name,
        vips=changes.addresses(cluster),
        drill=_newest_record,
        interval=float(interval),
        count=int(count),
        pause=pause,
    )
    return {"looks": looks}


def _newest_record() -> Record | None:
    """Return the record of the newest drill; None when there is none that can be read."""
    try:
        return loaded(drill_records.read(drill_records.folder_of(__opts__["cachedir"])))
    except KvmhaError:
        return None
