"""What is seen of the cluster from one node: its host's facts, the cluster's state, a drill.

Every function takes ``spec``, the document below the pillar key ``kvmha``; without it the
minion's own pillar is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kvmha import failover, gates, platforms
from kvmha.errors import KvmhaError
from kvmha.gates import pacemaker_view
from kvmha.plain import plain
from kvmha.plan import Plan
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.tools import code, corosync, host, marks, pacemaker, sbd
from kvmha.tools import explain as explain_tool
from kvmha.tools import look as look_tool
from kvmha.tools import readiness as fitness
from kvmha.tools.runner import Runner

__version__ = "0.1.0"
__virtualname__ = "kvmha_view"


def __virtual__():
    return loadable(__virtualname__, __version__)


@user_errors
def preflight(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the facts of this host on which a cluster depends. Changes nothing.

    Host name, clock, disks, addresses, memory, watchdog, sbd, KVM, platform, library's version,
    and ``busy``, the state runs at work; from the first node also why disks are ``refused``.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha_view.preflight
    """
    cluster = _load(spec)
    facts = {"version": __version__, "code": code.fingerprint(), "platform": _platform().name}
    facts["filesystems"] = list(_platform().filesystems)
    facts["busy"] = [job["jid"] for job in __salt__["saltutil.is_running"]("state.*")]
    facts["sbd_runs"] = sbd.runs(Runner())
    facts["refused"] = []
    if cluster.nodes[0].name == cluster.name_of_minion(__opts__["id"]):
        # Of a disk that comes with a login, nothing can be said yet.
        awaited = set(host.disks_awaited(cluster))
        stores = [each for each in cluster.storage.filesystems if each.device not in awaited]
        makers = [(f"{each.maker}.plan", (each.name,)) for each in stores]
        fencing = [] if awaited & set(cluster.fencing.disks) else [("sbd.device_plan", ())]
        asked = [*fencing, *makers]
        plans = [_seen(lambda f=f, a=a: __salt__[f](*a, spec=spec)) for f, a in asked]
        facts["refused"] = [plan["error"] for plan in plans if "error" in plan]
    return facts | host.facts(cluster)


@user_errors
def observe(
    spec: dict[str, Any] | None = None,
    aspects: list[str] | None = None,
    mark: str = "",
) -> dict[str, Any]:
    """Return what this node sees of the cluster, in one answer.

    ``aspects`` are names from ``kvmha.gates.ASPECTS``; None means all. An aspect that cannot
    be seen holds ``{"error": why}``. With ``mark``, a file that holds it is written to every
    mounted cluster filesystem first, for the other nodes to read.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha_view.observe aspects='[corosync, mounts]'
    """
    cluster = _load(spec)
    seen: dict[str, Any] = {}
    if mark:
        seen["marked"] = marks.write(cluster, cluster.name_of_minion(__opts__["id"]), mark)
    for aspect in gates.ASPECTS if aspects is None else aspects:
        seen[aspect] = _seen(lambda aspect=aspect: _look(aspect, spec, cluster))
    return seen


@user_errors
def look(
    spec: dict[str, Any] | None = None,
    light: bool = False,
    drift: bool | str = False,
    seconds: float = look_tool.SECONDS,
) -> dict[str, Any]:
    """Return what this node sees of the cluster and of itself, as plain data of ``NodeSeen``.

    Three programs at the same time; none, and no disk, is waited for longer than ``seconds``.
    What cannot be seen is named in ``errors``. ``light`` reads no shared disk, for looks in a
    row. The DC tells also what operators left behind. With ``drift`` each node tells where it
    differs from the pillar in what is cheap to compare (corosync.conf, /etc/hosts, sbd; on the
    DC the CIB), with ``drift=all`` also libvirt's settings and, on the DC, every VM's disks
    and XML. Safe at any time.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha_view.look
        salt '*' kvmha_view.look light=True
    """
    document = __pillar__.get("kvmha", {}) if spec is None else spec
    cluster = _load(document)
    name = cluster.name_of_minion(__opts__["id"])
    found = plain(look_tool.look(Runner(), cluster, name, light=light, seconds=seconds))
    if found["dc"] == name and not light:
        marks_seen = _seen(lambda: __salt__["pacemaker.marks"](document))
        if isinstance(marks_seen, dict):
            found["errors"]["marks"] = marks_seen["error"]
        else:
            found["marks"] = marks_seen
    for part, asked, more in _plans(cluster, drift, dc=found["dc"] == name):
        plan = _seen(lambda asked=asked, more=more: __salt__[asked](spec=document, **more))
        if "error" in plan:
            found["errors"][f"drift of {part}"] = plan["error"]
        elif changes := Plan.from_dict(plan).changes:
            found["drift"][part] = [change.text() for change in changes]
    return found


@user_errors
def explain(
    spec: dict[str, Any] | None = None, vm: str = "", always: bool = False
) -> dict[str, Any]:
    """Return why ``vm`` runs where it does, by the scheduler's scores; plain ``Explanation``.

    Only the DC answers, others say ``{"dc": name}``; with ``always`` every node. ``vm`` is a VM
    or a resource. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha_view.explain vm=web1 always=True
    """
    return explain_tool.explained(
        Runner(), vm, "" if always else _load(spec).name_of_minion(__opts__["id"])
    )


def _plans(
    cluster: ClusterSpec, drift: bool | str, *, dc: bool
) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (part, function, arguments) of the plans that tell of drift."""
    if not drift:
        return []
    found = [
        ("corosync", "corosync.plan", {}),
        ("hosts", "kvmha_node.names_plan", {}),
        ("sbd", "sbd.plan", {}),
    ]
    found += [("CIB", "pacemaker.plan", {})] if dc else []
    if drift == "all":
        found.append(("libvirt", "libvirt_domain.host_plan", {}))
        vms = cluster.vms if dc else ()
        found += [(f"VM {vm.name}", "libvirt_domain.plan", {"vm": vm.name}) for vm in vms]
    return found


@user_errors
def drill(spec: dict[str, Any] | None = None, vm: str = "", node: str = "") -> dict[str, Any]:
    """Fence ``node``, the host of ``vm``, from here; return the seconds until ``vm`` is back.

    Powers ``node`` off. Returns ``host``, where the VM came up, ``seconds``, ``detection``,
    ``fencing`` and ``start`` (see ``kvmha.proof``). Raises when the VM is not back within
    ``deadlines.failover``.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha_view.drill vm=web1 node=ha-host2
    """
    cluster = _load(spec)
    if node == cluster.name_of_minion(__opts__["id"]):
        raise KvmhaError(f"{node} cannot fence itself", hint="run this on another node")

    def hosts_now() -> list[str]:
        return pacemaker_view.started_on(pacemaker.status(Runner()), f"vm-{vm}")

    return failover.measure(
        fence=lambda: pacemaker.fence(Runner(), node),
        is_lost=lambda: node not in corosync.status(Runner())["members"],
        hosts_now=hosts_now,
        node=node,
        timeout=cluster.deadlines.failover / 1000,
    )


@user_errors
def proof_write(
    spec: dict[str, Any] | None = None, vm: str = "", proof: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Keep what a failover of ``vm`` showed, beside it on its filesystem.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha_view.proof_write vm=web1 proof='{...}'
    """
    marks.write_proof(_load(spec), vm, proof or {})
    return {"written": vm}


@user_errors
def readiness(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the settings on which a drill depends, as they are in force here. Changes nothing.

    ``kvmha.drills.readiness`` judges them: fencing, quorum, timeouts, constraints. Passwords are
    not among them.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha_view.readiness
    """
    cluster = _load(spec)
    first = cluster.nodes[0].name == cluster.name_of_minion(__opts__["id"])
    config = _platform().sbd_config
    return fitness.look(Runner(), cluster, first=first, sbd_config=config)


_ASKED = {
    "corosync": "corosync.status",
    "pacemaker": "pacemaker.status",
    "verify": "pacemaker.verify",
    "domains": "libvirt_domain.status",
}


def _look(aspect: str, raw: dict[str, Any] | None, cluster: ClusterSpec) -> Any:
    if aspect in _ASKED:
        return __salt__[_ASKED[aspect]]()
    if aspect == "sbd":
        return __salt__["sbd.status"](raw)
    if aspect == "fencing":
        # Many programs, one answer for the whole cluster: its first node asks.
        first = cluster.nodes[0].name == cluster.name_of_minion(__opts__["id"])
        names = [node.name for node in cluster.nodes]
        return pacemaker.fencing_answers(Runner(), names) if first else {"problems": []}
    if aspect == "heartbeats":
        return {vm.name: _seen(lambda vm=vm: _heartbeat(raw, vm.name)) for vm in cluster.vms}
    own = {
        "disks": lambda: host.disks(cluster),
        "mounts": host.mounts,
        "marks": lambda: marks.read(cluster),
        "files": lambda: {path: host.fingerprint(path) for path in _platform().shared_files},
        "proof": lambda: marks.read_proofs(cluster),
    }
    if aspect not in own:
        raise KvmhaError(f"there is no aspect {aspect!r}", hint=", ".join(gates.ASPECTS))
    return own[aspect]()


def _heartbeat(raw: dict[str, Any] | None, vm: str) -> int:
    return __salt__["libvirt_domain.heartbeat"](raw, vm)["value"]


def _seen(look: Callable[[], Any]) -> Any:
    try:
        return look()
    except Exception as error:
        # A gate tells what is missing in words; it must not end because a daemon is away.
        return {"error": str(error)}


def _load(spec: dict[str, Any] | None) -> ClusterSpec:
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)


def _platform() -> platforms.Platform:
    return platforms.for_grains(__grains__)
