"""How long does a scrape of /metrics take, on numbers like mainnet's, with the default windows?

The daemon is a process of its own, on the embedded node with mainnet's two months at the end of 2025. It is scraped
over a connection that stays open, as Prometheus does. The unit of comparison is a bare server with the same HTTP
library that sends the same bytes, ready made.

    python benchmarks/scrape.py [scrapes]
"""

from __future__ import annotations

import asyncio
import http.client
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from aiohttp import web
from support.daemon import Daemon
from support.forked import POOL_MONITOR
from support.mainnet import mainnet_node
from support.services import free_port, wait_until

from monitor.embedded import mainnet

SCRAPES = 200
TARGET_MS = 50
FORMATS = {
    "text": "text/plain; version=0.0.4",
    "OpenMetrics": "application/openmetrics-text; version=1.0.0",
}


async def main() -> None:
    """Measure."""
    scrapes = int(sys.argv[1]) if len(sys.argv) > 1 else SCRAPES
    with tempfile.TemporaryDirectory(prefix="pool-monitor-bench-") as folder:
        async with mainnet_node(mainnet()) as node:
            with Daemon(
                Path(folder), command=POOL_MONITOR, node__url=node.url, node__cookie_file=node.cookie_file
            ) as daemon:
                await asyncio.to_thread(daemon.wait_for, node.tip.hash, seconds=120)
                for name, accept in FORMATS.items():
                    report(name, *await asyncio.to_thread(scrape, daemon.port, accept, scrapes))


def report(name: str, body: bytes, times: list[float]) -> None:
    """Figures of one format, beside those of the bare server."""
    with bare_server(body) as port:
        _, bare = scrape(port, "*/*", len(times))
    series = sum(1 for line in body.splitlines() if line and not line.startswith(b"#"))
    print(f"{name}: {series:,} series, {len(body):,} bytes, {len(times)} scrapes; milliseconds")
    for what, found in (("bare server", bare), ("daemon", times)):
        print(f"  {what:<12} median {1e3 * median(found):7.2f}   95 % {1e3 * quantiles(found, n=20)[-1]:7.2f}")
    print(f"  ratio of medians    {median(times) / median(bare):7.2f}   (target: a median under {TARGET_MS} ms)")


def scrape(port: int, accept: str, times: int) -> tuple[bytes, list[float]]:
    """The last answer, and how long each took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    took = []
    for _ in range(times):
        started = time.monotonic()
        connection.request("GET", "/metrics", headers={"Accept": accept})
        response = connection.getresponse()
        body = response.read()
        took.append(time.monotonic() - started)
        assert response.status == 200, body
    connection.close()
    return body, took


@contextmanager
def bare_server(body: bytes) -> Iterator[int]:
    """A server in a process of its own that has nothing to do but to send this; on a port of its own."""
    port = free_port()
    with subprocess.Popen([sys.executable, __file__, "bare", str(port)], stdin=subprocess.PIPE) as server:
        assert server.stdin
        server.stdin.write(body)
        server.stdin.close()

        def serves() -> bool:
            try:
                return bool(scrape(port, "*/*", 1))
            except OSError:
                return False

        wait_until(serves, seconds=20, what="the bare server")
        yield port
        server.kill()


async def bare(port: int) -> None:
    """The bare server itself: sends what it read from standard input."""
    body = sys.stdin.buffer.read()

    async def show(_request: web.BaseRequest) -> web.Response:
        return web.Response(body=body, content_type="text/plain")

    runner = web.ServerRunner(web.Server(show, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(bare(int(sys.argv[2])) if sys.argv[1:2] == ["bare"] else main())
