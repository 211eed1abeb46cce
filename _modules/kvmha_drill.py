"""The master's side of drills: which there are, and running one against the nodes.

Runs in a process of the master, never on a node.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Collection
from datetime import datetime, timezone
from typing import Any

from salt.version import __version__ as salt_version

import kvmha
from kvmha import timeouts
from kvmha.ask import Answers, ask
from kvmha.drills import preflight, readiness, scenarios
from kvmha.drills.awaited import Setting
from kvmha.drills.engine import Run
from kvmha.drills.over_salt import OverSalt
from kvmha.drills.record import Record
from kvmha.errors import KvmhaError
from kvmha.plain import of, plain
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.spec.drills import Drill
from kvmha.tools import drill_records, signals
from kvmha.view import gather
from kvmha.view.snapshot import Snapshot
from kvmha.wait import pause

__version__ = "0.1.0"
__virtualname__ = "kvmha_drill"


def __virtual__():
    if __opts__.get("__role") != "master":
        return False, "kvmha_drill is for the master"
    return loadable(__virtualname__, __version__)


@user_errors
def scenarios_of(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return each scenario: what it ``proves``, and why this cluster ``lacks`` what it needs.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_drill.scenarios_of with_pillar=True
    """
    _, cluster = _load(spec)
    return {
        name: {
            "proves": drill.proves,
            "fencing": drill.fencing,
            "lacks": scenarios.lacking(cluster, drill),
        }
        for name, drill in scenarios.all_of(cluster).items()
    }


@user_errors
def run(  # noqa: PLR0917 - Salt fills arguments by their names
    name: str,
    confirm: str = "",
    fencing: str = "",
    test: bool = False,
    silent: float = gather.SILENT,
    spec: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Run the drill ``name``; return ``record`` (see ``kvmha.drills.record``), its ``path``.

    A node that says nothing for ``silent`` seconds is taken for away: more than the default on
    hosts that are slow to answer. With ``test``, and with anything that speaks against it,
    nothing is touched: ``plan`` and ``problems`` say why.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_drill.run partition3 test=True with_pillar=True
    """
    raw, cluster = _load(spec)
    drill = scenarios.all_of(cluster).get(name)
    if drill is None:
        known = ", ".join(scenarios.all_of(cluster))
        raise KvmhaError(f"there is no drill '{name}'", hint=f"drills are {known}")
    setting = Setting.of(cluster, drill)
    look = _look(raw, silent, drift=True)
    refused = preflight.refusals(
        setting,
        look,
        health=_health(cluster, raw),
        confirm=cluster.cluster.name if test else confirm,
        fencing="off" if fencing in ("off", False) else "",  # YAML takes a bare off for false
    )
    plan = [] if scenarios.lacking(cluster, drill) else _plan(setting, look)
    if refused or test:
        return {"plan": plan, "problems": refused}
    for line in plan:
        __salt__["kvmha_master.progress"](line)
    record = _run(setting, raw, silent)
    path = str(drill_records.folder_of(__opts__["cachedir"]) / f"{record.id}.json")
    return {"plan": plan, "problems": list(record.problems), "record": plain(record), "path": path}


def _run(setting: Setting, raw: dict[str, Any], silent: float) -> Record:
    cluster = setting.spec
    record = _begun(cluster, setting.drill)
    folder = drill_records.folder_of(__opts__["cachedir"])

    def call(function: str, kwargs: dict[str, Any], nodes: Collection[str]) -> Answers:
        # After so long Salt asks whether a node is at work; then it is waited for, or not.
        cmd = functools.partial(__salt__["saltutil.cmd"], gather_job_timeout=int(silent))
        return ask(cmd, cluster, function, kwargs, timeout=silent, nodes=nodes)

    effects = OverSalt(
        drill=record.id,
        names=[node.name for node in cluster.nodes],
        call=call,
        look=lambda: _look(raw, silent),  # not light: what guests say is watched
        clock=time.monotonic,
        pause=pause,
        say=__salt__["kvmha_master.progress"],
        keep=lambda kept: drill_records.write(folder, kept),
        document=raw,
    )
    with signals.once(effects.say):
        return Run(setting, effects, record).run()


def _begun(cluster: ClusterSpec, drill: Drill) -> Record:
    now = datetime.now(timezone.utc)
    derived = timeouts.derive(cluster)
    settings = {
        "token": f"{derived.token} ms",
        "consensus": f"{derived.consensus} ms",
        "watchdog": f"{derived.watchdog} ms",
        "msgwait": f"{derived.msgwait} ms",
        "stonith-timeout": f"{derived.stonith_timeout} ms",
        "fencing": drill.fencing,
        "no-quorum-policy": Setting.of(cluster, drill).rules.policy,
    }
    return Record(
        id=f"{drill.name}-{now:%Y%m%dT%H%M%SZ}",
        scenario=drill.name,
        proves=drill.proves,
        cluster=cluster.cluster.name,
        began=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        seconds=0.0,
        verdict="interrupted",
        healed=False,
        versions={"salt": salt_version, "kvmha": kvmha.__version__},
        settings=settings,
    )


def _plan(setting: Setting, look: Snapshot) -> list[str]:
    try:
        return preflight.text(setting, look)
    except KvmhaError as error:  # a step that names nobody: among the refusals, too
        return [str(error)]


def _health(cluster: ClusterSpec, raw: dict[str, Any]) -> list[str]:
    """Return what is not as a validated cluster has it, and what is in force that must not be."""
    timeout = cluster.deadlines.answer / 1000
    asked = {"spec": raw}
    cmd = __salt__["saltutil.cmd"]
    seen = ask(cmd, cluster, "kvmha_view.readiness", asked, timeout=timeout)
    return [*readiness.problems(cluster, seen), *__salt__["kvmha_master.validate"](raw)]


def _look(raw: dict[str, Any], silent: float, **options: Any) -> Snapshot:
    return of(Snapshot, __salt__["kvmha_status.look"](spec=raw, silent=silent, **options))


def _load(spec: dict[str, Any] | None) -> tuple[dict[str, Any], ClusterSpec]:
    raw = __pillar__.get("kvmha", {}) if spec is None else spec
    if not raw:
        raise KvmhaError(
            f"the master ({__opts__['id']}) has no pillar kvmha",
            hint="name it in the pillar's top file, as for the orchestration",
        )
    return raw, load(raw)
