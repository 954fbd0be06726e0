"""Reading beside a daemon that writes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.fake_chain import BEFORE_ALL, chain_on, judge

from monitor.errors import StoreRefused
from monitor.model import Plan
from monitor.store.store import Store


async def test_it_sees_what_the_daemon_has_stored(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/b.sqlite"
    chain = tuple(chain_on(BEFORE_ALL, 3))
    async with await Store.open(url) as daemon, await Store.open(url, beside=True) as reader:
        await daemon.apply(Plan(BEFORE_ALL, chain[-1].hash, connects=chain), judge(chain))
        assert await reader.tip() == chain[-1].ref


async def test_it_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match=r"no database at .*; start the daemon first"):
        await Store.open(f"sqlite:///{tmp_path}/b.sqlite", beside=True)
    assert not [*tmp_path.iterdir()]


async def test_it_changes_no_shape(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "b.sqlite")) as connection:
        connection.execute("CREATE TABLE old (x)")
    with pytest.raises(StoreRefused, match="older version"):
        await Store.open(f"sqlite:///{tmp_path}/b.sqlite", beside=True)
