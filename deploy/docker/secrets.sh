#!/bin/sh
# Makes the secrets of compose.yaml, once: what is there already stays.
#
# Containers run as users of their own and see each file alone, so the files can be read by all; the folder cannot be
# entered by any but you.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$here/secrets"
chmod 700 "$here/secrets"
cd "$here/secrets"
[ -e node-password ] || sh "$here/../bitcoin/rpcauth.sh" node-password node-rpcauth.conf
for name in mqtt-password grafana-password; do
    [ -e "$name" ] || openssl rand -hex 24 >"$name"
done
chmod 444 ./*
