#!/bin/sh
# Judges the Debian package of dist/ and uses it on a minimal Debian that boots: lintian, install, run, upgrade, remove,
# purge.
#
#     scripts/deb_trial.sh trixie [FOLDER]
#
# Wants root and debootstrap. The Debian is made in the folder, and kept.
set -eu
cd "$(dirname "$0")/.."
suite=$1 root=${2-/var/tmp/pool-monitor-deb-$1}
sh scripts/debian_root.sh "$suite" "$root" systemd,systemd-sysv,python3,adduser,openssl
version=$(. "$root/etc/os-release" && echo "$VERSION_ID")
cp "dist/pool-monitor_"*"+deb${version}_$(dpkg --print-architecture).deb" "$root/srv/package.deb"

chroot "$root" sh -euc '
    command -v lintian >/dev/null || {
        apt-get update --quiet=2
        DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends lintian
    }
    lintian --allow-root --fail-on error --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog,root-in-contact \
        /srv/package.deb
'
echo "trial: lintian has no errors"

cat >"$root/srv/trial.sh" <<'TRIAL'
healthy() { python3 -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:8347/healthz", timeout=9)' 2>/dev/null; }
expect() { echo "trial: $1"; shift; "$@" || { echo "trial: that is not so: $*"; exit 1; }; }
absent() { for path; do [ ! -e "$path" ] || return 1; done; }

dpkg --install /srv/package.deb
expect "the unit is enabled" systemctl --quiet is-enabled pool-monitor
expect "it runs after the installation" systemctl --quiet is-active pool-monitor
expect "it answers" healthy
systemctl show --property StatusText --property User pool-monitor
expect "every library finds those it needs" sh -c \
    '! find /usr/lib/pool-monitor -name "*.so*" -type f -exec ldd {} + 2>/dev/null | grep "not found"'
expect "root alone reads the password" test "$(stat -c %a:%U /etc/pool-monitor/node-password)" = 600:root
password=$(cat /etc/pool-monitor/node-password)
pool-monitor --version
pool-monitor status | head -3

echo 'windows = ["24h"]' >>/etc/pool-monitor/pool-monitor.toml.mine
mv /etc/pool-monitor/pool-monitor.toml.mine /etc/pool-monitor/pool-monitor.toml
process=$(systemctl show --property MainPID --value pool-monitor)
dpkg --install /srv/package.deb </dev/null
expect "an upgrade restarts it" test "$process" != "$(systemctl show --property MainPID --value pool-monitor)"
expect "an upgrade keeps the configuration" grep -q 24h /etc/pool-monitor/pool-monitor.toml
expect "an upgrade keeps the password" test "$password" = "$(cat /etc/pool-monitor/node-password)"
expect "it answers" healthy

dpkg --remove pool-monitor
expect "it has ended" sh -c '! systemctl --quiet is-active pool-monitor'
expect "the program is gone" absent /usr/lib/pool-monitor /usr/bin/pool-monitor /usr/share/doc/pool-monitor
expect "configuration and blocks are kept" test -e /etc/pool-monitor/pool-monitor.toml -a -e /var/lib/pool-monitor/blocks.sqlite

dpkg --purge pool-monitor
expect "nothing is left" absent /etc/pool-monitor /var/lib/pool-monitor \
    /etc/systemd/system/multi-user.target.wants/pool-monitor.service
expect "the user is gone" sh -c '! getent passwd pool-monitor'
TRIAL
sh scripts/boot.sh "$root" "$root/srv/trial.sh"
