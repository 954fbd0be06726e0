"""The past in groups: how the database finds the answers when there are many blocks."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from support.fake_chain import BEFORE_ALL, START, block_on, chain_on, judge

from monitor.model import NO_BLOCK, Attribution, Grid, Group, Judged, Plan, PoolSlug
from monitor.store.migrations import migrate
from monitor.store.migrations.upgrade import upgrade
from monitor.store.reading import Reading
from monitor.store.store import Store

HOUR = 3600


async def groups(store: Store, grid: Grid, *, by_miner: set[str] | None = None) -> list[Group]:
    within = grid.begin + 1, grid.times[-1] + 1
    found = await store.reading(lambda reading: list(reading.groups(grid, within, by_miner=by_miner or set())))
    return sorted(found, key=lambda group: group.enter)


async def test_blocks_that_the_same_points_count_are_one_row(store: Store) -> None:
    chain = chain_on(BEFORE_ALL, 12)  # ten minutes apart, the first at START
    await store.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(chain)), judge(chain))

    found = await groups(store, Grid(START + HOUR, HOUR, points=2, window=HOUR))

    assert found == [Group(0, 1, PoolSlug("toy"), None, 6), Group(1, 2, PoolSlug("toy"), None, 5)]


async def test_miners_are_told_apart_only_where_they_count(store: Store) -> None:
    chain = chain_on(BEFORE_ALL, 4)
    judged = [
        Judged(block, Attribution(PoolSlug(pool), None, "", conflict=False, candidates=(), registry="", miner=miner))
        for block, pool, miner in zip(chain, ("a", "a", "b", "b"), ("x", "y", "x", "y"), strict=True)
    ]
    await store.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(chain)), judged)

    found = await groups(store, Grid(START + HOUR, HOUR, points=1, window=2 * HOUR), by_miner={"a"})

    assert {(group.pool, group.miner, group.blocks) for group in found} == {
        ("a", "x", 1),
        ("a", "y", 1),
        ("b", None, 2),
    }


async def test_stale_blocks_are_no_history(store: Store) -> None:
    chain = chain_on(BEFORE_ALL, 3)
    other = [block_on(chain[1].ref, time=START + 30 * HOUR)]
    await store.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(chain)), judge(chain))
    await store.apply(Plan(chain[1].ref, NO_BLOCK, (chain[2].ref,), tuple(other)), judge(other, pool=None))

    found = await groups(store, Grid(START + 30 * HOUR, HOUR, points=1, window=40 * HOUR))

    assert sum(group.blocks for group in found) == 3
    assert await store.reading(lambda reading: reading.span()) == (START, START + 30 * HOUR)
    within = START, START + 40 * HOUR
    assert await store.reading(lambda reading: reading.unattributed_within(within)) == [(2, START + 30 * HOUR)]


@pytest.mark.parametrize("empty_database", ["sqlite"], indirect=True)
async def test_nothing_is_read_but_an_index_where_there_may_be_a_million_blocks(store: Store, url: str) -> None:
    """Which index answers a question is the database's choice, and easily lost; the answer is right all the same."""
    chain = chain_on(BEFORE_ALL, 5)
    await store.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(chain)), judge(chain))
    asked: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object) -> None:  # noqa: ANN401
        asked.append((statement, parameters))

    def look(reading: Reading) -> None:
        grid = Grid(START + HOUR, HOUR, points=2, window=HOUR)
        list(reading.groups(grid, (START, START + HOUR), by_miner={"toy"}))
        reading.span()

    event.listen(Engine, "before_cursor_execute", note)
    await store.reading(look)
    await store.tip()
    await store.first()
    await store.below(chain[-1].ref)
    await store.recent(list, seconds=HOUR, count=2)
    await store.stale(seconds=HOUR)
    await store.blocks(3)
    await store.reading(lambda reading: list(reading.blocks(0, 9, stale=True)))
    event.remove(Engine, "before_cursor_execute", note)

    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        plans = {
            statement: [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            for statement, parameters in asked
        }
    steps = {step for plan in plans.values() for step in plan if "blocks" in step}
    assert len(plans) > 8
    assert all("INDEX" in step for step in steps), steps
    assert {step for step in steps if step.startswith("SCAN")} == {
        "SCAN blocks USING INDEX best_chain",  # of which the first is taken
        "SCAN blocks_1 USING INDEX gone",  # the stale ones, which are few
        "SCAN blocks USING COVERING INDEX counted",
    }
    assert ["SCAN blocks USING COVERING INDEX counted"] in plans.values()  # of which the first is taken
    assert "SEARCH blocks USING COVERING INDEX counted (time>? AND time<?)" in steps


def test_an_older_database_gets_the_indices(tmp_path: Path) -> None:
    path = tmp_path / "blocks.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection, "0001")
    with engine.begin() as connection:
        migrate(connection)
    engine.dispose()
    with closing(sqlite3.connect(path)) as reading:
        found = dict(reading.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
    assert found.keys() == {
        "best_chain", "gone", "counted", "ix_blocks_attribution", "ix_sightings_height", "ix_stale_headers_height",
        "ix_journal_at", "ix_audits_height", "ix_audits_time", "ix_audit_transactions_height",
        "ix_coinbase_spends_height", "ix_custody_scans_height",
        "ix_sanctioned_sightings_height", "ix_stratum_rounds_at",
    }  # fmt: skip
    assert found["best_chain"].endswith("WHERE stale = 0")
