#!/bin/sh
# mmdebstrap customize hook, after bare.sh: add the cluster packages to ROOT ($1), keep their
# .debs as a repository, and save the result as prepared.tar.
# Needs PACKAGES, DISABLE (units not to start at boot), OUT.
set -eu
root=$1
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
apt="apt-get --yes -oDPkg::Chroot-Directory=$root -oAPT::Install-Recommends=false"

rm -f "$root"/var/cache/apt/archives/*.deb
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
# shellcheck disable=SC2086
$apt install --download-only $PACKAGES
mkdir -p "$OUT/apt"
cp "$root"/var/cache/apt/archives/*.deb "$OUT/apt/"
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $apt install $PACKAGES

# Cluster configuration is the product's job: none of the examples may be mistaken for it.
rm -f "$root/etc/corosync/corosync.conf" "$root/etc/corosync/authkey" \
    "$root/etc/libvirt/qemu/networks/autostart/default.xml"
for unit in $DISABLE; do
    systemctl --root="$root" disable "$unit" 2>/dev/null || true
done
rm -f "$root/usr/sbin/policy-rc.d"
tar -C "$root" --numeric-owner --xattrs -cf "$OUT/prepared.tar" \
    --exclude=./proc --exclude=./sys --exclude=./dev --exclude=./run --exclude=./tmp/* \
    --exclude=./var/cache/apt/archives/*.deb --exclude=./var/lib/apt/lists/* \
    --exclude=./etc/apt/sources.list.d/* .
