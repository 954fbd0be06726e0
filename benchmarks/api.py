"""What the first response of each API path and page costs after a new snapshot, and the next one, from the cache.

A stored history of real coinbases, counted over the windows of the daemon; no node. The server and the client share one
process and one connection. The unit of comparison is a path of the same server whose answer never changes (/healthz).

    python benchmarks/api.py [rounds]
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import aiohttp
from reattribution import fill

from monitor.config import Config, StoreSection
from monitor.hub import Hub
from monitor.model import Coverage, Plan, Snapshot
from monitor.outputs.web.cache import AnswerCache
from monitor.outputs.web.pages.pages import Pages
from monitor.outputs.web.routes.api import Api
from monitor.outputs.web.server import WebServer
from monitor.outputs.web.sources import Sources
from monitor.processing.auditing import AuditQueries
from monitor.processing.counter import Rulebook, WindowCounter
from monitor.processing.history import HistoryQueries
from monitor.registry.directory import Directory
from monitor.registry.loading import load_registry
from monitor.store.store import Store
from monitor.vitals import Vitals

ROUNDS = 20
PATHS = (
    "/healthz",
    "/",
    "/pool/foundryusa",
    "/api/v1/status",
    "/api/v1/shares",
    "/api/v1/concentration",
    "/api/v1/signals",
    "/api/v1/pools",
    "/api/v1/pools/foundryusa",
    "/api/v1/blocks?limit=500",
    "/api/v1/history?metric=shares&limit=40",
)


@dataclass(frozen=True)
class Health:
    """A daemon that is well."""

    waiting: None = None
    writer: bool = True
    facts: None = None
    coverage: Coverage | None = None


async def counted(store: Store, config: Config) -> tuple[WindowCounter, Snapshot]:
    """The stored blocks, counted as the daemon does it."""
    counter = WindowCounter(store, config.windows, Rulebook.of(load_registry(), "main"))
    await counter.recount()
    tip = await store.tip()
    assert tip
    state = await counter.state(Plan(tip, tip.hash))
    assert state
    return counter, state.snapshot()


async def measure(folder: Path, rounds: int) -> None:
    """Fill a store, and request each path again and again."""
    config = Config(store=StoreSection(url=f"sqlite:///{folder / 'blocks.sqlite'}"))
    vitals, registry = Vitals(), load_registry()
    hub = Hub(vitals)
    async with await Store.open(config.store.url) as store:
        await fill(store, registry.pools)
        history, directory = HistoryQueries(store), Directory(registry)
        history.counter, now = await counted(store, config)
        sources = Sources(
            hub, store=store, branches=store.branches, journal=store.journal,
            audits=AuditQueries(store.audits, directory.belongs), health=Health(), directory=directory, history=history,
        )  # fmt: skip
        settings = config.web.model_copy(update={"port": 0})
        server = WebServer([Api(sources), Pages(sources)], AnswerCache(sources.state), vitals, settings=settings)
        headers = {"Accept-Encoding": "identity"}
        bare = 0.0
        async with server, aiohttp.ClientSession(server.url, headers=headers) as session:
            for path in PATHS:
                spent: tuple[list[float], list[float]] = ([], [])
                size = 0
                for _ in range(rounds):
                    hub.publish(replace(now))
                    for times in spent:
                        started = process_time()
                        async with session.get(path) as response:
                            size = len(await response.read())
                        times.append(1000 * (process_time() - started))
                        assert response.status == 200, (path, response.status)
                first, again = map(median, spent)
                bare = bare or first
                print(f"{path:40} {first:8.2f} ms, {first / bare:6.1f} x bare; again {again:6.2f} ms; {size:10,} bytes")


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        asyncio.run(measure(Path(scratch), int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
