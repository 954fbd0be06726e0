"""A history counted by the database says what counting block by block says, whatever the blocks and the question."""

import asyncio
import tempfile
from collections.abc import Sequence
from functools import partial
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from support.examples import few
from support.fake_chain import BEFORE_ALL, START, block_on
from support.history import by_hand, index

from monitor.analysis import Alone, Level
from monitor.analysis.counting.grid import MOST_POINTS, grid
from monitor.analysis.counting.levels import Entity
from monitor.analysis.share_series import ALONE, OTHERS, UNKNOWN
from monitor.analysis.time_series import INDICES, SHARES
from monitor.model import NO_BLOCK, Attribution, Block, BlockRow, Grid, Judged, Plan, PoolSlug, SeriesQuery, TimeSeries
from monitor.processing.counter import EntityLookup
from monitor.processing.history import time_series
from monitor.store.store import Store

LIMIT = 2
Found = tuple[int, str | None, str | None]
"""Seconds, pool, miner."""
SECONDS = st.integers(0, 5000) | st.integers(0, 10).map(lambda many: 500 * many)
"""Some of them the same, so that blocks lie on edges."""
BLOCKS = st.lists(
    st.tuples(SECONDS, st.sampled_from(["a", "b", "c", "solo", "ocean", None]), st.sampled_from([None, "x", "y"])),
    min_size=1,
    max_size=30,
)
SPANS = st.none() | st.integers(1, 3000) | st.sampled_from([500, 1000, 1500])
MOMENTS = st.none() | st.integers(START - 6000, START + 9000) | SECONDS.map(lambda seconds: START + seconds)
TURNS = st.lists(SECONDS.map(lambda seconds: START + seconds), max_size=4).map(sorted)


def level_of(turns: Sequence[int]) -> Level:
    """Like the real ones: dated, one pool with miners of its own, and one of miners each for himself."""

    def entity(row: BlockRow) -> Entity:
        if row.pool is None:
            return row.cluster
        if row.pool == "solo":
            return Alone.ALONE
        if row.pool == "ocean" and row.miner:
            return f"datum {row.miner}"
        return f"{row.pool} {sum(row.time >= turn for turn in turns)}"

    return Level("pool", entity, turns, {"ocean"})


def name(height: int) -> str | None:
    return "unknown-1234" if height % 3 == 0 else None


async def asked_of_a_store(found: Sequence[Found], level: Level, questions: Sequence[SeriesQuery]) -> list[TimeSeries]:
    blocks: list[Block] = []
    for time, _, _ in found:
        blocks.append(block_on(blocks[-1].ref if blocks else BEFORE_ALL, time=START + time))
    judged = [
        Judged(block, Attribution(PoolSlug(pool) if pool else None, None, "", False, (), "none", miner))  # noqa: FBT003
        for block, (_, pool, miner) in zip(blocks, found, strict=True)
    ]
    naming = EntityLookup((level,), name, 1)
    with tempfile.TemporaryDirectory() as folder:
        async with await Store.open(f"sqlite:///{folder}/blocks.sqlite") as store:
            await store.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(blocks)), judged)
            left = [block_on(blocks[-1].ref, time=START)]  # stale blocks are no part of it
            await store.apply(
                Plan(blocks[-1].ref, NO_BLOCK, connects=tuple(left)), [Judged(left[0], judged[0].attribution)]
            )
            await store.apply(Plan(blocks[-1].ref, NO_BLOCK, disconnects=(left[0].ref,)), [])
            return [await store.reading(partial(time_series, asked=each, entities=naming)) for each in questions]


@few
@given(BLOCKS, TURNS, SPANS, SPANS, MOMENTS, MOMENTS)
@example([*3 * [(0, "a", None)], (0, "solo", None), (0, None, None)], [], None, None, None, None)  # one unknown block
def test_every_number_is_that_of_counting_block_by_block(
    found: list[Found], turns: list[int], window: int | None, step: int | None, first: int | None, last: int | None
) -> None:
    if first is not None and first > (START + found[-1][0] if last is None else last):
        return
    asked: dict[str, Any] = {
        "window": window,
        "step": step and max(step, 10),
        "first": first,
        "last": last,
        "limit": LIMIT,
    }
    level = level_of(turns)
    metrics = [*INDICES, SHARES]
    answers = asyncio.run(asked_of_a_store(found, level, [SeriesQuery("pool", metric, **asked) for metric in metrics]))
    rows = [
        BlockRow(height, START + time, 0, PoolSlug(pool) if pool else None, miner, None if pool else name(height))
        for height, (time, pool, miner) in enumerate(found)
    ]
    points = by_hand(rows, level, answers[0].grid)

    for one in answers[:-1]:
        for reading, curve in one.series.items():
            assert curve.value == [index(point, one.metric, reading) for point in points]
    shares = answers[-1].series
    named = [entity for entity in shares if entity not in {OTHERS, UNKNOWN, ALONE}]
    assert len(named) <= LIMIT
    for at, point in enumerate(points):
        by_name = {share.entity: share for share in point.shares}
        for entity in named:
            share, curve = by_name.get(entity), shares[entity]
            assert curve.lower
            assert curve.upper
            if share:
                assert (curve.value[at], curve.lower[at], curve.upper[at]) == (share.share, share.lower, share.upper)
                assert (curve.sampling_lower, curve.sampling_upper) == (curve.lower, curve.upper)
            else:
                assert curve.value[at] == (0 if point.blocks else None)
        rest = sum(share.blocks for entity, share in by_name.items() if entity not in named)
        for entity, blocks in ((OTHERS, rest), (UNKNOWN, point.unknown), (ALONE, point.alone)):
            if entity in shares:
                assert shares[entity].value[at] == (blocks / point.blocks if point.blocks else None)
            else:
                assert not blocks


@given(st.integers(0, 10**6), st.integers(1, 10**5), st.integers(1, 100), st.integers(1, 10**6), st.data())
def test_a_block_stays_for_the_points_that_count_it(
    first: int, step: int, points: int, window: int, data: st.DataObject
) -> None:
    those = Grid(first, step, points, window)
    time = data.draw(st.integers(those.begin + 1, those.times[-1] + step))

    enter, leave = those.stay(time)

    counting = [at for at, moment in enumerate(those.times) if moment - window < time <= moment]
    assert [*range(enter, leave)] == counting


@given(SPANS, SPANS, MOMENTS, MOMENTS, st.integers(START, START + 10**9), st.integers(-7200, 10**9))
def test_a_question_has_its_points_or_is_refused(
    window: int | None, step: int | None, first: int | None, last: int | None, oldest: int, stored: int
) -> None:
    newest = oldest + max(0, stored)
    try:
        found = grid(SeriesQuery(window=window, step=step, first=first, last=last), oldest, newest)
    except ValueError:
        assert step or (first or 0) > (newest if last is None else last)
        return
    end = newest if last is None else last
    assert 1 <= found.points <= (MOST_POINTS if step else 401)
    assert found.times[0] == first if first is not None else found.times[-1] == end
    assert end - found.step < found.times[-1] <= end
    assert found.step == (step or found.step)
    assert found.window == (window or found.step)
    if first is None and found.points > 1:
        assert found.begin + 1 >= oldest
