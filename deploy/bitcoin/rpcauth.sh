#!/bin/sh
# Makes a password for the node's RPC user pool-monitor, and the line that lets bitcoin.conf know it without holding it.
#
#   rpcauth.sh PASSWORD_FILE CONF_FILE     neither may be there yet
set -eu
umask 077
set -C # an existing file is not overwritten
openssl rand -hex 32 >"$1"
salt=$(openssl rand -hex 16)
hash=$(tr -d '\n' <"$1" | openssl dgst -sha256 -hmac "$salt" -r | cut -d ' ' -f 1)
echo "rpcauth=pool-monitor:$salt\$$hash" >"$2"
