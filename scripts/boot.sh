#!/bin/sh
# Boots the Debian in a folder, runs a script in it, and ends it: a machine without network, by systemd and no engine.
#
#     scripts/boot.sh FOLDER SCRIPT
#
# Wants root, on a machine whose kernel has namespaces and cgroups. Exit status: that of the script, which runs when the
# system is up; 1 when it did not come up within five minutes.
set -eu
root=$1
cp "$2" "$root/srv/booted.sh"
rm -f "$root/srv/booted.status" "$root/srv/booted.log"
cat >"$root/etc/systemd/system/booted.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=sh -c 'sh -eu /srv/booted.sh >/srv/booted.log 2>&1; echo $? >/srv/booted.status; systemctl --no-block exit'
SyslogIdentifier=booted
UNIT
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -sf ../booted.service "$root/etc/systemd/system/multi-user.target.wants/"

# What a container engine gives to systemd: namespaces of its own, the kernel's file systems, and few devices. Mounts
# are shared inside, since systemd hands credentials to services that way.
timeout 300 unshare --mount --pid --fork --net --uts --ipc --cgroup --kill-child sh -euc '
    root=$1
    mount --make-rprivate /
    mount --bind "$root" "$root"
    cd "$root"
    mount -t proc proc proc
    mount -t sysfs sys sys
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mount -t tmpfs tmpfs run
    mount -t tmpfs tmpfs dev
    mkdir dev/shm dev/pts
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    for device in null zero full random urandom tty; do
        touch dev/$device
        mount --bind /dev/$device dev/$device
    done
    ip link set lo up
    pivot_root . mnt
    umount --lazy /mnt
    mount --make-rshared /
    exec env --ignore-environment container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init
' sh "$root" </dev/null >"$root/srv/console.log" 2>&1 || true

cat "$root/srv/booted.log" || tail "$root/srv/console.log"
exit "$(cat "$root/srv/booted.status" || echo 1)"
