"""What a database may meet: each fault leaves what was committed, and is noticed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event
from support.databases import ask, sqlite
from support.fake_chain import BEFORE_ALL, chain_on, judge
from support.postgresql import Postgresql

from monitor.errors import Exit, StoreAway, StoreError, StoreLost, StoreRefused
from monitor.model import Block, BlockRef, Coinbase, Plan
from monitor.store.migrations import NEWEST
from monitor.store.migrations.upgrade import upgrade
from monitor.store.store import Store

ON_SQLITE = pytest.mark.parametrize("empty_database", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("empty_database", ["postgresql"], indirect=True)


async def grow(store: Store, onto: BlockRef, length: int = 3) -> list[Block]:
    """Store more blocks."""
    chain = chain_on(onto, length)
    await store.apply(Plan(onto, chain[-1].hash, connects=tuple(chain)), judge(chain))
    return chain


# -- migrations --------------------------------------------------------------------------------------------------------


async def test_a_migration_that_breaks_off_leaves_the_old_schema(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        upgrade(connection, "0003")
    engine.dispose()

    def fail(_connection: Connection, _revision: str = "head") -> None:
        upgrade(_connection, "0005")
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr("monitor.store.migrations.upgrade.upgrade", fail)
        with pytest.raises(RuntimeError, match="power cut"):
            await Store.open(url)
    assert ask(url, "SELECT version_num FROM alembic_version") == [("0003",)]
    async with await Store.open(url) as store:
        await grow(store, BEFORE_ALL)
    assert ask(url, "SELECT version_num FROM alembic_version") == [(NEWEST,)]


# -- the server --------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(scratch: Path) -> Iterator[Postgresql]:
    """One that a test may stop."""
    with Postgresql(scratch) as running:
        yield running


@ON_POSTGRESQL
async def test_a_lost_connection_costs_nothing_that_was_committed(
    store: Store, url: str, postgresql: Postgresql
) -> None:
    chain = await grow(store, BEFORE_ALL)
    postgresql.disconnect(url.rpartition("/")[2])
    with pytest.raises(StoreAway, match="is unreachable"):
        await grow(store, chain[-1].ref)
    assert await store.tip() == chain[-1].ref
    await store.lead()
    assert (await grow(store, chain[-1].ref))[-1].ref == await store.tip()


async def test_a_server_that_ends_in_the_middle_of_a_transaction_keeps_what_was_committed(server: Postgresql) -> None:
    with server.database() as url:
        async with await Store.open(url) as store:
            chain = await grow(store, BEFORE_ALL)

            def half(connection: Connection) -> None:
                connection.exec_driver_sql("DELETE FROM blocks")
                server.kill()
                connection.exec_driver_sql("DELETE FROM attributions")

            with pytest.raises(StoreAway):
                await store._write(half)  # noqa: SLF001 -- between two statements of one transaction
            with pytest.raises(StoreAway, match=r"is unreachable: .*; look at the database server"):
                await store.tip()
            server.start()
            assert await store.tip() == chain[-1].ref
            await store.lead()
            await grow(store, chain[-1].ref)


async def test_a_full_disk_of_the_server_is_said_and_costs_nothing(scratch: Path) -> None:
    with Postgresql(scratch, file_bytes=17 << 20) as server, server.database() as url:
        async with await Store.open(url) as store:
            await grow(store, BEFORE_ALL)
            tip = (await store.tip()) or BEFORE_ALL

            async def fill() -> None:
                nonlocal tip
                for _ in range(100):
                    [block] = chain_on(tip, 1)
                    block = replace(block, coinbase=Coinbase(os.urandom(1 << 19), ()))
                    await store.apply(Plan(tip, block.hash, connects=(block,)), judge([block]))
                    tip = block.ref

            with pytest.raises(StoreError, match=r"failed: could not .*; look at the log of the database server"):
                await fill()
            assert await store.tip() == tip


async def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(StoreAway, match="is unreachable") as caught:
        await Store.open("postgresql+psycopg://monitor@127.0.0.1:9/none")
    assert caught.value.exit_code is Exit.CRASHED, "a service manager starts it again"


# -- the lease ---------------------------------------------------------------------------------------------------------


@ON_POSTGRESQL
async def test_a_writer_that_stood_still_changes_nothing_any_more(store: Store, url: str) -> None:
    chain = await grow(store, BEFORE_ALL)
    async with await Store.open(url, standby=True) as other:
        assert not await other.take()
        ask(url, "UPDATE writer SET renewed_at = renewed_at - 60")  # as if it had not run for a minute
        assert await other.take()
        with pytest.raises(StoreLost, match="another pool-monitor writes the database now"):
            await grow(store, chain[-1].ref)
        await grow(other, chain[-1].ref)
        assert not await store.take()
    assert await store.take(), "the other has ended"


@ON_POSTGRESQL
async def test_a_writer_that_lost_its_server_asks_whether_it_still_writes(
    store: Store, url: str, postgresql: Postgresql
) -> None:
    async with await Store.open(url, standby=True) as other:
        postgresql.disconnect(url.rpartition("/")[2])
        assert await other.take(), "the session of the writer has ended"
        assert not await store.take()


@ON_POSTGRESQL
async def test_a_standby_does_not_write(store: Store, url: str) -> None:
    chain = await grow(store, BEFORE_ALL)
    async with await Store.open(url, standby=True) as other:
        with pytest.raises(StoreLost):
            await grow(other, chain[-1].ref)
        with pytest.raises(StoreLost):
            await other.alerts.claim("hook", 9)


@ON_POSTGRESQL
async def test_a_standby_is_woken_by_a_commit(store: Store, url: str) -> None:
    async with await Store.open(url, standby=True) as other:
        await other.changed(0)  # listens from now on
        waiting = asyncio.create_task(other.changed(600))
        chain = await grow(store, BEFORE_ALL)
        await waiting
        assert await other.tip() == chain[-1].ref


@ON_POSTGRESQL
async def test_a_standby_whose_session_ends_before_it_listens_asks_again(
    store: Store, url: str, postgresql: Postgresql
) -> None:
    async with await Store.open(url, standby=True) as other:

        def end_all(_connection: Connection) -> None:
            postgresql.disconnect(url.rpartition("/")[2])

        event.listen(Engine, "engine_connect", end_all, once=True)
        with pytest.raises(StoreAway, match="is unreachable"):
            await other.changed(0)
        await other.changed(0)
        waiting = asyncio.create_task(other.changed(600))
        chain = await grow(store, BEFORE_ALL)
        await waiting
        assert await other.tip() == chain[-1].ref


# -- the file ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def file() -> Iterator[Path]:
    """Where a database will be."""
    with sqlite() as url:
        yield Path(url.removeprefix("sqlite:///"))


@pytest.mark.parametrize("name", ["blocks.sqlite", "blocks.sqlite.lock"])
async def test_a_deleted_file_is_noticed_at_once(file: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.store.store.KEEP_SECONDS", 0.01)
    async with await Store.open(f"sqlite:///{file}") as store:
        chain = await grow(store, BEFORE_ALL)
        file.with_name(name).unlink()
        with pytest.raises(StoreError, match=f"{name} was deleted or replaced while it was in use"):
            await store.kept()
        with pytest.raises(StoreError, match="deleted or replaced"):
            await grow(store, chain[-1].ref)


async def test_a_lock_that_is_a_symbolic_link_is_refused_and_its_target_kept(file: Path) -> None:
    target = file.with_name("precious")
    target.write_text("content")
    file.with_name(file.name + ".lock").symlink_to(target)
    with pytest.raises(StoreError, match=r"\.lock cannot be written"):
        await Store.open(f"sqlite:///{file}")
    assert target.read_text() == "content"


async def test_damage_is_no_reason_to_start_again(file: Path) -> None:
    async with await Store.open(f"sqlite:///{file}") as store:
        await grow(store, BEFORE_ALL, 200)
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(StoreRefused, match="restore a backup") as caught:
        async with await Store.open(f"sqlite:///{file}") as store:
            await store.tip()
    assert caught.value.exit_code is Exit.MISCONFIGURED


@ON_SQLITE
async def test_what_is_committed_outlasts_a_power_cut(store: Store) -> None:
    def level(connection: Connection) -> int:
        found: int = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
        return found

    assert await store._write(level) == 2  # noqa: SLF001 -- FULL: the log is synced with each commit
