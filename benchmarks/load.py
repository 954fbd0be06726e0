"""Does the daemon bear 200 connections that ask without a pause, while blocks arrive, and do the blocks wait for them?

A real node, a real daemon beside it, wrk as the crowd. Blocks are submitted and their publication is timed as in
`latency.py`, first with nobody asking, then while wrk asks for each path in turn. All of them share the machine, so
wrk's and the node's own work is in every figure. The unit of comparison is a bare server with the same HTTP library,
to which no block comes and which sends the bytes of /metrics. Answers other than 200 and broken connections count as
errors.

    python benchmarks/load.py [blocks for each path]
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from latency import PAST, history, latencies, listens
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.daemon import Daemon
from support.forked import POOL_MONITOR
from support.services import free_port, get, program, wait_until

BLOCKS = 5
PAUSE_SECONDS = 2.0
"""Between blocks; on mainnet, 600."""
SECONDS = 5
"""Of the bare server."""
CONNECTIONS = 200
TARGET_MS = 100
PATHS = ("/metrics", "/api/v1/status", "/api/v1/shares", "/api/v1/concentration", "/api/v1/signals", "/api/v1/blocks")


def main() -> None:
    """Measure."""
    blocks = int(sys.argv[1]) if len(sys.argv) > 1 else BLOCKS
    with (
        tempfile.TemporaryDirectory(prefix="pool-monitor-bench-") as folder,
        Bitcoind(program("bitcoind"), Path(folder) / "node") as node,
    ):
        tags = history()
        mine_all(node, [next(tags) for _ in range(PAST)])
        with Daemon(
            Path(folder) / "daemon", command=POOL_MONITOR, node__url=node.url, node__cookie_file=node.cookie_file
        ) as daemon:
            daemon.wait_for(node.call("getbestblockhash"), seconds=120)
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


@contextmanager
def bare_server(body: bytes) -> Iterator[int]:
    """That of `scrape.py`, on a port of its own."""
    port = free_port()
    script = Path(__file__).with_name("scrape.py")
    with subprocess.Popen([sys.executable, script, "bare", str(port)], stdin=subprocess.PIPE) as server:
        assert server.stdin
        server.stdin.write(body)
        server.stdin.close()
        wait_until(lambda: listens(port), seconds=20, what="the bare server")
        yield port
        server.kill()


def crowd(port: int, path: str, seconds: float) -> subprocess.Popen[str]:
    """Start asking, compressed where it is worth it, as Prometheus and browsers do."""
    command = [program("wrk"), "--threads=1", f"--connections={CONNECTIONS}", f"--duration={seconds:.0f}s", "--latency"]
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


def block_events(node: Bitcoind, tags: Iterator[Recipe], blocks: int, daemon: Daemon) -> list[float]:
    """Seconds from each submitted block to its event."""
    return latencies(node, tags, blocks, daemon.port, pause=PAUSE_SECONDS, events=("block",))[0]


def publishing(what: str, seconds: list[float]) -> None:
    """How long blocks took from `submitblock` to whoever listens."""
    cuts = quantiles(seconds, n=10)
    print(f"    block to events, {what:<11} median {1e3 * median(seconds):6.1f}   90 % {1e3 * cuts[-1]:6.1f}")


def milliseconds(text: str) -> float:
    """As wrk writes a time."""
    for unit, factor in (("us", 1e-3), ("ms", 1.0), ("s", 1e3)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise ValueError(text)


if __name__ == "__main__":
    main()
