"""What the first response of each API path and page costs after a new snapshot, and the next one, from the cache.

A year of synthetic blocks of forty pools, with signals and estimates. The server and the client share one process and
one connection. The unit of comparison is a path of the same server whose answer never changes (/healthz).

    python benchmarks/api.py [rounds]
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import aiohttp
from signals import WINDOWS, history
from support.fake_chain import BEFORE_ALL, chain_on, judge

from monitor.analysis import POOL, BlockTable, estimated, snapshot
from monitor.analysis.signals.compute import signals
from monitor.hub import Hub
from monitor.model import (
    BlockHash,
    BlockRecord,
    BlockRef,
    BlockRow,
    Candidate,
    Coverage,
    Curve,
    Grid,
    JournalEntry,
    Judged,
    Method,
    NodeFacts,
    Output,
    PoolSlug,
    SeriesQuery,
    Sighting,
    Snapshot,
    StaleRow,
    Tally,
    TimeSeries,
)
from monitor.outputs.web.cache import AnswerCache
from monitor.outputs.web.pages.pages import Pages
from monitor.outputs.web.routes.api import Api
from monitor.outputs.web.server import WebServer
from monitor.outputs.web.sources import Sources
from monitor.registry.directory import Directory
from monitor.registry.loading import load_registry
from monitor.vitals import Vitals

ROUNDS = 20
BLOCKS = 52_560
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
POINTS = 2000
SERIES = 40


@dataclass(frozen=True)
class Past:
    """Stored blocks and a long time series, ready made."""

    records: Sequence[BlockRecord]
    edition: str | None = "1"

    async def blocks(self, limit: int, *, below: int | None = None) -> list[BlockRecord]:
        """The newest."""
        known = [each for each in self.records if below is None or each.judged.block.height < below]
        return known[::-1][:limit]

    async def block(self, wanted: BlockHash) -> BlockRecord | None:
        """One of them."""
        return next((each for each in self.records if each.judged.block.hash == wanted), None)

    async def blocks_of(self, pool: PoolSlug, limit: int) -> list[BlockRecord]:
        """A pool's."""
        return [each for each in self.records if each.judged.attribution.pool == pool][::-1][:limit]

    async def sightings(self, *, limit: int) -> list[Sighting]:  # noqa: ARG002
        """None."""
        return []

    async def newest(self, *, limit: int) -> list[JournalEntry]:  # noqa: ARG002
        """None."""
        return []

    async def series(self, asked: SeriesQuery) -> TimeSeries:
        """As many numbers as an answer can hold."""
        row = [at / 7 for at in range(POINTS)]
        return TimeSeries(
            asked.level,
            asked.metric,
            Grid(1_700_000_000, 3600, POINTS, 86_400),
            {f"pool{at}": Curve(row, row, row) for at in range(SERIES)},
        )


@dataclass(frozen=True)
class Health:
    """A node that answers."""

    facts: NodeFacts
    coverage: Coverage
    waiting: None = None


def year() -> tuple[Snapshot, list[BlockRow]]:
    """A snapshot with everything in it; the largest pools have names that the registry knows."""
    names = {PoolSlug("pool0"): PoolSlug("foundryusa"), PoolSlug("pool1"): PoolSlug("antpool")}
    rows = [replace(row, pool=names.get(row.pool, row.pool) if row.pool else None) for row in history(BLOCKS)]
    stale = [
        StaleRow(
            rows[-1].height - at, BlockHash(f"{at:064x}"), BlockHash("2" * 64), rows[-1].time,
            PoolSlug("antpool"), PoolSlug("foundryusa"),
        )
        for at in range(5, 500, 50)
    ]  # fmt: skip
    table = BlockTable.of(rows, [POOL])
    now = snapshot(
        table, WINDOWS, Tally(), tip_hash=BlockHash("1" * 64), first_height=890_000, caught_up=True, registry="none",
        pool_names={PoolSlug("foundryusa"): "Foundry USA", PoolSlug("antpool"): "AntPool"},
    )  # fmt: skip
    return replace(estimated(now, table, WINDOWS), signals=signals(table, WINDOWS, stale=stale)), rows


def usual(judged: Judged) -> BlockRecord:
    """A block with as many outputs and candidates as most have."""
    block, attribution = judged.block, judged.attribution
    outputs = tuple(Output(at, b"\x00\x14" + bytes(20)) for at in range(4))
    candidates = tuple(Candidate(PoolSlug("foundryusa"), method, "evidence") for method in Method)
    return BlockRecord(
        Judged(
            replace(block, coinbase=replace(block.coinbase, script=bytes(90), outputs=outputs)),
            replace(attribution, candidates=candidates),
        ),
        stale=False,
    )


def served(hub: Hub, vitals: Vitals) -> WebServer:
    """The API on a free port."""
    past = Past([usual(each) for each in judge(chain_on(BEFORE_ALL, 600)[1:], "foundryusa")])
    facts = NodeFacts(
        "main", BlockHash("0" * 64), "Satoshi:30.0.0", BlockRef(BLOCKS, BlockHash("1" * 64)), 0,
        rest=True, blockpart=False, zmq=(),
    )  # fmt: skip
    health = Health(facts, Coverage(890_000, 880_000, 942_559))
    directory = Directory(load_registry())
    sources = Sources(hub, store=past, branches=past, journal=past, health=health, directory=directory, history=past)
    return WebServer(
        [Api(sources), Pages(sources)], AnswerCache(sources.state), vitals, host="127.0.0.1", port=0, token=None
    )


async def main() -> None:
    """Measure."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    vitals = Vitals()
    hub, (now, _) = Hub(vitals), year()
    headers = {"Accept-Encoding": "identity"}
    bare = 0.0
    async with served(hub, vitals) as server, aiohttp.ClientSession(server.url, headers=headers) as session:
        for path in PATHS:
            first, again, size = [], [], 0
            for _ in range(rounds):
                hub.publish(replace(now))
                for times in (first, again):
                    started = process_time()
                    async with session.get(path) as response:
                        size = len(await response.read())
                    times.append(1000 * (process_time() - started))
                    assert response.status == 200, (path, response.status)
            bare = bare or median(first)
            cold, warm = median(first), median(again)
            print(f"{path:40} {cold:8.2f} ms, {cold / bare:6.1f} x bare; again {warm:6.2f} ms; {size:10,} bytes")


if __name__ == "__main__":
    asyncio.run(main())
