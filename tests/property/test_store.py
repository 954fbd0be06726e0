"""The store beside a list that does the same: every answer agrees, after any steps and after opening it again."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.databases import EmptyDatabase
from support.examples import few
from support.fake_chain import BEFORE_ALL, START, Memory, block_on, judge

from monitor.model import (
    NO_BLOCK,
    Attribution,
    Block,
    BlockRecord,
    BlockRow,
    Candidate,
    Coinbase,
    Header,
    Judged,
    Method,
    Output,
    Plan,
    PoolSlug,
)
from monitor.store.reading import Reading
from monitor.store.store import Store
from monitor.wire import MAX_MONEY_SAT

on_either_engine = settings(few, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""The fixture only makes databases, one for each example."""
Step: TypeAlias = tuple[list[int], int, str | None, bool]
"""Header times of the blocks that join, how many leave first, who mines, whether the last that left come back."""
STEPS = st.tuples(
    st.lists(st.integers(0, 20_000), max_size=8), st.integers(0, 9), st.sampled_from(["a", "b", None]), st.booleans()
)
UINT32 = st.integers(0, 2**32 - 1)
INT32 = st.integers(-(2**31), 2**31 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
SLUGS = TEXT.map(PoolSlug)


def planned(memory: Memory, step: Step) -> Plan:
    times, depth, _, back = step
    leaving = memory.chain[max(len(memory.chain) - depth, 0) :][::-1]
    kept = memory.chain[: len(memory.chain) - len(leaving)]
    below = kept[-1].ref if kept else BEFORE_ALL
    joining: list[Block] = []
    if back:  # a branch that went stale before, as far as it stands on what is kept
        stale = [block for block in memory.known.values() if block not in memory.chain and block not in leaving]
        for block in stale:
            if block.header.parent == (joining[-1].hash if joining else below.hash):
                joining.append(block)
    for time in times:
        joining.append(block_on(joining[-1].ref if joining else below, time=START + time))
    return Plan(below, NO_BLOCK, tuple(block.ref for block in leaving), tuple(joining))


def expected_recent(memory: Memory, pools: dict[str, str | None], seconds: int, count: int) -> list[BlockRow]:
    chain = memory.chain
    if not chain:
        return []
    inside = [at for at, block in enumerate(chain) if block.header.time > chain[-1].header.time - seconds]
    lowest = min([*inside, len(chain) - count])
    return [
        BlockRow(block.height, block.header.time, block.header.bits, _slug(pools[block.hash]))
        for block in chain[max(lowest - 1, 0) :]
    ]


def _slug(pool: str | None) -> PoolSlug | None:
    return None if pool is None else PoolSlug(pool)


def _through(reading: Reading, *, lowest: int, highest: int) -> list[tuple[str, bool, str | None]]:
    return [(each.hash, each.stale, each.row.pool) for each in reading.blocks(lowest, highest, stale=True)]


def counted(rows: Sequence[BlockRow]) -> list[BlockRow]:
    """Only what the list knows too."""
    return [BlockRow(row.height, row.time, row.bits, row.pool) for row in rows]


@given(
    steps=st.lists(STEPS, max_size=8),
    questions=st.lists(st.tuples(st.integers(0, 25_000), st.integers(0, 30)), max_size=3),
)
@on_either_engine
def test_the_store_answers_as_a_list_does(
    steps: list[Step], questions: list[tuple[int, int]], empty_database: EmptyDatabase
) -> None:
    async def live(url: str) -> None:
        memory = Memory()
        pools: dict[str, str | None] = {}
        async with await Store.open(url) as store:
            for step in steps:
                plan = planned(memory, step)
                losers = await store.apply(plan, judge(plan.connects, step[2]))
                assert sorted(map(str, losers)) == sorted(str(pools[ref.hash]) for ref in plan.disconnects)
                memory.apply(plan)
                pools |= {block.hash: step[2] for block in plan.connects}
                await compare(store, memory)
            for seconds, count in questions:
                found = counted(await store.recent(list, seconds=seconds, count=count))
                assert found == expected_recent(memory, pools, seconds, count)
                found_through = await store.reading(partial(_through, lowest=count, highest=count + seconds % 7))
                assert found_through == [
                    (block.hash, block not in memory.chain, pools[block.hash])
                    for block in sorted(
                        memory.known.values(), key=lambda block: (block.height, block not in memory.chain)
                    )
                    if count <= block.height <= count + seconds % 7
                ]
        async with await Store.open(url) as store:
            await compare(store, memory)

    with empty_database() as url:
        asyncio.run(live(url))


async def compare(store: Store, memory: Memory) -> None:
    assert await store.tip() == memory.tip
    assert await store.first() == (memory.chain[0].ref if memory.chain else None)
    for block in (memory.chain[:1] + memory.chain[1:2] + memory.chain[-1:]) or []:
        assert await store.below(block.ref) == await memory.below(block.ref)
    records = await store.blocks(10_000)
    assert {(record.judged.block.hash, record.stale) for record in records} == {
        (block.hash, block not in memory.chain) for block in memory.known.values()
    }
    assert [record.judged.block.height for record in records] == sorted(
        (block.height for block in memory.known.values()), reverse=True
    )


HEADERS = st.builds(
    Header, hash=st.just(block_on(BEFORE_ALL).hash), version=INT32, parent=st.just(NO_BLOCK),
    merkle_root=st.binary(min_size=32, max_size=32), time=UINT32, bits=UINT32, nonce=UINT32,
)  # fmt: skip
OUTPUTS = st.builds(Output, st.integers(0, MAX_MONEY_SAT // 4), st.binary(max_size=80))
COINBASES = st.builds(
    Coinbase, st.binary(max_size=110), st.lists(OUTPUTS, max_size=4).map(tuple),
    version=INT32, sequence=UINT32, locktime=UINT32,
)  # fmt: skip
ATTRIBUTIONS = st.builds(
    Attribution, st.none() | SLUGS, st.none() | st.sampled_from(Method), TEXT, conflict=st.booleans(),
    candidates=st.lists(st.builds(Candidate, SLUGS, st.sampled_from(Method), TEXT), max_size=3).map(tuple),
    registry=TEXT, miner=st.none() | TEXT,
)  # fmt: skip
RECORDS = st.builds(
    Judged, st.builds(Block, st.just(0), HEADERS, st.integers(1, 66_666), COINBASES), ATTRIBUTIONS
)  # fmt: skip


@given(records=st.lists(RECORDS, min_size=1, max_size=10))
@on_either_engine
def test_every_record_comes_back_as_it_went_in(records: list[Judged], empty_database: EmptyDatabase) -> None:
    """One block, judged again and again."""
    records = [replace(each, block=records[0].block) for each in records]

    async def live(url: str) -> None:
        ref = records[0].block.ref
        async with await Store.open(url) as store:
            for record in records:
                await store.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=(record.block,)), [record])
                assert await store.block(ref.hash) == BlockRecord(record, stale=False)
                await store.apply(Plan(BEFORE_ALL, NO_BLOCK, disconnects=(ref,)), ())
                assert await store.block(ref.hash) == BlockRecord(record, stale=True)

    with empty_database() as url:
        asyncio.run(live(url))
