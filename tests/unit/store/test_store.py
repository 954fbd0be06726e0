"""What is stored is whole, and comes back as it was."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import pytest
from sqlalchemy import Engine, event
from support.databases import ask
from support.fake_chain import BEFORE_ALL, SPACING, START, block_on, chain_on, judge

from monitor.errors import StoreError, StoreRefused
from monitor.model import (
    NO_BLOCK,
    Attribution,
    Block,
    BlockHash,
    BlockRecord,
    BlockRef,
    BlockRow,
    Candidate,
    Coinbase,
    Confidence,
    Judged,
    Method,
    Output,
    Plan,
    PoolSlug,
)
from monitor.store.store import Store


def plan(onto: BlockRef, connects: list[Block], left: list[Block] | None = None) -> Plan:
    return Plan(onto, NO_BLOCK, tuple(block.ref for block in reversed(left or [])), tuple(connects))


async def step(
    store: Store, onto: BlockRef, connects: list[Block], *, left: list[Block] | None = None, pool: str | None = "toy"
) -> list[PoolSlug | None]:
    return await store.apply(plan(onto, connects, left), judge(connects, pool))


async def filled(store: Store, length: int = 10) -> list[Block]:
    chain = chain_on(BEFORE_ALL, length)
    await step(store, BEFORE_ALL, chain)
    return chain


async def rows(store: Store) -> set[tuple[BlockHash, bool]]:
    """Every block, and whether it is stale."""
    return {(record.judged.block.hash, record.stale) for record in await store.blocks(10**6)}


# -- coming and going --------------------------------------------------------------------------------------------------


async def test_an_empty_store_knows_nothing(store: Store) -> None:
    assert await store.tip() is None
    assert await store.first() is None
    assert await store.recent(list, seconds=10**9, count=10**9) == []
    assert await store.blocks(10) == []
    assert await store.block(NO_BLOCK) is None
    assert await store.below(BlockRef(7, NO_BLOCK)) is None


async def test_blocks_join(store: Store) -> None:
    chain = await filled(store)
    assert await store.tip() == chain[-1].ref
    assert await store.first() == chain[0].ref
    assert await store.below(chain[5].ref) == chain[4].ref
    assert await store.below(chain[0].ref) is None
    assert await rows(store) == {(block.hash, False) for block in chain}


async def test_history_may_begin_anywhere(store: Store) -> None:
    chain = chain_on(BEFORE_ALL, 10)
    await step(store, chain[6].ref, chain[7:])
    assert await store.first() == chain[7].ref
    assert await store.below(chain[7].ref) is None


async def test_an_empty_plan_changes_nothing(store: Store) -> None:
    assert await store.apply(plan(BlockRef(99, NO_BLOCK), []), ()) == []
    assert await store.tip() is None


async def test_blocks_that_leave_stay_as_stale(store: Store) -> None:
    chain = await filled(store)
    other = chain_on(chain[6].ref, 4)
    losers = await step(store, chain[6].ref, other, left=chain[7:], pool="rival")
    assert losers == ["toy"] * 3
    assert await store.tip() == other[-1].ref
    assert await store.below(other[0].ref) == chain[6].ref
    stale = {(block.hash, True) for block in chain[7:]}
    assert await rows(store) == stale | {(block.hash, False) for block in (*chain[:7], *other)}


async def test_the_losers_are_named(store: Store) -> None:
    chain = chain_on(BEFORE_ALL, 3)
    for block, pool in zip(chain, ["a", None, "b"], strict=True):
        await step(store, BlockRef(block.height - 1, block.header.parent), [block], pool=pool)
    assert sorted(map(str, await step(store, BEFORE_ALL, [], left=chain))) == ["None", "a", "b"]


async def test_leaving_alone_is_a_step(store: Store) -> None:
    chain = await filled(store)
    assert len(await step(store, chain[4].ref, [], left=chain[5:])) == 5
    assert await store.tip() == chain[4].ref
    assert [row.height for row in await store.recent(list, seconds=0, count=100)] == [0, 1, 2, 3, 4]


async def test_a_stale_block_may_come_back(store: Store) -> None:
    chain = await filled(store)
    other = chain_on(chain[7].ref, 3)
    await step(store, chain[7].ref, other, left=chain[8:])
    await step(store, chain[7].ref, chain[8:], left=other, pool="judged anew")
    assert await store.tip() == chain[-1].ref
    back = await store.block(chain[9].hash)
    assert back is not None
    assert (back.stale, back.judged.attribution.pool) == (False, "judged anew")
    assert {found for found, stale in await rows(store) if stale} == {block.hash for block in other}
    assert len(await rows(store)) == 13


async def test_a_history_can_be_left_whole(store: Store) -> None:
    chain = await filled(store)
    other = chain_on(BlockRef(4, BlockHash("ab" * 32)), 3)
    assert len(await step(store, BlockRef(4, BlockHash("ab" * 32)), other, left=chain)) == 10
    assert (await store.first(), await store.tip()) == (other[0].ref, other[-1].ref)


async def test_below_never_leads_onto_a_stale_block(store: Store) -> None:
    """A history that began anew may stand on a block that is stored, but not part of it."""
    chain = await filled(store)
    await step(store, BEFORE_ALL, [], left=chain)
    [above] = chain_on(chain[3].ref, 1)
    await step(store, chain[3].ref, [above])
    assert await store.below(above.ref) is None


async def test_more_blocks_leave_than_a_statement_has_parameters(store: Store) -> None:
    chain = await filled(store, 1300)
    assert len(await step(store, chain[9].ref, [], left=chain[10:])) == 1290
    assert await store.tip() == chain[9].ref


# -- what does not fit is refused, whole -------------------------------------------------------------------------------


@pytest.mark.parametrize("onto", [0, 8])
async def test_a_step_onto_another_block_than_the_tip_is_refused(store: Store, onto: int) -> None:
    chain = await filled(store)
    with pytest.raises(StoreError, match=r"the plan continues from .*, but the store ends at .*; start again"):
        await step(store, chain[onto].ref, chain_on(chain[onto].ref, 1))
    assert await store.tip() == chain[9].ref


@pytest.mark.parametrize("left", [slice(7, 9), slice(8, 9), slice(7, 10, 2)])
async def test_leaving_other_blocks_than_the_highest_is_refused(store: Store, left: slice) -> None:
    chain = await filled(store)
    before = await rows(store)
    with pytest.raises(StoreError, match="the plan continues from"):
        await step(store, chain[6].ref, chain_on(chain[6].ref, 2), left=chain[left])
    assert await rows(store) == before


async def test_a_stale_block_cannot_leave_again(store: Store) -> None:
    chain = await filled(store)
    await step(store, chain[8].ref, [], left=chain[9:])
    assert await step(store, chain[7].ref, [], left=chain[8:]) == ["toy"]


async def test_blocks_that_were_not_judged_are_refused(store: Store) -> None:
    chain = chain_on(BEFORE_ALL, 2)
    with pytest.raises(AssertionError, match="not those of the plan"):
        await store.apply(plan(BEFORE_ALL, chain), judge(chain[:1]))
    assert await store.tip() is None


BAD: dict[str, dict[str, object]] = {"no time": {"time": None}, "no root": {"merkle_root": None}}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("at", [0, 2, 4])
async def test_a_step_that_fails_half_way_leaves_nothing(store: Store, bad: str, at: int) -> None:
    chain = await filled(store)
    before = await rows(store)
    coming = chain_on(chain[6].ref, 5)
    coming[at] = replace(coming[at], header=replace(coming[at].header, **BAD[bad]))  # type: ignore[arg-type]
    with pytest.raises(StoreError, match=r"(?i)not.null"):
        await step(store, chain[6].ref, coming, left=chain[7:], pool="new")
    assert await rows(store) == before
    assert await store.tip() == chain[-1].ref


async def test_the_database_itself_refuses_a_fork(store: Store) -> None:
    chain = await filled(store)
    before = await rows(store)
    twins = [*chain_on(chain[9].ref, 1), *chain_on(chain[9].ref, 1)]
    with pytest.raises(StoreError, match=r"(?i)unique constraint"):
        await step(store, chain[9].ref, twins)
    assert await rows(store) == before


async def test_a_judgement_that_was_rolled_back_is_written_again(store: Store) -> None:
    """Its row number is another's by then, or nobody's."""
    chain = chain_on(BEFORE_ALL, 2)
    broken = [chain[0], replace(chain[1], tx_count=None)]  # type: ignore[arg-type]
    with pytest.raises(StoreError, match=r"(?i)not.null"):
        await step(store, BEFORE_ALL, broken, pool="first")
    await step(store, BEFORE_ALL, chain[:1], pool="second")
    await step(store, chain[0].ref, chain[1:], pool="first")
    assert [row.pool for row in await store.recent(list, seconds=0, count=9)] == ["second", "first"]


async def test_a_commit_that_fails_is_forgotten_too(store: Store) -> None:
    [block] = chain_on(BEFORE_ALL, 1)
    await store.note_network("regtest")

    def fail(_connection: object) -> None:
        raise RuntimeError("power cut")

    event.listen(Engine, "commit", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        await step(store, BEFORE_ALL, [block])
    event.remove(Engine, "commit", fail)
    assert await store.tip() is None
    await step(store, BEFORE_ALL, [block])
    assert [row.pool for row in await store.recent(list, seconds=0, count=9)] == ["toy"]


@pytest.mark.parametrize("empty_database", ["sqlite"], indirect=True)
async def test_a_full_disk_is_said_and_costs_nothing(store: Store) -> None:
    chain = await filled(store)
    await store._write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1"))  # noqa: SLF001 -- holds for one connection
    large = [replace(block, coinbase=Coinbase(bytes(10**6), ())) for block in chain_on(chain[-1].ref, 2)]
    with pytest.raises(StoreError, match=r"failed: database or disk is full; look at the disk's space"):
        await step(store, chain[-1].ref, large)
    assert await store.tip() == chain[-1].ref


# -- as it was ---------------------------------------------------------------------------------------------------------


async def test_a_record_comes_back_as_it_went_in(store: Store) -> None:
    block = block_on(BEFORE_ALL, tx_count=66_666)
    block = replace(
        block,
        header=replace(block.header, version=-(2**31), time=2**32 - 1, bits=2**32 - 1, nonce=2**32 - 1),
        coinbase=Coinbase(
            bytes(range(256)),
            (Output(0, b""), Output(20_999_999 * 10**8, b"\x00'\";--\xff" * 50), Output(1, bytes(70_000))),
            version=-1,
            sequence=0,
            locktime=2**32 - 1,
        ),
    )
    candidates = (
        Candidate(PoolSlug("a"), Method.ADDRESS, "bc1q'); DROP TABLE blocks; --"),
        Candidate(PoolSlug("b"), Method.TAG, "七彩神仙鱼 🐟 \x00 \N{RIGHT-TO-LEFT OVERRIDE}"),
    )
    judged = Judged(
        block,
        Attribution(
            PoolSlug("a"),
            Method.ADDRESS,
            '"\\\n\x00',
            conflict=True,
            candidates=candidates,
            registry="0123456789abcdef",
            miner="miner\x00🐟",
            confidence=Confidence.MEDIUM,
        ),
    )
    await store.apply(plan(BEFORE_ALL, [block]), [judged])
    judged = replace(judged, attribution=replace(judged.attribution, evidence='"\\\n␀', miner="miner␀🐟"))
    assert await store.block(block.hash) == BlockRecord(judged, stale=False)
    assert await store.blocks(1) == [BlockRecord(judged, stale=False)]


async def test_unknown_stays_unknown(store: Store) -> None:
    [block] = chain_on(BEFORE_ALL, 1)
    await step(store, BEFORE_ALL, [block], pool=None)
    record = await store.block(block.hash)
    assert record is not None
    assert (record.judged.attribution.pool, record.judged.attribution.method) == (None, None)
    assert [row.pool for row in await store.recent(list, seconds=0, count=1)] == [None]


async def test_equal_attributions_share_a_row(url: str) -> None:
    tip = BEFORE_ALL
    for _ in range(2):  # also after a restart, when none is in memory
        async with await Store.open(url) as store:
            for _ in range(2):
                await step(store, tip, chain := chain_on(tip, 5))
                tip = chain[-1].ref
    assert ask(url, "SELECT count(*) FROM attributions") == [(1,)]


async def test_the_number_of_cached_attributions_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.store.attribution_ids._MAX_CACHED", 3)
    tip = BEFORE_ALL
    for pool in [*"abcdefg", *"abcdefg"]:
        [block] = chain_on(tip, 1)
        await step(store, tip, [block], pool=pool)
        tip = block.ref
        assert len(store._ids._ids) <= 3  # noqa: SLF001 -- only memory shows it
    assert "".join(str(row.pool) for row in await store.recent(list, seconds=0, count=99)) == "abcdefg" * 2


# -- questions ---------------------------------------------------------------------------------------------------------


async def test_recent_by_count(store: Store) -> None:
    chain = await filled(store, 10)
    found = await store.recent(list, seconds=0, count=3)
    assert [row.height for row in found] == [6, 7, 8, 9]
    tip = found[-1]
    assert (tip.height, tip.time, tip.bits, tip.pool) == (9, chain[-1].header.time, chain[-1].header.bits, "toy")
    assert len(await store.recent(list, seconds=0, count=10**9)) == 10


async def test_recent_by_time_excludes_its_beginning(store: Store) -> None:
    await filled(store, 10)
    assert [row.height for row in await store.recent(list, seconds=2 * SPACING, count=0)] == [7, 8, 9]
    assert [row.height for row in await store.recent(list, seconds=2 * SPACING + 1, count=0)] == [6, 7, 8, 9]


async def test_recent_covers_both(store: Store) -> None:
    await filled(store, 20)
    assert len(await store.recent(list, seconds=5 * SPACING, count=2)) == 6
    assert len(await store.recent(list, seconds=2 * SPACING, count=5)) == 6


async def test_recent_begins_below_every_block_of_the_span_whatever_their_order(store: Store) -> None:
    minutes = [0, 60, 15, 100, 30, 110, 40, 120]
    tip = BEFORE_ALL
    for minute in minutes:
        block = block_on(tip, time=START + 60 * minute)
        await step(store, tip, [block])
        tip = block.ref
    found = await store.recent(list, seconds=61 * 60, count=0)
    assert [row.height for row in found] == list(range(8))
    assert [row.height for row in await store.recent(list, seconds=21 * 60, count=0)] == [2, 3, 4, 5, 6, 7]


async def test_it_is_closed_only_after_a_reading_for_which_nobody_waits_any_more(url: str) -> None:
    """Otherwise its connection would stay open, for whoever collects the garbage."""
    begun, go_on = Event(), Event()

    def read(rows: Iterator[BlockRow]) -> list[BlockRow]:
        begun.set()
        go_on.wait()
        return list(rows)

    async def close() -> None:
        async with store:
            pass

    store = await Store.open(url)
    reading = asyncio.create_task(store.recent(read, seconds=0, count=3))
    await asyncio.to_thread(begun.wait)
    reading.cancel()
    closing = asyncio.create_task(close())
    done, _ = await asyncio.wait({closing}, timeout=0.2)
    go_on.set()
    await closing
    assert not done


async def test_recent_when_the_tip_is_not_the_latest(store: Store) -> None:
    late, tip = block_on(BEFORE_ALL, time=START + 7200), None
    tip = block_on(late.ref, time=START)
    await step(store, BEFORE_ALL, [late, tip])
    assert [row.height for row in await store.recent(list, seconds=0, count=0)] == [0, 1]


async def test_recent_skips_stale_blocks(store: Store) -> None:
    chain = await filled(store, 10)
    await step(store, chain[7].ref, chain_on(chain[7].ref, 2), left=chain[8:], pool="rival")
    assert [row.pool for row in await store.recent(list, seconds=0, count=2)] == ["toy", "rival", "rival"]


async def test_blocks_are_listed_from_the_highest_stale_ones_second(store: Store) -> None:
    chain = await filled(store, 4)
    other = chain_on(chain[1].ref, 3)
    await step(store, chain[1].ref, other, left=chain[2:])
    expected = [other[2], other[1], chain[3], other[0], chain[2], chain[1], chain[0]]
    assert [record.judged.block.hash for record in await store.blocks(99)] == [block.hash for block in expected]
    assert [record.judged.block.hash for record in await store.blocks(2)] == [block.hash for block in expected[:3]]
    assert [record.judged.block.height for record in await store.blocks(3, below=3)] == [2, 2, 1]
    assert await store.blocks(3, below=0) == []


async def test_a_store_belongs_to_one_chain(store: Store) -> None:
    mine, other = BlockHash("11" * 32), BlockHash("22" * 32)
    await store.claim(mine)
    await store.claim(mine)
    with pytest.raises(
        StoreRefused, match=f"with genesis block {mine}, the node is on the one with {other}; choose another store.url"
    ):
        await store.claim(other)
    await store.claim(mine)


async def test_a_stale_block_is_told_beside_the_one_in_its_place(store: Store) -> None:
    chain = tuple(chain_on(BEFORE_ALL, 4))
    await store.apply(Plan(BEFORE_ALL, chain[-1].hash, connects=chain), judge(chain, "loser"))
    rivals = tuple(chain_on(chain[1].ref, 3))
    lost = tuple(block.ref for block in reversed(chain[2:]))
    await store.apply(Plan(chain[1].ref, rivals[-1].hash, lost, rivals), judge(rivals, "winner"))
    found = await store.stale(seconds=10**9)
    assert [(each.height, each.hash, each.pool, each.winner_pool) for each in found] == [
        (2, chain[2].hash, "loser", "winner"),
        (3, chain[3].hash, "loser", "winner"),
    ]
    assert [each.parent for each in found] == [chain[1].hash, chain[2].hash]
    assert await store.stale(seconds=0) == []


async def test_a_stale_block_above_the_tip_lost_to_nobody(store: Store) -> None:
    chain = tuple(chain_on(BEFORE_ALL, 4))
    await store.apply(Plan(BEFORE_ALL, chain[-1].hash, connects=chain), judge(chain))
    lost = (chain[3].ref,)
    await store.apply(Plan(chain[2].ref, chain[2].hash, lost), ())
    assert await store.stale(seconds=10**9) == []


async def test_pages_of_blocks_by_height_miss_none(store: Store) -> None:
    chain = tuple(chain_on(BEFORE_ALL, 6))
    await store.apply(Plan(BEFORE_ALL, chain[-1].hash, connects=chain), judge(chain))
    rivals = tuple(chain_on(chain[2].ref, 4))
    lost = tuple(block.ref for block in reversed(chain[3:]))
    await store.apply(Plan(chain[2].ref, rivals[-1].hash, lost, rivals), judge(rivals))
    for limit in range(1, 11):
        seen, below = [], None
        while page := await store.blocks(limit, below=below):
            seen += [each.judged.block.hash for each in page]
            below = page[-1].judged.block.height
        assert sorted(seen) == sorted(block.hash for block in (*chain, *rivals))
