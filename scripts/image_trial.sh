#!/bin/sh
# Builds the container image with Podman and runs it, on a minimal Debian: the image alone, then the monitor of
# compose.yaml.
#
#     scripts/image_trial.sh trixie [FOLDER]
#
# Wants root and debootstrap. No registry is asked: the base image is a stand-in, a minimal Debian with its own Python
# under the name that the Dockerfile gives. Both Debians are made in the folder, and kept.
set -eu
cd "$(dirname "$0")/.."
suite=$1 folder=${2-/var/tmp/pool-monitor-image-$1}
name=$(sed -n 's/^FROM \(python:[^ ]*\)$/\1/p' deploy/docker/Dockerfile)
base=$folder/${name##*-} engine=$folder/engine
sh scripts/debian_root.sh "${name##*-}" "$base" python3,python3-venv
sh scripts/debian_root.sh "$suite" "$engine" iproute2,nftables,python3
[ -x "$engine/usr/bin/podman-compose" ] || chroot "$engine" sh -euc '
    apt-get update --quiet=2
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends \
        aardvark-dns crun netavark podman podman-compose
'
rm -rf "$engine/srv/checkout" "$engine/var/lib/containers"
mkdir "$engine/srv/checkout"
git archive HEAD | tar --extract --directory "$engine/srv/checkout"
tar --create --directory "$base" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' . >"$engine/srv/base.tar"

cat >"$engine/srv/build.sh" <<'BUILD'
podman import --quiet /srv/base.tar "docker.io/library/$1"
# Podman would raise the limits of processes and files, which not every machine allows to root.
podman build --quiet --pull=never --layers=false --network host --format docker \
    --ulimit "nofile=$(ulimit -n)" --ulimit "nproc=$(ulimit -p)" --file deploy/docker/Dockerfile --tag pool-monitor .
size() { podman image inspect --format '{{.Size}}' "$1"; }
more=$((($(size pool-monitor) - $(size "$1")) / 1000000))
echo "trial: the image is built, with $more MB on top of a stand-in for $1"
[ "$more" -le 200 ] || { echo "trial: that is more than 200 MB"; exit 1; }
BUILD

cat >"$engine/srv/trial.sh" <<'TRIAL'
expect() { echo "trial: $1"; shift; "$@" || { echo "trial: that is not so: $*"; exit 1; }; }
fails() { ! "$@" >/dev/null 2>&1; }
state() { podman inspect --format "{{$1}}" "$2"; }
becomes_healthy() {
    timeout 300 sh -euc 'until podman healthcheck run "$1" >/dev/null; do sleep 1; done' sh "$1" || {
        podman logs "$1"
        return 1
    }
}
answers() { python3 -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:8347/healthz", timeout=9)'; }

ip link set lo up
# Without systemd and cgroups: only the options that say so are not those of the guide.
podman run --detach --name demo --cgroups=disabled --health-interval=disable \
    --read-only --tmpfs /tmp --cap-drop ALL --publish 127.0.0.1:8347:8347 pool-monitor demo
expect "it becomes healthy by its own check" becomes_healthy demo
expect "the published port answers" answers
podman exec demo pool-monitor --version
podman exec demo pool-monitor status | head -3
expect "it runs as user 8347" test "$(podman exec demo id -u):$(podman exec demo id -g)" = 8347:8347
expect "it has no capability" podman exec demo grep -q '^CapEff:\s*0*$' /proc/1/status
expect "it writes to its volume" podman exec demo touch /var/lib/pool-monitor/written
expect "it writes to nothing else" fails podman exec demo touch /etc/pool-monitor/written
expect "it has no pip" fails podman exec demo python3 -m pip --version
expect "it is labelled" test "$(state 'index .Config.Labels "org.opencontainers.image.title"' demo)" = pool-monitor
expect "it names its port" test "$(state .Config.ExposedPorts demo)" = 'map[8347/tcp:{}]'
podman stop demo >/dev/null
expect "it stops on SIGTERM with exit code 0" test "$(state .State.ExitCode demo)" = 0
podman rm --volumes demo >/dev/null

cd deploy/docker
sh secrets.sh
podman-compose --podman-run-args=--cgroups=disabled up --detach --no-build monitor
monitor=pool-monitor_monitor_1
expect "the monitor of compose.yaml becomes healthy" becomes_healthy $monitor
expect "its published port answers" answers
expect "it reads its secrets" podman exec $monitor test -r /run/secrets/node-password
podman logs $monitor 2>&1 | head -5
podman stop $monitor >/dev/null
expect "it stops on SIGTERM with exit code 0" test "$(state .State.ExitCode $monitor)" = 0
TRIAL

# What Podman expects of a machine. vfs, since a container's file system cannot lie on any other file system.
enter() {
    script=$1
    shift
    unshare --mount --pid --fork --kill-child "$@" sh -euc '
        mount --make-rprivate /
        mount --bind "$1" "$1"
        cd "$1"
        mount -t proc proc proc
        mount -t sysfs sys sys
        mount -t cgroup2 cgroup2 sys/fs/cgroup
        mount -t tmpfs run run
        mount --rbind /dev dev
        pivot_root . mnt
        umount --lazy /mnt
        cd /srv/checkout
        exec env --ignore-environment HOME=/srv PATH=/usr/sbin:/usr/bin:/sbin:/bin \
            STORAGE_DRIVER=vfs PODMAN_IGNORE_CGROUPSV1_WARNING=1 \
            http_proxy="${http_proxy-}" https_proxy="${https_proxy-}" no_proxy="${no_proxy-}" \
            sh -eu "/srv/$2.sh" "$3"
    ' sh "$engine" "$script" "$name" </dev/null
}
enter build
enter trial --net # a network of its own, in which nothing is reached
rm -rf "$engine/var/lib/containers"
