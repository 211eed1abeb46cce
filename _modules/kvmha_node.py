"""One node of the cluster: its platform, packages, names and services.

Every function takes ``spec``, the document below the pillar key ``kvmha``; without it the
minion's own pillar is used.
"""

from __future__ import annotations

from typing import Any

from kvmha import platforms, sls
from kvmha.errors import KvmhaError
from kvmha.plan import Plan
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.tools import host, packages, services
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
    once for the cluster. ``awaited`` are disks that a preview cannot look at, since no login
    comes before. The rest is what ``kvmha.sls`` says, all of it empty when ``spec`` has
    mistakes: the states that get it name them.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha.layout
    """
    try:
        cluster = _load(spec)
    except KvmhaError:
        return {"first": False, "awaited": []} | sls.layout(None)
    own = {
        "first": cluster.nodes[0].minion_id == __opts__["id"],
        "awaited": host.disks_awaited(cluster) if __opts__.get("test") else [],
    }
    return own | sls.layout(cluster)


@user_errors
def disks_missing(spec: dict[str, Any] | None = None) -> list[str]:
    """Return the pillar's disks that cannot be used on this node, each with why.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha.disks_missing
    """
    return host.disks_missing(_load(spec))


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
    return services.plan(Runner(), _units(_load(spec))).to_dict()


@user_errors
def services_apply(spec: dict[str, Any] | None = None, expect: str | None = None) -> dict[str, Any]:
    """Enable sbd, corosync, Pacemaker and libvirt, and start what of them may be started.

    sbd only where the pillar has it, and corosync-qdevice where it has a qdevice. Starts the
    cluster on this node; stops nothing of it. ``dlm``, ``libvirt-guests`` and, with volume
    groups, lvmlockd are taken out of systemd's hands, since Pacemaker does their work.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha.services_apply
    """
    runner = Runner()
    plan = services.plan(runner, _units(_load(spec)))
    plan.refuse_stale(expect)
    services.apply(runner, plan)
    return plan.to_dict()


def _load(spec: dict[str, Any] | None) -> ClusterSpec:
    return load(__pillar__.get("kvmha", {}) if spec is None else spec)


def _platform() -> platforms.Platform:
    return platforms.for_grains(__grains__)


def _packages(cluster: ClusterSpec) -> Plan:
    chrony = [_platform().time_package] if cluster.time.servers else []
    wanted = [*platforms.packages_for(_platform(), cluster), *chrony]
    return packages.plan(wanted, __salt__["pkg.list_pkgs"]())


def _servers(cluster: ClusterSpec) -> list[str]:
    return [f"server {server} iburst" for server in cluster.time.servers]


def _time(cluster: ClusterSpec, runner: Runner) -> Plan:
    name = _platform()
    block = host.plan_block(name.time_config, _servers(cluster), name="chrony:servers")
    if not cluster.time.servers:
        return block
    units = [Unit(name.time_service, running=True)]
    return Plan.joined([block, services.plan(runner, units)])


def _units(cluster: ClusterSpec) -> list[Unit]:
    lvm_units = ("lvmlockd", "lvmlocks") if cluster.storage.volume_groups else ()
    qdevice = [Unit("corosync-qdevice", running=True)]
    return [
        # sbd refuses to be started by hand: corosync brings it up (sbd.service, RequiredBy).
        *([Unit("sbd")] if cluster.fencing.sbd else []),
        Unit("corosync"),
        *(qdevice if cluster.corosync.quorum.device.model else []),
        Unit("pacemaker", running=True),
        *(Unit(name, running=True) for name in platforms.libvirt_sockets(_platform(), cluster)),
        Unit("dlm", enabled=False),
        *(Unit(name, enabled=False) for name in lvm_units),
        Unit("libvirt-guests", masked=True),
    ]
