"""Does the daemon bear many clients while blocks arrive, and do the blocks wait for them?

A real node, and real daemons beside it. Blocks are submitted and their publication is timed as in `latency.py`. All
share the machine, so the work of clients and node is in every figure. Answers other than 200 and broken connections
count as errors.

- `asking`: 200 connections that ask without a pause, made by wrk, for one path after the other. The unit of comparison
  is a bare server with the same HTTP library, to which no block comes and which sends the bytes of /metrics.
- `streams`: 200 readers that ask for something every ten seconds, and 500 clients that open an event stream and never
  read it, on SQLite, on PostgreSQL, and on a pair of monitors (the clients at the one that follows). Rounds without and
  with clients alternate.

    python benchmarks/load.py [blocks of each round] [asking | streams]
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import aiohttp
from latency import PAST, history, latencies
from scrape import bare_server
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.daemon import Daemon
from support.forked import POOL_MONITOR
from support.postgresql import Postgresql
from support.services import get, program

BLOCKS = 5
PAUSE_SECONDS = 2.0
"""Between blocks; on mainnet, 600."""
SECONDS = 5
"""Of the bare server."""
CONNECTIONS = 200
TARGET_MS = 100
PATHS = ("/metrics", "/api/v1/status", "/api/v1/shares", "/api/v1/concentration", "/api/v1/signals", "/api/v1/blocks")


READERS, STREAMS, ROUNDS = 200, 500, 3
READER_SECONDS = 10.0
"""Between two requests of a reader, on average."""


def main() -> None:
    """Measure."""
    blocks = int(sys.argv[1]) if len(sys.argv) > 1 else BLOCKS
    parts = sys.argv[2:] or ["asking", "streams"]
    with (
        tempfile.TemporaryDirectory(prefix="pool-monitor-bench-") as name,
        Bitcoind(program("bitcoind"), Path(name) / "node") as node,
    ):
        tags = history()
        mine_all(node, [next(tags) for _ in range(PAST)])
        if "asking" in parts:
            measure_asking(node, tags, blocks, Path(name) / "daemon")
        if "streams" in parts:
            measure_streams(node, tags, blocks, Path(name))


def started(node: Bitcoind, folder: Path, **settings: Any) -> Daemon:  # noqa: ANN401 -- see Daemon
    """A daemon that has caught up."""
    daemon = Daemon(
        folder, command=POOL_MONITOR, node__url=node.url, node__cookie_file=node.cookie_file, **settings
    )  # fmt: skip
    daemon.start()
    daemon.wait_for(node.call("getbestblockhash"), seconds=120)
    return daemon


# -- asking without a pause --------------------------------------------------------------------------------------------


def measure_asking(node: Bitcoind, tags: Iterator[Recipe], blocks: int, folder: Path) -> None:
    """One path after the other."""
    with ExitStack() as running:
        daemon = started(node, folder)
        running.callback(daemon.close)
        time.sleep(1)
        print(f"{CONNECTIONS} connections, {blocks} blocks {PAUSE_SECONDS:g} s apart for each path; milliseconds")
        with bare_server(gzip.compress(get(daemon.port, "/metrics"), 1)) as port, crowd(port, "/", SECONDS) as wrk:
            asking("bare server", wrk.communicate(timeout=60)[0])
        publishing("no reader", block_events(node, tags, blocks, daemon))
        for path in PATHS:
            with crowd(daemon.port, path, blocks * PAUSE_SECONDS) as wrk:
                time.sleep(0.5)
                found = block_events(node, tags, blocks, daemon)
                asking(path, wrk.communicate(timeout=60)[0])
            publishing("meanwhile", found)


def crowd(port: int, path: str, seconds: float) -> subprocess.Popen[str]:
    """Start asking, compressed where it is worth it, as Prometheus and browsers do."""
    command: list[str | Path] = [
        program("wrk"),
        "--threads=1",
        f"--connections={CONNECTIONS}",
        f"--duration={seconds:.0f}s",
        "--latency",
    ]
    command += ["--timeout=10s", "--header=Accept-Encoding: gzip", f"http://127.0.0.1:{port}{path}"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def asking(path: str, told: str) -> None:
    """What wrk has seen."""
    rate = float(re.findall(r"Requests/sec: +([\d.]+)", told)[0])
    cuts = {cut: milliseconds(time) for cut, time in re.findall(r"^ +(\d\d)% +(\S+)", told, re.MULTILINE)}
    errors = re.findall(r"(?:Socket errors|Non-2xx).*", told)
    print(
        f"  {path:<24} median {cuts['50']:7.1f}   99 % {cuts['99']:7.1f} (target {TARGET_MS})   "
        f"{rate:7,.0f} a second   {'; '.join(errors) or 'no error'}"
    )


def block_events(
    node: Bitcoind,
    tags: Iterator[Recipe],
    blocks: int,
    daemon: Daemon,
    *,
    meanwhile: AbstractContextManager[object] | None = None,
) -> list[float]:
    """Seconds from each submitted block to its event."""
    beside = meanwhile or nullcontext()
    return latencies(node, tags, blocks, daemon.port, pause=PAUSE_SECONDS, events=("block",), meanwhile=beside)[0]


def publishing(what: str, seconds: list[float]) -> None:
    """How long blocks took from `submitblock` to whoever listens."""
    cuts = quantiles(seconds, n=10)
    print(f"    block to events, {what:<11} median {1e3 * median(seconds):6.1f}   90 % {1e3 * cuts[-1]:6.1f}")


# -- readers, and streams that are not read ----------------------------------------------------------------------------


def measure_streams(node: Bitcoind, tags: Iterator[Recipe], blocks: int, folder: Path) -> None:
    """One set-up after the other."""
    print(f"{READERS} readers, a request in {READER_SECONDS:g} s each; {STREAMS} event streams that are never read")
    print(f"{ROUNDS} rounds of {blocks} blocks each; milliseconds", flush=True)
    for name in ("SQLite", "PostgreSQL", "pair"):
        with ExitStack() as running:
            settings: dict[str, object] = {}
            if name != "SQLite":
                (place := folder / f"server of {name}").mkdir()
                server = running.enter_context(Postgresql(place))
                settings["store__url"] = running.enter_context(server.database())
            monitors = []
            for each in ("a", "b")[: 2 if name == "pair" else 1]:
                monitors.append(started(node, folder / f"{name} {each}", **settings))
                running.callback(monitors[-1].close)
            beside(name, node, tags, blocks, monitors)


def beside(name: str, node: Bitcoind, tags: Iterator[Recipe], blocks: int, monitors: list[Daemon]) -> None:
    """Rounds without and with clients, by turns."""
    writer, shown = monitors[0], monitors[-1]
    alone: list[float] = []
    crowded: list[float] = []
    reports: list[dict[str, Any]] = []
    before = shown.memory("VmRSS")
    processor = [writer.processor_seconds()]
    for _ in range(ROUNDS):
        alone += block_events(node, tags, blocks, writer)
        processor.append(writer.processor_seconds())
        crowded += block_events(node, tags, blocks, writer, meanwhile=clients(shown.port, reports))
        processor.append(writer.processor_seconds())
    took = [after - earlier for earlier, after in pairwise(processor)]
    errors = sum(each["errors"] for each in reports)
    answers = [time for each in reports for time in each["seconds"]]
    print(f"{name}:")
    publishing("no client", alone)
    publishing("with clients", crowded)
    delay = 1e3 * (median(crowded) - median(alone))
    costs = [sum(each) / len(alone) for each in (took[::2], took[1::2])]
    print(f"    delay of the median {delay:.1f} ms")
    print(f"    processor time of the writer for each block: {costs[0]:.2f} s without, {costs[1]:.2f} s with clients")
    print(
        f"    readers: {len(answers):,} answers, {errors} errors, median {1e3 * median(answers):.1f},"
        f" 99 % {1e3 * quantiles(answers, n=100)[-1]:.1f}; streams: {reports[-1]['open']} open,"
        f" {reports[-1]['refused']} refused"
    )
    print(
        f"    memory {before / 1e6:.0f} MB before, {shown.memory('VmRSS') / 1e6:.0f} MB after the last round",
        flush=True,
    )


@contextmanager
def clients(port: int, reports: list[dict[str, Any]]) -> Iterator[None]:
    """Readers and streams, in a process of their own; at the end, what they saw is added to the reports."""
    command = [sys.executable, __file__, "clients", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        process.stdout.readline()  # all are there
        yield
        process.stdin.close()
        reports.append(json.loads(process.stdout.read()))


async def be_clients(port: int) -> None:
    """Until standard input ends."""
    streams = [stream(port) for _ in range(STREAMS)]
    await asyncio.sleep(1)
    found: dict[str, Any] = {"seconds": [], "errors": 0}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector) as session:
        readers = [asyncio.create_task(read(session, found)) for _ in range(READERS)]
        await asyncio.sleep(2)
        print("all are there", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    answers = [answer(each) for each in streams]
    found |= {"open": answers.count("200"), "refused": answers.count("503")}
    print(json.dumps(found))


def stream(port: int) -> socket.socket:
    """A client that opens an event stream, has little room for it, and does not read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return client


def answer(client: socket.socket) -> str:
    """The status that it was answered with."""
    with suppress(OSError):
        return client.recv(12).decode()[9:]
    return ""


async def read(session: aiohttp.ClientSession, found: dict[str, Any]) -> None:
    """Ask for something now and then."""
    while True:
        await asyncio.sleep(random.uniform(0.5, 1.5) * READER_SECONDS)  # noqa: S311 -- not secret
        began = time.monotonic()
        try:
            async with session.get(random.choice(PATHS)) as response:  # noqa: S311
                await response.read()
                found["errors"] += response.status != 200
        except aiohttp.ClientError:
            found["errors"] += 1
        found["seconds"].append(time.monotonic() - began)


def milliseconds(text: str) -> float:
    """As wrk writes a time."""
    for unit, factor in (("us", 1e-3), ("ms", 1.0), ("s", 1e3)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise ValueError(text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["clients"]:
        asyncio.run(be_clients(int(sys.argv[2])))
    else:
        main()
