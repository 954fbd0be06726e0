#!/bin/sh
# Runs a command in a clone of the last commit, as an ordinary user of a minimal Debian: nothing but git, make, Python.
#
#     scripts/fresh_machine.sh trixie /var/tmp/trixie make services
#
# The Debian is made in that folder by scripts/debian_root.sh, and kept. Wants root.
set -eu
cd "$(dirname "$0")/.."
suite=$1 root=$2
shift 2

sh scripts/debian_root.sh "$suite" "$root" git,make,python3
[ -e "$root/srv/user" ] || chroot "$root" useradd --home-dir /srv/user --create-home user
git bundle create --quiet "$root/srv/user/checkout.bundle" HEAD

# Mounted for this command alone.
exec unshare --mount sh -euc '
    root=$1
    shift
    for folder in dev proc sys; do mount --rbind "/$folder" "$root/$folder"; done
    exec chroot --userspec=user:user "$root" env --ignore-environment HOME=/srv/user PATH=/usr/local/bin:/usr/bin:/bin \
        CI=true http_proxy="${http_proxy-}" https_proxy="${https_proxy-}" no_proxy="${no_proxy-}" "$@"
' sh "$root" sh -euc '
    cd
    git init --quiet checkout
    cd checkout
    git fetch --quiet ../checkout.bundle HEAD
    git checkout --quiet --no-progress --force --detach FETCH_HEAD
    exec "$@"
' sh "$@"
