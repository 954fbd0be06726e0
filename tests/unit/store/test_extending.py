"""History that becomes longer at its lower end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from support.databases import ask
from support.fake_chain import BEFORE_ALL, block_on, chain_on, judge

from monitor.errors import StoreError
from monitor.model import Block, BlockRef, Plan
from monitor.store.rows import RowBatch
from monitor.store.store import Store

CHAIN = chain_on(BEFORE_ALL, 30)
JUDGED = judge(CHAIN[10:20])


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """Ten blocks, from the height 20 on."""
    async with await Store.open(url) as opened:
        await opened.apply(Plan(CHAIN[19].ref, CHAIN[-1].hash, connects=tuple(CHAIN[20:])), judge(CHAIN[20:]))
        yield opened


def stretch(blocks: Sequence[Block], stale: Sequence[Block] = (), pool: str | None = "toy") -> RowBatch:
    return RowBatch.of(judge(blocks, pool), judge(stale, pool))


async def heights(store: Store) -> list[int]:
    return [row.height for row in await store.recent(list, seconds=0, count=1000)]


async def test_it_grows_downward_to_the_genesis_block(store: Store) -> None:
    assert await store.next_below() == CHAIN[19].ref
    assert await store.extend(stretch(CHAIN[10:20]))
    assert await store.next_below() == CHAIN[9].ref
    assert await store.extend(stretch(CHAIN[:10], pool="other"))
    assert await store.next_below() == BEFORE_ALL
    assert await heights(store) == list(range(30))
    assert (await store.first(), await store.tip()) == (CHAIN[0].ref, CHAIN[-1].ref)
    assert [row.pool for row in await store.recent(list, seconds=0, count=1000)] == ["other"] * 10 + ["toy"] * 20


async def test_an_empty_store_begins_with_whatever_comes(url: str) -> None:
    async with await Store.open(url) as store:
        assert await store.next_below() is None
        assert await store.extend(stretch(CHAIN[5:8]))
        assert await heights(store) == [5, 6, 7]


@pytest.mark.parametrize("blocks", [CHAIN[10:19], chain_on(CHAIN[9].ref, 10), CHAIN[15:25]])
async def test_what_does_not_lead_to_our_lowest_block_is_not_stored(store: Store, blocks: list[Block]) -> None:
    """As when the history was begun anew while it was fetched."""
    assert not await store.extend(stretch(blocks))
    assert await heights(store) == list(range(20, 30))


@pytest.mark.parametrize("at", [11, 14, 18])
async def test_what_is_no_chain_is_an_error(store: Store, at: int) -> None:
    blocks = [*CHAIN[10:at], *chain_on(CHAIN[at - 2].ref, 1), *CHAIN[at + 1 : 20]]
    with pytest.raises(StoreError, match="are not a chain"):
        await store.extend(stretch(blocks))
    assert await heights(store) == list(range(20, 30))


async def test_a_failure_leaves_nothing_behind(store: Store, url: str) -> None:
    broken = replace(CHAIN[15], tx_count=None)  # type: ignore[arg-type]
    with pytest.raises(StoreError, match=r"(?i)not.null"):
        await store.extend(stretch([*CHAIN[10:15], broken, *CHAIN[16:20]], pool="new"))
    assert await heights(store) == list(range(20, 30))
    assert await store.extend(stretch(CHAIN[10:20], pool="new"))
    assert ask(url, "SELECT count(*) FROM blocks WHERE attribution NOT IN (SELECT id FROM attributions)") == [(0,)]


async def test_stale_blocks_come_along_and_take_no_place(store: Store) -> None:
    lost = chain_on(CHAIN[12].ref, 2)
    assert await store.extend(stretch(CHAIN[10:20], [*lost, CHAIN[25]]))
    assert await heights(store) == list(range(10, 30))
    for block in lost:
        record = await store.block(block.hash)
        assert record
        assert record.stale
    kept = await store.block(CHAIN[25].hash)
    assert kept
    assert not kept.stale, "it has won by now"


async def test_a_stale_block_that_wins_after_all_is_on_the_chain(store: Store) -> None:
    rival = block_on(CHAIN[-1].ref)
    await store.extend(stretch(CHAIN[10:20], [rival]))
    await store.apply(Plan(CHAIN[-1].ref, rival.hash, connects=(rival,)), judge([rival]))
    assert await store.tip() == rival.ref


async def test_a_block_that_went_stale_before_is_put_back(store: Store) -> None:
    """All of the history was left once, and is history again."""
    await store.apply(Plan(CHAIN[19].ref, "", tuple(block.ref for block in CHAIN[:19:-1])), ())  # type: ignore[arg-type]
    assert await store.first() is None
    assert await store.extend(stretch(CHAIN[15:25]))
    assert await heights(store) == list(range(15, 25))


async def test_miners_stay_with_their_blocks(store: Store) -> None:
    judged = [
        replace(each, attribution=replace(each.attribution, miner=f"m{at}"))
        for at, each in enumerate(judge(CHAIN[10:20]))
    ]
    made = RowBatch.of(judged)
    assert len(made.attributions) == 1
    assert made.first_height == 10
    await store.extend(made)
    assert [row.miner for row in await store.recent(list, seconds=0, count=1000)][:10] == [f"m{at}" for at in range(10)]


@pytest.mark.parametrize("empty_database", ["sqlite"], indirect=True)
async def test_more_of_the_database_is_in_memory_while_it_grows(store: Store) -> None:
    async def cached() -> int:
        found: int = await store._write(  # noqa: SLF001 -- it is a property of that connection
            lambda connection: connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
        )
        return found

    async with store.extending():
        assert await cached() == -32_768
        await store.extend(stretch(CHAIN[10:20]))
    assert await cached() == -500


async def test_what_is_wanted_is_remembered_and_the_last_word_counts(store: Store, url: str) -> None:
    assert (await store.wanted(), await store.gap()) == (None, None)
    await store.note_gap("pruned")
    async with await Store.open(url, beside=True) as other:
        assert await other.gap() == "pruned"
        await other.want(7)
    assert (await store.wanted(), await store.gap()) == (7, None)
    await store.want(9)
    assert await store.wanted() == 9


async def test_a_word_from_beside_and_blocks_wait_for_each_other(store: Store, url: str) -> None:
    """Neither is refused because the other wrote between its first question and its first row."""

    async def follow() -> None:
        tip = CHAIN[-1].ref
        for _ in range(200):
            block = block_on(tip)
            await store.apply(Plan(tip, block.hash, connects=(block,)), judge([block], f"pool{block.height}"))
            tip = block.ref

    async with await Store.open(url, beside=True) as other:

        async def want() -> None:
            for height in range(200):
                await other.want(height)

        await asyncio.gather(follow(), want())
    assert (await store.tip() or BlockRef(0, CHAIN[0].hash)).height == 229
    assert await store.wanted() == 199
