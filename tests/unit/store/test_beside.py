"""Reading beside a daemon that writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.databases import ask
from support.fake_chain import BEFORE_ALL, chain_on, judge

from monitor.errors import StoreRefused
from monitor.model import Plan
from monitor.store.store import Store


async def test_it_sees_what_the_daemon_has_stored(url: str) -> None:
    chain = tuple(chain_on(BEFORE_ALL, 3))
    async with await Store.open(url) as daemon, await Store.open(url, beside=True) as reader:
        await daemon.apply(Plan(BEFORE_ALL, chain[-1].hash, connects=chain), judge(chain))
        assert await reader.tip() == chain[-1].ref


async def test_it_makes_no_database(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match=r"no (database|history) .*; start the daemon first"):
        await Store.open(url, beside=True)
    assert not [*tmp_path.iterdir()]


async def test_it_changes_no_shape(url: str) -> None:
    ask(url, "CREATE TABLE alembic_version (version_num text)")
    ask(url, "INSERT INTO alembic_version VALUES ('0001')")
    with pytest.raises(StoreRefused, match="older version"):
        await Store.open(url, beside=True)
