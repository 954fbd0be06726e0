#!/bin/sh
# Builds a current Bitcoin Core (31.99, whose REST interface has /rest/blockpart) into .services/core/bin/bitcoind.
#
# Optional: the tests that want it skip without it. The source is the copy of Bitcoin Core inside the source
# distribution of py-bitcoinkernel, pinned by hash. About ten minutes on two cores; JOBS=8 make node-core for more.
set -eu
cd "$(dirname "$0")/.."

version=0.1.0a5
digest=71b91eecac7a8b07248be04471c3bf98016b38bf823aefd28f7b31179940520d
core=.services/core

if [ -x "$core/bin/bitcoind" ]; then
    echo "node-core: $core/bin/bitcoind is there"
    exit 0
fi

missing=
for tool in cmake:cmake ninja:ninja-build c++:g++ pkg-config:pkg-config; do
    command -v "${tool%%:*}" >/dev/null || missing="$missing ${tool#*:}"
done
for header in event2/event.h:libevent-dev boost/multi_index_container.hpp:libboost-dev zmq.h:libzmq3-dev; do
    echo "#include <${header%%:*}>" | c++ -E -x c++ - >/dev/null 2>&1 || missing="$missing ${header#*:}"
done
if [ -n "$missing" ]; then
    echo "node-core: something to build with is missing; install it: apt-get install$missing" >&2
    exit 1
fi

rm -rf "$core"
mkdir -p "$core"
echo "node-core: fetching the source"
echo "py-bitcoinkernel==$version --hash=sha256:$digest" >"$core/requirements.txt"
.venv/bin/python -m pip download --quiet --no-deps --no-binary py-bitcoinkernel --require-hashes \
    --requirement "$core/requirements.txt" --dest "$core"
tar -xzf "$core/py_bitcoinkernel-$version.tar.gz" -C "$core"

echo "node-core: building"
export GIT_CEILING_DIRECTORIES="$PWD/$core"  # its version names a commit: not one of ours
cmake -S "$core/py_bitcoinkernel-$version/depend/bitcoin" -B "$core/build" -G Ninja --log-level=WARNING \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O1 -DWITH_CCACHE=OFF \
    -DBUILD_DAEMON=ON -DBUILD_CLI=OFF -DBUILD_BITCOIN_BIN=OFF -DBUILD_TESTS=OFF -DBUILD_BENCH=OFF -DBUILD_GUI=OFF \
    -DENABLE_WALLET=OFF -DENABLE_IPC=OFF -DENABLE_EXTERNAL_SIGNER=OFF -DWITH_ZMQ=ON -DINSTALL_MAN=OFF
nice -n 19 cmake --build "$core/build" --target bitcoind --parallel "${JOBS:-2}"

mkdir -p "$core/bin"
strip -o "$core/bin/bitcoind.part" "$core/build/bin/bitcoind"
mv "$core/bin/bitcoind.part" "$core/bin/bitcoind"
rm -rf "$core/build" "$core/py_bitcoinkernel-$version" "$core/requirements.txt" "$core/py_bitcoinkernel-$version.tar.gz"
"$core/bin/bitcoind" -version | head -n 1
