#!/bin/sh
# Makes a minimal Debian in a folder, unless there is one. It reaches the archive as this machine does.
#
#     scripts/debian_root.sh trixie FOLDER git,make
#
# Wants root and debootstrap. Mirror, certificates and pip's configuration are the machine's own. Delete the folder to
# start afresh.
set -eu
cd "$(dirname "$0")/.."
suite=$1 root=$2 packages=$3
[ ! -e "$root/srv/made" ] || exit 0
mirror=$(PYTHONPATH=scripts python3 -c 'import debian; print(debian.mirror())')
debootstrap --variant=minbase --include="ca-certificates,$packages" "$suite" "$root" "$mirror"
apt-config dump | grep '^Acquire::' >"$root/etc/apt/apt.conf.d/machine"
for path in /etc/hosts /etc/pip.conf /etc/xdg/pip /usr/local/share/ca-certificates; do
    [ ! -e "$path" ] || cp --recursive --parents "$path" "$root"
done
chroot "$root" update-ca-certificates
touch "$root/srv/made"
