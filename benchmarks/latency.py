"""How long after `submitblock` returned does HTTP show the new block, and what of that is unavoidable?

Two processes are measured one after the other on the same real node, with the same kind of blocks (a coinbase, and a
transaction that pads the block to `BLOCK_BYTES`), by the same client, which asks again half a millisecond after each
answer until the block is there:

- the bare script, this file with `bare`: waits for ZMQ `hashblock`, fetches the same bytes by the same path over a
  connection that stays open, and serves the hash with the same HTTP library. It decodes, judges, stores and counts
  nothing, and would not notice a reorganisation.
- the daemon: decoded, attributed, committed, every index of every window counted anew, and served. `/readyz` and
  `/metrics` show the same frozen snapshot.

Both times begin when `submitblock` has returned, so either may have begun its work a little before.

    python benchmarks/latency.py [blocks]
"""

from __future__ import annotations

import asyncio
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import aiohttp
import zmq
import zmq.asyncio
from aiohttp import web
from support.bitcoind import Bitcoind
from support.blocks import ANYONE, Built, Parent, Recipe, build, mine_all, parent_of, solve
from support.daemon import Daemon
from support.services import CHECKOUT, free_port, get, program, wait_until

from monitor.app.demo import signatures_of
from monitor.app.registry import load_registry
from monitor.embedded import mainnet
from monitor.model import Coinbase, Output
from monitor.wire import decode_block, double_sha256, encode_coinbase, encode_compact, encode_header

BLOCKS = 60
PAST = 2_200
"""Blocks that are there before: all windows have as many entities as on mainnet."""
BLOCK_BYTES = 900_000
TARGET = 3.0
FIRST_BYTES = 300
"""Enough for a usual coinbase."""
CORE = CHECKOUT / ".services" / "core" / "bin" / "bitcoind"


def main() -> None:
    """Measure with each node that there is."""
    blocks = int(sys.argv[1]) if len(sys.argv) > 1 else BLOCKS
    for name, binary in (("bitcoind", program("bitcoind")), ("newest Core", CORE)):
        if binary.exists():
            with tempfile.TemporaryDirectory(prefix="pool-monitor-bench-") as folder:
                measure(name, binary, Path(folder), blocks)


def measure(name: str, binary: Path, folder: Path, blocks: int) -> None:
    """The bare script, then the daemon, on one node."""
    with Bitcoind(binary, folder / "node") as node:
        tags = history()
        mine_all(node, [next(tags) for _ in range(PAST)])
        with bare_script(node) as port:
            floor = latencies(node, tags, blocks, port, lambda block: {"hash": block.hash})
        with Daemon(folder / "daemon", node__url=node.url, node__cookie_file=node.cookie_file) as daemon:
            daemon.wait_for(node.call("getbestblockhash"), seconds=120)
            time.sleep(1)
            ours = latencies(node, tags, blocks, daemon.port, lambda block: {"ready": True, "height": block.height})
        agent = node.call("getnetworkinfo")["subversion"]
    print(f"{name} ({agent}), {blocks} blocks of {BLOCK_BYTES:,} bytes; milliseconds after submitblock returned")
    report("bare script", floor)
    report("daemon", ours)
    ratio = median(ours) / median(floor)
    print(f"  ratio of medians      {ratio:8.2f}   (target: at most {TARGET:g})")


def report(what: str, seconds: list[float]) -> None:
    """One line of figures."""
    cuts = quantiles(seconds, n=20)
    print(f"  {what:<18} median {1e3 * median(seconds):8.2f}   5 % {1e3 * cuts[0]:8.2f}   95 % {1e3 * cuts[-1]:8.2f}")


def latencies(
    node: Bitcoind, tags: Iterator[Recipe], blocks: int, port: int, shown: Callable[[Built], dict[str, object]]
) -> list[float]:
    """Submit blocks one by one, and ask at `port` until each is `shown`."""
    found = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def answer() -> dict[str, object]:
        connection.request("GET", "/readyz")
        told: dict[str, object] = json.loads(connection.getresponse().read())
        return told

    for _ in range(blocks):
        tip = parent_of(node, node.call("getbestblockhash"))
        block = padded(tip, next(tags), spent=coinbase_of(node, tip.height - 150))
        expected = shown(block).items()
        assert node.call("submitblock", block.raw.hex()) is None
        returned = time.monotonic()
        wait_until(lambda: expected <= answer().items(), seconds=10, what="the block to be shown", every=0.0005)  # noqa: B023 -- called here
        found.append(time.monotonic() - returned)
        time.sleep(0.1)
    connection.close()
    return found


# -- who is measured ---------------------------------------------------------------------------------------------------


@contextmanager
def bare_script(node: Bitcoind) -> Iterator[int]:
    """Run the bare script; the port where it serves."""
    tip = node.call("getbestblockhash")
    try:
        node.rest(f"blockpart/{tip}.bin?offset=0&size=80")
        path = "blockpart/{}.bin?offset=0&size=2048"
    except OSError:
        path = "block/{}.bin"
    port = free_port()
    script = subprocess.Popen([sys.executable, __file__, "bare", node.zmq, f"{node.url}/rest/{path}", str(port)])
    try:
        wait_until(lambda: listens(port), seconds=10, what="the bare script to serve")
        time.sleep(0.5)
        yield port
    finally:
        script.kill()
        script.wait()


def listens(port: int) -> bool:
    """Whether somebody does."""
    try:
        get(port, "/")
    except OSError:
        return False
    return True


async def bare(address: str, url: str, port: int) -> None:
    """The bare script itself."""
    latest = ""

    async def show(_request: web.BaseRequest) -> web.Response:
        return web.json_response({"hash": latest})

    runner = web.ServerRunner(web.Server(show, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    socket = zmq.asyncio.Context().socket(zmq.SUB)
    socket.subscribe("hashblock")
    socket.connect(address)
    async with aiohttp.ClientSession() as session:
        while True:
            _, body, _ = await socket.recv_multipart()
            async with session.get(url.format(body.hex())) as response:
                received = b""
                async for chunk in response.content.iter_any():
                    received += chunk
                    if len(received) >= FIRST_BYTES:
                        break
                if not response.content.at_eof():
                    response.close()
            latest = body.hex()


# -- what is mined -----------------------------------------------------------------------------------------------------


def history() -> Iterator[Recipe]:
    """Blocks signed as mainnet's were, in their order."""
    signatures = signatures_of(load_registry("main"))
    for found in cycle(mainnet()):
        signature = signatures.get(found.pool)
        yield Recipe(tag=signature.tag[:80] if signature else b"", payout=ANYONE)


def coinbase_of(node: Bitcoind, height: int) -> bytes:
    """The id of a coinbase that anyone may spend."""
    raw = bytes.fromhex(node.call("getblock", node.call("getblockhash", height), 0))
    return double_sha256(encode_coinbase(decode_block(raw, height=height).coinbase))


def padded(parent: Parent, recipe: Recipe, *, spent: bytes) -> Built:
    """A block with one more transaction, which spends an old coinbase and is as long as the block shall be."""
    alone = build(parent, recipe)
    coinbase: Coinbase = decode_block(alone.raw, height=alone.height).coinbase
    burnt = Output(0, b"\x6a" + bytes(BLOCK_BYTES))
    script_and_outputs = encode_coinbase(Coinbase(b"", (burnt,)))
    # The same form, except that it names what it spends: transaction id and output number, after version and count.
    transaction = script_and_outputs[:5] + spent + bytes(4) + script_and_outputs[41:]
    root = double_sha256(double_sha256(encode_coinbase(coinbase)) + double_sha256(transaction))
    header = solve(replace(alone.header, merkle_root=root))
    raw = encode_header(header) + encode_compact(2) + encode_coinbase(coinbase) + transaction
    return Built(alone.height, header, raw)


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        asyncio.run(bare(sys.argv[2], sys.argv[3], int(sys.argv[4])))
    else:
        main()
