"""Names of packages, services and files on each distribution: the only home of such differences.

A platform is chosen from Salt's grains. Sources: the distributions' package lists, and the
product notes of SUSE Linux Enterprise High Availability 15 and 16.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kvmha.errors import KvmhaError
from kvmha.spec.model import ClusterSpec


@dataclass(frozen=True)
class Platform:
    """What one distribution calls the things we need.

    ``fencing_agent`` is the type of the ``stonith`` primitive of SBD. ``time_config`` is the
    file that names chrony's servers: one of ours where chrony reads a folder, otherwise
    chrony's own, in which we keep one marked block. ``filesystems`` are the kinds that the
    distribution ships. ``optional`` are the packages that only a choice of the pillar needs,
    by the names of ``features``. ``iscsi_service`` logs in to the iSCSI targets at boot.
    ``cluster_exporter`` is the service of ha_cluster_exporter, empty where there is no package;
    ``textfiles`` is the folder of node_exporter's textfiles.
    """

    name: str
    family: str
    packages: tuple[str, ...]
    sbd_config: str
    pacemaker_config: str
    fencing_agent: str
    libvirt_service: str
    time_package: str = "chrony"
    time_service: str = "chronyd"
    time_config: str = "/etc/chrony.d/kvmha.conf"
    filesystems: tuple[str, ...] = ("ocfs2", "gfs2", "xfs", "ext4")
    optional: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    iscsi_service: str = "iscsi"
    split_agents: bool = False  # each fence agent is a package of its own
    cluster_exporter: str = ""
    textfiles: str = "/var/lib/prometheus/node-exporter"

    @property
    def shared_files(self) -> tuple[str, ...]:
        """The files that must be the same on every node."""
        return ("/etc/corosync/corosync.conf", "/etc/corosync/authkey", self.sbd_config)


_CHOICES = {
    "dnsmasq": (),  # libvirt's package asks for it
    "ext4": ("e2fsprogs",),
    "fence-agents": ("fence-agents",),
    "gfs2": ("gfs2-utils",),
    "ipmi": ("ipmitool",),
    "iscsi": ("open-iscsi",),
    "media": ("xorriso",),
    "multipath": ("multipath-tools",),
    "qdevice": ("corosync-qdevice",),
    "xfs": ("xfsprogs",),
}
_SPEAK_IPMI = ("ilo3", "ilo4", "ilo5", "imm", "idrac", "ipmilanplus")
# Split off from libvirt-daemon with libvirt 9.2 (its spec file; Debian's control since 11).
_SPLIT_LOCKD = {"virtlockd": ("libvirt-daemon-plugin-lockd",)}
# The spec file of ClusterLabs' ha_cluster_exporter; its unit is called like the package.
_EXPORTER = "prometheus-ha_cluster_exporter"
_SUSE_VIRTUALISATION = ("libvirt-daemon-qemu", "libvirt-client", "qemu-x86", "qemu-tools")

SLES_15 = Platform(
    name="SLES 15",
    family="Suse",
    packages=("patterns-ha-ha_sles", "ocfs2-tools", "lvm2-lockd", *_SUSE_VIRTUALISATION),
    sbd_config="/etc/sysconfig/sbd",
    pacemaker_config="/etc/sysconfig/pacemaker",
    fencing_agent="external/sbd",
    libvirt_service="libvirtd",
    optional={
        **_CHOICES,
        "exporter": (_EXPORTER,),
        "o2cb": ("ocfs2-tools-o2cb",),
    },
    cluster_exporter=_EXPORTER,
)
LEAP_15 = replace(
    SLES_15,
    name="openSUSE Leap 15",
    packages=(
        "corosync",
        "pacemaker",
        "pacemaker-cli",
        "resource-agents",
        "sbd",
        "cluster-glue",
        "libdlm",
        "ocfs2-tools",
        "lvm2-lockd",
        *_SUSE_VIRTUALISATION,
    ),
)
SLES_16 = replace(
    SLES_15,
    name="SLES 16",
    packages=(
        "patterns-ha-ha_sles",
        "fence-agents-sbd",
        "lvm2-lockd",
        *_SUSE_VIRTUALISATION,
    ),
    fencing_agent="fence_sbd",
    libvirt_service="virtqemud",
    filesystems=("gfs2", "xfs", "ext4"),
    optional={**_CHOICES, **_SPLIT_LOCKD, "exporter": (_EXPORTER,), "fence-agents": ()},
    split_agents=True,
)
DEBIAN = Platform(
    name="Debian",
    family="Debian",
    packages=(
        "corosync",
        "pacemaker",
        "pacemaker-cli-utils",
        "resource-agents",
        "sbd",
        "cluster-glue",
        "dlm-controld",
        "ocfs2-tools",
        "lvm2",
        "libvirt-daemon-system",
        "libvirt-clients",
        "qemu-system-x86",
        "qemu-utils",
    ),
    sbd_config="/etc/default/sbd",
    pacemaker_config="/etc/default/pacemaker",
    fencing_agent="external/sbd",
    libvirt_service="libvirtd",
    time_service="chrony",
    time_config="/etc/chrony/sources.d/kvmha.sources",
    optional={
        "lvm": ("lvm2-lockd",),
        **_CHOICES,
        "dnsmasq": ("dnsmasq-base",),
    },
    iscsi_service="open-iscsi",
)
RHEL_9 = Platform(
    name="RHEL 9",
    family="RedHat",
    packages=(
        "corosync",
        "pacemaker",
        "pacemaker-cli",
        "resource-agents",
        "sbd",
        "fence-agents-sbd",
        "dlm",
        "lvm2-lockd",
        "libvirt-daemon-kvm",
        "libvirt-client",
        "qemu-kvm",
        "qemu-img",
    ),
    sbd_config="/etc/sysconfig/sbd",
    pacemaker_config="/etc/sysconfig/pacemaker",
    fencing_agent="fence_sbd",
    libvirt_service="virtqemud",
    time_config="/etc/chrony.conf",
    filesystems=("gfs2", "xfs", "ext4"),
    optional={
        **_CHOICES,
        **_SPLIT_LOCKD,
        "fence-agents": ("fence-agents-all",),
        "iscsi": ("iscsi-initiator-utils",),
        "multipath": ("device-mapper-multipath",),
    },
)

SUPPORTED = "SLES 15 and 16, openSUSE Leap 15, Debian 12 or newer, Ubuntu 22.04 or newer, RHEL 9"


def for_grains(grains: Mapping[str, Any]) -> Platform:
    """Return the platform of a minion with these ``grains``.

    Reads ``os_family``, ``os``, ``osmajorrelease`` and ``osrelease``. Raises KvmhaError for
    anything else, naming what is supported.
    """
    family = str(grains.get("os_family", ""))
    major = _number(grains.get("osmajorrelease", ""))
    suse = str(grains.get("os", "")).upper().startswith(("SLES", "SLE", "SUSE"))
    found: Platform | None = None
    if family == "Debian" and major >= (22 if grains.get("os") == "Ubuntu" else 12):
        split = major >= (25 if grains.get("os") == "Ubuntu" else 13)
        found = _with_split_lockd(DEBIAN) if split else DEBIAN
    elif family == "Suse" and major == 15:
        found = _modular(SLES_15 if suse else LEAP_15, grains)
    elif family == "Suse" and major == 16:
        found = SLES_16
    elif family == "RedHat" and major == 9:
        found = RHEL_9
    if found is None:
        what = " ".join(str(grains.get(key, "?")) for key in ("os", "osrelease"))
        raise KvmhaError(f"{what} ({family or '?'}) is no supported platform", hint=SUPPORTED)
    return found


def features(spec: ClusterSpec) -> tuple[str, ...]:
    """Return the choices of ``spec`` that need packages of their own."""
    agents = [device.agent for device in spec.fencing.devices]
    used = {each.type for each in spec.storage.filesystems}
    chosen = {
        "dnsmasq": any(one.address and one.present for one in spec.libvirt.networks),
        "fence-agents": any(agent.startswith("fence_") for agent in agents),
        "ipmi": any("ipmi" in agent for agent in agents),
        "ext4": "ext4" in used,
        "exporter": spec.monitoring.exporter,
        "gfs2": "gfs2" in used,
        "iscsi": bool(spec.storage.iscsi.targets),
        "lvm": bool(spec.storage.volume_groups),
        "media": any(vm.seed.user_data or vm.install.answers for vm in spec.vms),
        "multipath": spec.storage.multipath.used,
        "o2cb": spec.storage.ocfs2_stack == "o2cb",
        "qdevice": bool(spec.corosync.quorum.device.model),
        "virtlockd": spec.lockspace is not None,
        "xfs": "xfs" in used,
    }
    return tuple(name for name, is_chosen in chosen.items() if is_chosen)


def packages_for(platform: Platform, spec: ClusterSpec) -> tuple[str, ...]:
    """Return the packages that ``spec`` needs on ``platform``, each once."""
    more = [name for feature in features(spec) for name in platform.optional.get(feature, ())]
    if platform.split_agents:
        more += [_package_of(device.agent) for device in spec.fencing.devices]
    return tuple(dict.fromkeys((*platform.packages, *filter(None, more))))


def _package_of(agent: str) -> str:
    """Return the package of a fence agent where each has its own; empty for other kinds.

    Boards that speak IPMI share one (fence-agents.spec.in: agents that are links to another).
    """
    name = agent.removeprefix("fence_")
    if name == agent:
        return ""
    name = "ipmilan" if name in _SPEAK_IPMI else name
    return f"fence-agents-{name.replace('_', '-')}"


def libvirt_sockets(platform: Platform, spec: ClusterSpec) -> tuple[str, ...]:
    """Return the sockets on which libvirt's daemons are asked for what ``spec`` has.

    The daemons themselves end when idle and come back when asked. Modular ones are one for
    domains, one for networks, one for pools.
    """
    names = [platform.libvirt_service]
    if platform.libvirt_service != "libvirtd":
        names += ["virtnetworkd"] if spec.libvirt.networks else []
        names += ["virtstoraged"] if spec.libvirt.pools else []
    return tuple(f"{name}.socket" for name in names)


def _modular(platform: Platform, grains: Mapping[str, Any]) -> Platform:
    """Since SP6 libvirt on SLES 15 is a set of daemons, one for each driver."""
    service_pack = _number(str(grains.get("osrelease", "")).partition(".")[2])
    if service_pack < 6:
        return platform
    return replace(_with_split_lockd(platform), libvirt_service="virtqemud")


def _with_split_lockd(platform: Platform) -> Platform:
    return replace(platform, optional={**platform.optional, **_SPLIT_LOCKD})


def _number(text: object) -> int:
    digits = str(text).partition(".")[0]
    return int(digits) if digits.isdigit() else 0
