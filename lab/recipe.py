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

# Libraries and small tools a server has before anyone thinks of a cluster. In the image because
# each would cost half a second of every node's installation; nothing of the cluster is in here.
HOST_PACKAGES = (
    "bc", "bzip2", "dmidecode", "gawk", "gettext-base", "iputils-ping", "libaio1", "libasound2",
    "libbrlapi0.8", "libbrotli1", "libcacard0", "libcapstone4", "libcurl3-gnutls", "libcurl4",
    "libdrm2", "libduktape207", "libdw1", "libepoxy0", "libfdt1", "libfuse3-3", "libgbm1",
    "libglib2.0-0", "libgstreamer-plugins-base1.0-0", "libgstreamer1.0-0", "libibverbs1",
    "libicu72", "libinih1", "libjpeg62-turbo", "libldap-2.5-0", "libltdl7", "liblzo2-2", "libmpfr6",
    "libncurses6", "libndctl6", "libnet1", "libnghttp2-14", "libnl-3-200", "libnl-route-3-200",
    "libnss3", "libnuma1", "libopus0", "liborc-0.4-0", "libpam-systemd", "libparted2", "libpcap0.8",
    "libpci3", "libpciaccess0", "libpcsclite1", "libpixman-1-0", "libpmem1", "libpng16-16",
    "libpopt0", "libpsl5", "librdmacm1", "librtmp1", "libsasl2-2", "libsensors5", "libslirp0",
    "libsndio7.0", "libsnmp40", "libssh-4", "libssh2-1", "libtimedate-perl", "libunwind8",
    "liburcu8", "liburing2", "libusb-1.0-0", "libusbredirparser1", "libvdeplug2",
    "libwayland-server0", "libxml2", "libxslt1.1", "libyajl2", "logrotate", "polkitd", "psmisc",
    "sgml-base", "tzdata", "xml-core", "xsltproc", "iso-codes",
)  # fmt: skip

CLUSTER_PACKAGES = (
    "corosync", "pacemaker", "pacemaker-cli-utils", "resource-agents", "sbd", "cluster-glue",
    "dlm-controld", "ocfs2-tools", "gfs2-utils", "lvm2", "lvm2-lockd", "xfsprogs",
    "libvirt-daemon-system", "libvirt-clients", "qemu-system-x86", "qemu-utils", "chrony",
    "open-iscsi", "multipath-tools", "sg3-utils", "fence-agents", "ipmitool", "python3-libvirt",
    "xorriso", "corosync-qdevice", "corosync-qnetd",
)  # fmt: skip

# Services of the cluster packages that must not start at boot: to enable them is the product's job.
DISABLED_UNITS = (
    "corosync.service", "corosync-notifyd.service", "pacemaker.service", "sbd.service",
    "dlm.service", "lvmlockd.service", "lvmlocks.service", "lvm2-monitor.service",
    "lvm2-lvmpolld.socket", "o2cb.service", "ocfs2.service", "chrony.service",
    "libvirtd.service", "libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket",
    "libvirt-guests.service", "virtlogd.socket", "virtlogd-admin.socket", "virtlogd.service",
    "virtlockd.socket", "virtlockd-admin.socket", "logd.service", "openhpid.service",
    "iscsid.service", "iscsid.socket", "open-iscsi.service", "multipathd.service",
    "multipathd.socket", "corosync-qdevice.service", "corosync-qnetd.service",
)  # fmt: skip

IMAGES = ("bare", "prepared")
IMAGE_SIZE = "6G"  # sparse

# Name -> size in MiB (sparse); order is that of the nodes' devices ubdb, ubdc, ubdd, ...
SHARED_DISKS = {
    "sbd": 16, "vmstore": 1024, "lvm": 1024, "sbd2": 16, "sbd3": 16, "gfs": 1024, "raw": 64,
    "spare": 64,
}  # fmt: skip

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
# The same for board controllers.
BMC_PROGRAMS = {"ipmi_sim": "openipmi"}
# What `lab up --iscsi` needs beyond that.
ISCSI_PROGRAMS = {"tgtd": "tgt", "tgtadm": "tgt"}
