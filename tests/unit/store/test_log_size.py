"""The log beside a SQLite file does not keep the length that one long reading gave it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest
from support.stored import BELOW, fill, judged

from monitor.model import Judged, Plan
from monitor.store import sqlite
from monitor.store.store import Store

LIMIT = 1_000_000


async def test_it_is_short_again_once_a_long_reading_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_LOG_BYTES", LIMIT)
    log = tmp_path / "blocks.sqlite-wal"
    chain = list(islice(judged(), 12_003))

    async def add(store: Store, block: Judged) -> None:
        onto = await store.tip() or BELOW
        await store.apply(Plan(onto, block.block.hash, connects=(block.block,)), [block])

    async with await Store.open(f"sqlite:///{tmp_path / 'blocks.sqlite'}") as store:
        with closing(sqlite3.connect(tmp_path / "blocks.sqlite", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM blocks").fetchall()
            await fill(store, iter(chain[:12_000]))
            assert log.stat().st_size > 4 * LIMIT
        for block in chain[12_000:]:
            await add(store, block)
        assert log.stat().st_size <= LIMIT
