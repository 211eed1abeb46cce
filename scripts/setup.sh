# Shared by ./demo and ./check: makes a bare Debian 12 ready. Sourced, never run.

say() { printf '\n== %s\n' "$*"; }

die() { printf 'error: %s\n' "$1" >&2; [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2; exit 1; }

# Packages that boot the lab.
LAB_PACKAGES="python3 python3-venv python3-dev python3-pip build-essential user-mode-linux
 mmdebstrap eatmydata apt-utils e2fsprogs openssh-client iproute2 nftables util-linux procps kmod
 zstd tgt openipmi"
# The tools that the contract tests call: real ones, without their daemons.
CONTRACT_PACKAGES="strace iptables iputils-ping dmsetup corosync pacemaker pacemaker-cli-utils resource-agents cluster-glue sbd
 ocfs2-tools gfs2-utils xfsprogs lvm2 open-iscsi multipath-tools xorriso libvirt-clients python3-libvirt libvirt-daemon libvirt-daemon-driver-qemu qemu-system-x86
 qemu-utils libxml2-utils chromium chromium-driver prometheus-node-exporter"

need_root() {
    [ "$(id -u)" = 0 ] || die "this needs root: it makes a network namespace and installs packages" \
        "sudo $0"
    [ -x /usr/bin/apt-get ] || die "this needs Debian 12" "use a Debian 12 machine or VM"
}

# need_packages NAME...: install those that are missing, starting no service of theirs, now or at boot.
need_packages() {
    local missing="" name
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q '^install ok installed$' ||
            missing="$missing $name"
    done
    [ -n "$missing" ] || return 0
    say "Installing packages:$missing"
    local ours=""
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod 755 /usr/sbin/policy-rc.d
        ours=1
    fi
    local status=0
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing; } >"$LOG" 2>&1 || status=$?
    [ -z "$ours" ] || rm -f /usr/sbin/policy-rc.d
    [ "$status" = 0 ] || { tail -n 20 "$LOG" >&2; die "apt-get failed, see $LOG"; }
    # Only what was installed just now: a cluster that this machine had before stays as it is.
    for name in $missing; do
        case $name in
            corosync | pacemaker | sbd | prometheus-node-exporter) systemctl disable "$name" ;;
            ocfs2-tools) systemctl disable o2cb ocfs2 ;;
        esac >/dev/null 2>&1 || true
    done
}

# need_venv FOLDER REQUIREMENTS: a virtual environment that holds exactly those, made again
# when they change.
need_venv() {
    local folder=$1 wanted=$2 stamp
    stamp=$(sha256sum "$wanted" | cut -d' ' -f1)
    [ "$(cat "$folder/.requirements" 2>/dev/null)" != "$stamp" ] || return 0
    say "Making $folder from $wanted"
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install -q --disable-pip-version-check -r "$wanted" >"$LOG" 2>&1 ||
        { tail -n 20 "$LOG" >&2; die "pip failed, see $LOG"; }
    printf '%s' "$stamp" >"$folder/.requirements"
}

LOG=$(mktemp /tmp/kvmha-setup.XXXXXX)
trap 'rm -f "$LOG"' EXIT
