"""How long after `submitblock` returned is a block announced, when are its numbers there, and what is unavoidable?

Two processes are measured one after the other on the same real node, with the same kind of blocks (a coinbase, and a
transaction that pads the block to `BLOCK_BYTES`), by the same client, which listens to server-sent events:

- the bare script, this file with `bare`: waits for ZMQ `hashblock`, fetches the same bytes by the same path, and sends
  the hash with the same HTTP library. It decodes, attributes, stores and counts nothing, and would not notice a
  reorganisation.
- the daemon: `block` leaves when the block is attributed and committed, `snapshot` when every number of its tip is
  published.

All times begin when `submitblock` has returned, so either has begun its work a little before.

    python benchmarks/latency.py [blocks]
"""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from threading import Thread

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import aiohttp
import zmq
import zmq.asyncio
from aiohttp import web
from support.bitcoind import Bitcoind
from support.blocks import ANYONE, Built, Parent, Recipe, build, mine_all, parent_of, solve
from support.daemon import Daemon
from support.forked import POOL_MONITOR
from support.services import CHECKOUT, free_port, program, wait_until

from monitor.cli.demo_daemon import signatures_of
from monitor.embedded import mainnet
from monitor.model import Coinbase, Output
from monitor.registry.loading import load_pools
from monitor.wire import decode_block, double_sha256, encode_coinbase, encode_compact, encode_header

BLOCKS = 60
PAST = 2_200
"""Blocks that are there before: all windows have as many entities as on mainnet."""
BLOCK_BYTES = 900_000
EVENT_RATIO, EVENT_MS, SNAPSHOT_MS = 6.0, 10.0, 250.0
"""Targets of the medians: of the block event, to the bare script and in itself; of the snapshot."""
LEAST_SECONDS = 0.0005
"""Below it the time of the bare script is that of the return from `submitblock`, and no measure."""
PAUSE_SECONDS = 1.0
"""Between blocks: on mainnet there are minutes, and the snapshot of each takes some tenths of a second."""
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
            floor, _ = latencies(node, tags, blocks, port, events=("block",))
        with Daemon(
            folder / "daemon", command=POOL_MONITOR, node__url=node.url, node__cookie_file=node.cookie_file
        ) as daemon:
            daemon.wait_for(node.call("getbestblockhash"), seconds=120)
            time.sleep(1)
            event, snapshot = latencies(node, tags, blocks, daemon.port)
        agent = node.call("getnetworkinfo")["subversion"]
    print(f"{name} ({agent}), {blocks} blocks of {BLOCK_BYTES:,} bytes; milliseconds after submitblock returned")
    report("bare script", floor)
    report("block event", event)
    report("snapshot", snapshot)
    if (least := median(floor)) > LEAST_SECONDS:
        print(f"  block event to bare script, ratio of medians {median(event) / least:.2f}")
    else:
        print("  no ratio: the bare script has the block about when submitblock returns")
    print(f"  targets: {EVENT_RATIO:g}, {EVENT_MS:g} ms for the event, {SNAPSHOT_MS:g} ms for the snapshot")


def report(what: str, seconds: list[float]) -> None:
    """One line of figures."""
    cuts = quantiles(seconds, n=20)
    print(f"  {what:<18} median {1e3 * median(seconds):8.2f}   5 % {1e3 * cuts[0]:8.2f}   95 % {1e3 * cuts[-1]:8.2f}")


def latencies(  # noqa: PLR0913 -- what is measured, by name
    node: Bitcoind,
    tags: Iterator[Recipe],
    blocks: int,
    port: int,
    *,
    pause: float = PAUSE_SECONDS,
    events: Sequence[str] = ("block", "snapshot"),
    meanwhile: AbstractContextManager[object] = nullcontext(),  # noqa: B008 -- it does nothing, as often as wanted
) -> tuple[list[float], list[float]]:
    """Submit blocks one by one: seconds until the block event of each at `port`, and until its snapshot.

    Whoever listens was there before `meanwhile` began.
    """
    received: dict[tuple[str, str], float] = {}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/api/v1/events")
    stream = connection.getresponse()

    def listen() -> None:
        name = ""
        with suppress(OSError, AttributeError, http.client.HTTPException):  # the connection is closed at the end
            for line in stream:
                now = time.monotonic()
                if line.startswith(b"event: "):
                    name = line[7:].strip().decode()
                elif found := re.search(rb'"hash": ?"([0-9a-f]{64})"', line):
                    received.setdefault((name, found[1].decode()), now)

    Thread(target=listen, daemon=True).start()
    found: tuple[list[float], list[float]] = ([], [])
    with meanwhile:
        for _ in range(blocks):
            tip = parent_of(node, node.call("getbestblockhash"))
            block = padded(tip, next(tags), spent=coinbase_of(node, tip.height - 150))
            assert node.call("submitblock", block.raw.hex()) is None
            returned = time.monotonic()
            wanted = [(event, block.hash) for event in events]
            wait_until(lambda: received.keys() >= {*wanted}, seconds=10, what="the events of the block")  # noqa: B023
            for times, each in zip(found, wanted, strict=False):
                times.append(received[each] - returned)
            time.sleep(pause)
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
    """Whether a server accepts connections."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


async def bare(address: str, url: str, port: int) -> None:
    """The bare script itself."""
    listeners: list[web.StreamResponse] = []

    async def show(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        listeners.append(response)
        await asyncio.Event().wait()
        return response

    runner = web.ServerRunner(web.Server(show, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    feed = zmq.asyncio.Context().socket(zmq.SUB)
    feed.subscribe("hashblock")
    feed.connect(address)
    async with aiohttp.ClientSession() as session:
        while True:
            _, body, _ = await feed.recv_multipart()
            async with session.get(url.format(body.hex())) as response:
                received = b""
                async for chunk in response.content.iter_any():
                    received += chunk
                    if len(received) >= FIRST_BYTES:
                        break
                if not response.content.at_eof():
                    response.close()
            for listener in listeners:
                await listener.write(f'event: block\ndata: {{"hash": "{body.hex()}"}}\n\n'.encode())


# -- what is mined -----------------------------------------------------------------------------------------------------


def history() -> Iterator[Recipe]:
    """Blocks signed as mainnet's were, in their order."""
    signatures = signatures_of(load_pools("main"))
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
