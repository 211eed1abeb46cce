#!/bin/sh
# mmdebstrap customize hook: finish the bare image in ROOT ($1) and save it as a tar.
# Needs WHEELS (directory of wheels, one subdirectory a line), SALT_LINES ("LINE=VERSION ..."),
# MODULES (kernel modules), OUT (where bare.tar goes).
set -eu
root=$1

mkdir -p "$root/lib/modules" "$root/wheels"
cp -a "$MODULES"/. "$root/lib/modules/"
for version in "$root"/lib/modules/*; do
    depmod -b "$root" "${version##*/}"
done

cp -a "$WHEELS"/. "$root/wheels/"
for pair in $SALT_LINES; do
    line=${pair%%=*} version=${pair#*=}
    chroot "$root" python3 -m venv --system-site-packages "/opt/salt-$line"
    chroot "$root" env -i PATH=/usr/bin:/bin "/opt/salt-$line/bin/pip" install --quiet --no-index \
        --disable-pip-version-check --find-links "/wheels/$line" "salt==$version" lxml pyyaml
done
rm -r "$root/wheels"

# Nothing here needs these, and each costs seconds of every boot.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    e2scrub_reap.service fstrim.timer getty@tty1.service systemd-timesyncd.service \
    systemd-pstore.service systemd-random-seed.service systemd-binfmt.service \
    proc-sys-fs-binfmt_misc.automount dev-hugepages.mount sys-kernel-tracing.mount \
    modprobe@drm.service modprobe@efi_pstore.service modprobe@loop.service \
    systemd-update-utmp.service systemd-update-utmp-runlevel.service \
    systemd-ask-password-console.path systemd-ask-password-wall.path; do
    ln -sfn /dev/null "$root/etc/systemd/system/$unit"
done
ln -sfn /usr/lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
# Still started when something asks for it over D-Bus.
rm -f "$root/usr/lib/systemd/system/multi-user.target.wants/systemd-logind.service"
mkdir -p "$root/var/log/journal"
tar -C "$root" --numeric-owner --xattrs -cf "$OUT/bare.tar" \
    --exclude=./proc --exclude=./sys --exclude=./dev --exclude=./run --exclude=./tmp/* \
    --exclude=./var/cache/apt/archives/*.deb --exclude=./var/lib/apt/lists/* \
    --exclude=./etc/apt/sources.list.d/* --exclude=./usr/sbin/policy-rc.d .
