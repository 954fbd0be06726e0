"""Copies of a database, and what a check finds in it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from support.databases import EmptyDatabase, ask, sqlite
from support.fake_chain import BEFORE_ALL, chain_on, judge
from support.postgresql import Postgresql

from monitor.errors import InputError, StoreError, StoreInUse, StoreRefused
from monitor.model import Alert, AlertState, BlockRef, Confidence, Plan, Severity
from monitor.store import copying, dialects
from monitor.store.copying import backup, copy
from monitor.store.integrity import check
from monitor.store.store import Store

LENGTH = 300
ALERT = Alert("half", Severity.CRITICAL, AlertState.FIRING, 1.5, "a has half", "Because.", {"entity": "a"}, 0.6, 1.5, 7)


def silent(_done: int, _total: int) -> None:
    pass


async def fill(store: Store, *, length: int = LENGTH) -> BlockRef:
    """A chain of several pools, with a stale block; its tip."""
    chain, tip = chain_on(BEFORE_ALL, length), BEFORE_ALL
    for at in range(0, length, 100):
        some = tuple(chain[at : at + 100])
        judged = [
            replace(each, attribution=replace(each.attribution, confidence=Confidence.HIGH))
            for each in judge(some, f"pool{at}")
        ]
        await store.apply(Plan(tip, some[-1].hash, connects=some), judged)
        tip = some[-1].ref
    await store.branches.add(judge(chain_on(chain[10].ref, 1), "rival"))
    return tip


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.store.copying.PAGE", 120)


@pytest.fixture
async def filled(url: str) -> str:
    """The URL of a database with something in every table that users see."""
    async with await Store.open(url) as store:
        await fill(store)
        await store.note_network("main")
        await store.alerts.register("hook")
        await store.alerts.save([ALERT], [ALERT])
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service("postgresql"))])
def elsewhere(request: pytest.FixtureRequest) -> EmptyDatabase:
    """Makes databases of each engine, whatever the first one is."""
    server: Postgresql | None = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    return server.database if server else sqlite


# -- copy --------------------------------------------------------------------------------------------------------------


async def test_a_copy_has_everything_and_goes_on_from_there(filled: str, elsewhere: EmptyDatabase) -> None:
    with elsewhere() as target:
        copied = await asyncio.to_thread(copy, filled, target, silent)
        assert (copied["blocks"], copied["alerts"]) == (LENGTH + 1, 1)
        async with await Store.open(filled) as old, await Store.open(target) as new:
            assert await old.blocks(10**6) == await new.blocks(10**6)
            assert await new.alerts.load() == [ALERT]
            tip = await new.tip()
            assert tip is not None
            more = tuple(chain_on(tip, 3))  # which need numbers of their own
            await new.apply(Plan(tip, more[-1].hash, connects=more), judge(more, "another"))
            await new.alerts.save([], [ALERT])
            assert len(await new.alerts.claim("hook", 9)) == 2
        assert check(target, silent).problems == ()


async def test_a_database_in_use_is_copied_as_it_was_at_one_moment(url: str, elsewhere: EmptyDatabase) -> None:
    async with await Store.open(url) as store:
        tip = await fill(store)
        with elsewhere() as target:
            copying_it = asyncio.create_task(asyncio.to_thread(copy, url, target, silent))
            while not copying_it.done():
                block = chain_on(tip, 1)
                await store.apply(Plan(tip, block[0].hash, connects=tuple(block)), judge(block))
                tip = block[0].ref
            await copying_it
            found = check(target, silent)
    assert found.problems == ()
    assert LENGTH <= found.blocks <= tip.height + 1


async def test_what_is_not_empty_is_not_overwritten(filled: str, elsewhere: EmptyDatabase) -> None:
    with elsewhere() as target:
        copy(filled, target, silent)
        with pytest.raises(StoreRefused, match="has blocks already; name an empty one"):
            copy(filled, target, silent)


async def test_a_target_in_use_is_refused(filled: str, elsewhere: EmptyDatabase) -> None:
    with elsewhere() as target:
        async with await Store.open(target):
            with pytest.raises(StoreInUse):
                await asyncio.to_thread(copy, filled, target, silent)


async def test_a_copy_that_differs_is_not_made(
    filled: str, elsewhere: EmptyDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lossy(connection: object, statement: object, rows: list[dict[str, object]]) -> None:
        dialects.insert_rows(connection, statement, rows[:-1] if len(rows) > 100 else rows)  # type: ignore[arg-type]

    monkeypatch.setattr(copying, "insert_rows", lossy)
    with elsewhere() as target:
        with pytest.raises(StoreError, match="the copy of blocks differs"):
            copy(filled, target, silent)
        assert ask(target, "SELECT count(*) FROM blocks") == [(0,)]


# -- backup ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("empty_database", ["sqlite"], indirect=True)
async def test_a_backup_of_a_database_in_use_is_whole(url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    async with await Store.open(url) as store:
        tip = await fill(store)
        backing_up = asyncio.create_task(asyncio.to_thread(backup, url, file))
        while not backing_up.done():
            block = chain_on(tip, 1)
            await store.apply(Plan(tip, block[0].hash, connects=tuple(block)), judge(block))
            tip = block[0].ref
        assert await backing_up == file.stat().st_size
    found = check(f"sqlite:///{file}", silent)
    assert found.problems == ()
    assert LENGTH <= found.blocks <= tip.height + 1
    with pytest.raises(InputError, match="exists; name a file that does not"):
        backup(url, file)
    assert [each.name for each in tmp_path.iterdir() if "backup" in each.name and each.suffix == ".part"] == []


@pytest.mark.parametrize("empty_database", ["postgresql"], indirect=True)
async def test_a_server_is_backed_up_by_its_own_tools(filled: str, tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match="only a SQLite database is backed up to a file; use pg_dump"):
        backup(filled, tmp_path / "backup")


# -- check -------------------------------------------------------------------------------------------------------------


async def test_nothing_is_wrong_with_what_was_stored(filled: str) -> None:
    found = check(filled, silent)
    assert (found.first, found.last, found.blocks, found.stale) == (0, LENGTH - 1, LENGTH, 1)
    assert (found.attributions, found.registries, found.problems) == (4, {"none": LENGTH + 1}, ())


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("DELETE FROM blocks WHERE height = 7", "the blocks 7 to 7 are missing"),
        ("UPDATE blocks SET parent = hash WHERE height = 7", "block 7 does not stand on block 6"),
        ("UPDATE attributions SET pool = 'thief' WHERE pool = 'pool100'", "attribution 2 of pool thief is not the one"),
    ],
)
async def test_what_is_damaged_is_found(filled: str, damage: str, problem: str) -> None:
    ask(filled, damage)
    found = check(filled, silent)
    assert [each for each in found.problems if each.startswith(problem)] == [*found.problems] != []


@pytest.mark.parametrize("empty_database", ["sqlite"], indirect=True)
async def test_damaged_pages_are_found(filled: str) -> None:
    path = Path(filled.removeprefix("sqlite:///"))
    content = bytearray(path.read_bytes())
    content[-2 * 4096 : -4096] = b"\xff" * 4096
    path.write_bytes(content)
    try:
        problems = check(filled, silent).problems
    except StoreError as error:
        problems = (str(error),)
    assert any("damaged" in each or "page" in each.lower() for each in problems), problems
