"""The master's side of looking at a cluster: status and explanations, from all its nodes.

Runs in a process of the master, never on a node.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from salt.client import get_local_client

from kvmha import plain
from kvmha.ask import ask_soon
from kvmha.errors import KvmhaError
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.tools import ledger as ledger_file
from kvmha.view import gather, reasons
from kvmha.view.status import status as status_of

__version__ = "0.1.0"
__virtualname__ = "kvmha_status"


def __virtual__():
    if __opts__.get("__role") != "master":
        return False, "kvmha_status is for the master"
    return loadable(__virtualname__, __version__)


@user_errors
def look(
    spec: dict[str, Any] | None = None, silent: float = gather.SILENT, **options: Any
) -> dict[str, Any]:
    """Return the cluster as its nodes see it now, as plain data of ``Snapshot``.

    ``options`` are those of ``kvmha_view.look``. A node without a sign of life is given up
    ``silent`` seconds after the others have answered.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_status.look with_pillar=True light=True
    """
    raw, cluster = _load(spec)
    return plain.plain(_look(cluster, raw, silent, options))


@user_errors
def status(
    spec: dict[str, Any] | None = None,
    silent: float = gather.SILENT,
    drift: bool | str = True,
) -> dict[str, Any]:
    """Return the status of the cluster, as plain data of ``Status``, and keep the fencing ledger.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_status.status with_pillar=True
    """
    raw, cluster = _load(spec)
    path = ledger_file.path_of(__opts__["cachedir"], cluster.cluster.name)
    troubles: list[str] = []
    try:
        known = ledger_file.read(path)
    except KvmhaError as error:
        known = {}
        troubles.append(str(error))
    found = status_of(cluster, _look(cluster, raw, silent, {"drift": drift}), known)
    if not troubles:
        troubles += _kept(path, {proof.node: proof for proof in found.ledger})
    told = plain.plain(found)
    return told | {"problems": [*told["problems"], *troubles]}


@user_errors
def explain(
    vm: str, spec: dict[str, Any] | None = None, silent: float = gather.SILENT
) -> dict[str, Any]:
    """Return why VM ``vm`` runs where it does, or does not run: ``text`` and its parts.

    The DC is asked; where partitions have one each, all of them, the quorate one first.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_status.explain web1 with_pillar=True
    """
    raw, cluster = _load(spec)
    answers = _explained(cluster, raw, vm, silent, always=False)
    if not any((answer or {}).get("headline") for answer in answers.values()):
        answers = _explained(cluster, raw, vm, silent, always=True)
    return reasons.joined(vm, answers)


def _explained(cluster: ClusterSpec, raw: Any, vm: str, silent: float, *, always: bool) -> Any:
    asked = {"spec": raw, "vm": vm, "always": always}
    return ask_soon(
        _publish, cluster, "kvmha_view.explain", asked, silent=float(silent), clock=time.monotonic
    )


def _look(cluster: ClusterSpec, raw: dict[str, Any], silent: float, options: Any) -> Any:
    now, silent = time.time(), float(silent)
    return gather.look(_publish, time.monotonic, cluster, raw, now, silent=silent, **options)


def _publish(
    minions: list[str], function: str, kwargs: dict[str, Any]
) -> Iterator[dict[str, dict[str, Any]] | None]:
    """Yield what ``minions`` say as it comes, None while nothing does; see ``ask_soon``."""
    with get_local_client(__opts__["conf_file"]) as client:
        job = client.run_job(minions, function, tgt_type="list", kwarg=kwargs, listen=True)
        missing = set(job.get("minions", ()))
        while missing:
            event = client.event.get_event(wait=0.25, tag=f"salt/job/{job['jid']}/ret/", full=True)
            if event is None or "return" not in event["data"]:
                yield None
                continue
            said = event["data"]
            missing.discard(said["id"])
            yield {said["id"]: {"ret": said["return"], "retcode": said.get("retcode", 0)}}


def _kept(path: Path, proofs: Any) -> list[str]:
    try:
        ledger_file.write(path, proofs)
    except KvmhaError as error:
        return [str(error)]
    return []


def _load(spec: dict[str, Any] | None) -> tuple[dict[str, Any], ClusterSpec]:
    raw = __pillar__.get("kvmha", {}) if spec is None else spec
    if not raw:
        raise KvmhaError(
            f"the master ({__opts__['id']}) has no pillar kvmha",
            hint="name it in the pillar's top file, as for the orchestration",
        )
    return raw, load(raw)
