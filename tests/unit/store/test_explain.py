"""How PostgreSQL finds the answers to frequent questions among many blocks: by an index, never by reading all rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool
from support.databases import ask
from support.postgresql import Postgresql
from support.stored import FIRST, fill, judged

from monitor.attribution.unknown_miners import MEMORY
from monitor.model import Grid, PoolSlug
from monitor.store.reading import Reading
from monitor.store.store import Store

LARGE = ("blocks", "sightings")
BLOCKS = 8_000
DAY = 86_400


@pytest.fixture
def url(postgresql: Postgresql) -> Iterator[str]:
    """Of an empty database."""
    with postgresql.database() as url:
        yield url


async def test_every_frequent_question_is_answered_from_an_index(url: str) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object) -> None:  # noqa: ANN401
        if any(table in statement for table in LARGE) and statement.startswith("SELECT"):
            asked.append((statement, parameters))

    async with await Store.open(url) as store:
        chain = list(islice(judged(), BLOCKS))
        await fill(store, iter(chain))
        await store.branches.add([])
        ask(url, "INSERT INTO sightings SELECT hash, 'home', height, 1.0, 0, NULL FROM blocks")
        ask(url, "ANALYZE")
        tip = chain[-1].block

        def look(reading: Reading) -> None:
            newest = tip.header.time
            grid = Grid(newest, DAY, points=1, window=7 * DAY)
            list(reading.groups(grid, (newest - DAY, newest), by_miner={"f2pool"}))
            reading.unattributed_within((newest - DAY, newest))
            reading.span()
            list(reading.blocks(tip.height - 10, tip.height, stale=True))

        event.listen(Engine, "before_cursor_execute", note)
        await store.reading(look)
        await store.tip()
        await store.first()
        await store.next_below()
        await store.has(tip.hash)
        await store.below(tip.ref)
        await store.block(tip.hash)
        await store.step_from(chain[-3].block.ref)
        await store.recent(list, seconds=DAY, count=2)
        await store.stale(seconds=DAY)
        await store.blocks(50)
        await store.blocks(50, below=FIRST + 100)
        await store.unattributed(min(MEMORY, 100))
        await store.blocks_of(PoolSlug("f2pool"), 20)
        await store.seen_intervals([tip.height])
        await store.branches.find(tip.hash)
        await store.branches.above(tip.height - 10)
        await store.branches.bits_at([tip.height, tip.height - 2016])
        await store.branches.sightings(lowest=tip.height - 10)
        await store.branches.sightings(limit=50)
        await store.branches.first_seen(tip.hash)
        await store.chain_problems(10)
        event.remove(Engine, "before_cursor_execute", note)

    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        plans = {statement: list(_nodes(_plan(connection, statement, given))) for statement, given in asked}
    assert len(plans) > 22
    whole = [statement for statement, nodes in plans.items() if any(map(_reads_all_rows, nodes))]
    assert whole == []


def _plan(connection: Connection, statement: str, parameters: Any) -> Any:  # noqa: ANN401 -- as the server says it
    found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    return (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


def _nodes(plan: Any) -> Iterator[Any]:  # noqa: ANN401
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


def _reads_all_rows(node: Any) -> bool:  # noqa: ANN401
    return str(node["Node Type"]).endswith("Seq Scan") and node.get("Relation Name") in LARGE
