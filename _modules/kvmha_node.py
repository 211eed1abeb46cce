"""One node of the cluster: its platform, packages, names, services, and what is seen from it.

Every function takes ``spec``, the document below the pillar key ``kvmha``; without it the
minion's own pillar is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kvmha import failover, gates, platforms
from kvmha.errors import KvmhaError
from kvmha.gates import pacemaker_view
from kvmha.plan import Plan
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.tools import code, corosync, host, marks, pacemaker, packages, services
from kvmha.tools.runner import Runner
from kvmha.tools.services import Unit

__version__ = "0.1.0"
__virtualname__ = "kvmha"


def __virtual__():
    return loadable(__virtualname__, __version__)


@user_errors
def platform() -> str:
    """Return the name of this minion's platform, an error if it is none that is supported.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha.platform
    """
    return _platform().name


@user_errors
def layout(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what an SLS must know to be written for this node.

    ``first`` tells whether this is the first node of the list: the one that does what is done
    once for the cluster. ``filesystems`` and ``vms`` are names. All are empty when ``spec``
    has mistakes: the states that get it name them.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha.layout
    """
    try:
        cluster = _load(spec)
    except KvmhaError:
        return {"first": False, "filesystems": [], "vms": []}
    return {
        "first": cluster.nodes[0].minion_id == __opts__["id"],
        "filesystems": [filesystem.name for filesystem in cluster.storage.filesystems],
        "vms": [vm.name for vm in cluster.vms],
    }


@user_errors
def packages_plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return which packages of this platform's list are missing. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha.packages_plan
    """
    return _packages(_load(spec)).to_dict()


@user_errors
def packages_apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Install what is missing; on Debian no service starts by that.

    ``expect`` is the digest of the plan that was shown. What a killed run left half installed
    is finished first. Takes minutes on a slow disk.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha.packages_apply
    """
    plan = _packages(_load(spec))
    plan.refuse_stale(expect)
    packages.remove_leftover()
    missing = packages.missing(plan)
    if missing and _platform().family == "Debian":
        packages.mend_dpkg(Runner())
        with packages.nothing_starts():
            __salt__["pkg.install"](pkgs=missing, install_recommends=False, refresh=True)
    elif missing:
        __salt__["pkg.install"](pkgs=missing, refresh=True)
    if missing:
        packages.refuse_if_missing(set(missing), set(__salt__["pkg.list_pkgs"]()))
    return plan.to_dict()


@user_errors
def names_plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what makes ``/etc/hosts`` know all nodes. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha.names_plan
    """
    return host.plan_names(_load(spec)).to_dict()


@user_errors
def names_apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Write the nodes' names and addresses of link 0 into our block of ``/etc/hosts``.

    Safe at any time; the rest of the file is kept.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha.names_apply
    """
    cluster = _load(spec)
    plan = host.plan_names(cluster)
    plan.refuse_stale(expect)
    if plan:
        host.apply_names(cluster)
    return plan.to_dict()


@user_errors
def time_plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what makes chrony follow ``time.servers``. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha.time_plan
    """
    return _time(_load(spec), Runner()).to_dict()


@user_errors
def time_apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Name ``time.servers`` to chrony and have it run. Restarts chrony if they changed.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha.time_apply
    """
    cluster, runner, platform_ = _load(spec), Runner(), _platform()
    plan = _time(cluster, runner)
    plan.refuse_stale(expect)
    if any(change.address == "chrony:servers" for change in plan.changes):
        host.write_block(platform_.time_config, _servers(cluster))
        runner.run(["systemctl", "try-restart", platform_.time_service])
    services.apply(runner, plan)
    return plan.to_dict()


@user_errors
def services_plan(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return which services must be enabled, started or kept from starting. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha.services_plan
    """
    _load(spec)
    return services.plan(Runner(), _units()).to_dict()


@user_errors
def services_apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Enable sbd, corosync, Pacemaker and libvirt, and start what of them may be started.

    Starts the cluster on this node; stops nothing of it. ``dlm`` and ``libvirt-guests`` are
    taken out of systemd's hands, since Pacemaker does their work.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha.services_apply
    """
    _load(spec)
    runner = Runner()
    plan = services.plan(runner, _units())
    plan.refuse_stale(expect)
    services.apply(runner, plan)
    return plan.to_dict()


@user_errors
def preflight(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the facts of this host on which a cluster depends. Changes nothing.

    Host name, clock, disks, addresses, memory, watchdog, KVM, platform, the library's version,
    and ``busy``, the state runs at work; from the first node also why disks are ``refused``.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha.preflight
    """
    cluster = _load(spec)
    facts = {"version": __version__, "code": code.fingerprint(), "platform": _platform().name}
    facts["filesystems"] = list(_platform().filesystems)
    facts["busy"] = [job["jid"] for job in __salt__["saltutil.is_running"]("state.*")]
    facts["refused"] = []
    if cluster.nodes[0].name == _node_name(cluster):
        names = [filesystem.name for filesystem in cluster.storage.filesystems]
        asked = [("sbd.device_plan", ()), *(("ocfs2.plan", (name,)) for name in names)]
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

        salt '*' kvmha.observe aspects='[corosync, mounts]'
    """
    cluster = _load(spec)
    seen: dict[str, Any] = {}
    if mark:
        seen["marked"] = marks.write(cluster, _node_name(cluster), mark)
    for aspect in gates.ASPECTS if aspects is None else aspects:
        seen[aspect] = _seen(lambda aspect=aspect: _look(aspect, spec, cluster))
    return seen


@user_errors
def drill(spec: dict[str, Any] | None = None, vm: str = "", node: str = "") -> dict[str, Any]:
    """Fence ``node``, the host of ``vm``, from here; return the seconds until ``vm`` is back.

    Powers ``node`` off. Returns ``host``, where the VM came up, ``seconds``, ``detection``,
    ``fencing`` and ``start`` (see ``kvmha.proof``). Raises when the VM is not back within
    ``deadlines.failover``.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha.drill vm=web1 node=ha-host2
    """
    cluster = _load(spec)
    if node == _node_name(cluster):
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

        salt ha-host1 kvmha.proof_write vm=web1 proof='{...}'
    """
    marks.write_proof(_load(spec), vm, proof or {})
    return {"written": vm}


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
        first = cluster.nodes[0].name == _node_name(cluster)
        names = [node.name for node in cluster.nodes]
        return pacemaker.fencing_answers(Runner(), names) if first else {"problems": []}
    if aspect == "heartbeats":
        return {vm.name: _seen(lambda vm=vm: _heartbeat(raw, vm.name)) for vm in cluster.vms}
    own = {
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


def _node_name(cluster: ClusterSpec) -> str:
    names = [node.name for node in cluster.nodes if node.minion_id == __opts__["id"]]
    if not names:
        raise KvmhaError(
            f"minion {__opts__['id']} is none of the cluster's nodes",
            hint="name it under nodes, or say nodes[].minion",
        )
    return names[0]


def _packages(cluster: ClusterSpec) -> Plan:
    chrony = [_platform().time_package] if cluster.time.servers else []
    return packages.plan([*_platform().packages, *chrony], __salt__["pkg.list_pkgs"]())


def _servers(cluster: ClusterSpec) -> list[str]:
    return [f"server {server} iburst" for server in cluster.time.servers]


def _time(cluster: ClusterSpec, runner: Runner) -> Plan:
    name = _platform()
    block = host.plan_block(name.time_config, _servers(cluster), name="chrony:servers")
    if not cluster.time.servers:
        return block
    units = [Unit(name.time_service, running=True)]
    return Plan.joined([block, services.plan(runner, units)])


def _units() -> list[Unit]:
    return [
        # sbd refuses to be started by hand: corosync brings it up (sbd.service, RequiredBy).
        Unit("sbd"),
        Unit("corosync"),
        Unit("pacemaker", running=True),
        # The daemon itself ends when idle and comes back when asked: its socket is what stays.
        Unit(f"{_platform().libvirt_service}.socket", running=True),
        Unit("dlm", enabled=False),
        Unit("libvirt-guests", masked=True),
    ]
