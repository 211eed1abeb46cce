"""What goes into the lab, as data: packages, versions, units, disks and sizes."""

from __future__ import annotations

SUITE = "bookworm"
PYTHON = "3.11"  # of the suite; wheels are built for it

SALT_VERSIONS = {"3006": "3006.28", "3008": "3008.3"}
SALT_EXTRAS = ("lxml", "pyyaml")

BASE_PACKAGES = (
    "systemd", "systemd-sysv", "udev", "dbus", "openssh-server", "iproute2", "iptables",
    "kmod", "dmsetup", "python3", "python3-venv", "eatmydata", "netbase", "less", "procps",
)  # fmt: skip

CLUSTER_PACKAGES = (
    "corosync", "pacemaker", "pacemaker-cli-utils", "resource-agents", "sbd", "cluster-glue",
    "dlm-controld", "ocfs2-tools", "gfs2-utils", "lvm2", "lvm2-lockd", "xfsprogs",
    "libvirt-daemon-system", "libvirt-clients", "qemu-system-x86", "qemu-utils", "chrony",
)  # fmt: skip

# Services of the cluster packages that must not start at boot: to enable them is the product's job.
DISABLED_UNITS = (
    "corosync.service", "corosync-notifyd.service", "pacemaker.service", "sbd.service",
    "dlm.service", "lvmlockd.service", "lvmlocks.service", "lvm2-monitor.service",
    "lvm2-lvmpolld.socket", "o2cb.service", "ocfs2.service", "chrony.service",
    "libvirtd.service", "libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket",
    "libvirt-guests.service", "virtlogd.socket", "virtlogd-admin.socket", "virtlogd.service",
    "virtlockd.socket", "virtlockd-admin.socket", "logd.service", "openhpid.service",
)  # fmt: skip

IMAGES = ("bare", "prepared")
IMAGE_SIZE = "6G"  # sparse

# Name -> size in MiB (sparse); order is that of the nodes' devices ubdb, ubdc, ubdd.
SHARED_DISKS = {"sbd": 16, "vmstore": 1024, "lvm": 512}

# Program -> Debian package that brings it.
NEEDED_PROGRAMS = {
    "linux.uml": "user-mode-linux",
    "mmdebstrap": "mmdebstrap",
    "apt-ftparchive": "apt-utils",
    "mke2fs": "e2fsprogs",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "ip": "iproute2",
    "nft": "nftables",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "depmod": "kmod",
    "systemctl": "systemd",
    "gcc": "build-essential",
}
