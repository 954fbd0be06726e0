"""What holds of the signals whatever the blocks are."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.rows import past, rows

from monitor.analysis import POOL, BlockTable
from monitor.analysis.consensus import ConsensusParams
from monitor.analysis.counting.rows import BIP323, version_bits
from monitor.analysis.signals.compute import signals
from monitor.analysis.signals.signalling import chance
from monitor.analysis.signals.streaks import runs
from monitor.analysis.signals.succession import counts, tail
from monitor.analysis.uncertainty.holm import holm
from monitor.model import BlockRow, PoolSlug, Signals, Window

NAMES = ("1h", "24h", "3b", "50b")
WINDOWS = [Window.parse(name) for name in NAMES]
RULES = ConsensusParams(halving_blocks=150, period_blocks=16)


@st.composite
def chains(draw: st.DrawFn) -> list[BlockRow]:
    pools = draw(st.text("abc?", min_size=1, max_size=60))
    each = {
        "version": st.sampled_from([0x2000_0000, 0x2000_0010, 0x2000_1003, 4, -1]),
        "tx_count": st.sampled_from([None, 1, 2]),
        "value_sat": st.sampled_from([None, 0, 1_250_000_000, 6_000_000_000]),
        "locktime": st.integers(995, 1060),
    }
    columns: dict[str, Any] = {name: [draw(values) for _ in pools] for name, values in each.items()}
    gaps = [draw(st.integers(-3000, 4000)) for _ in pools]
    return rows(pools, gaps=gaps, sequence=[0] * len(pools), **columns)


def of(blocks: list[BlockRow]) -> Signals:
    return signals(BlockTable.of(blocks, (POOL,)), WINDOWS, rules=RULES)


@given(chains())
def test_the_parts_are_the_whole(blocks: list[BlockRow]) -> None:
    found = of(blocks)
    within = past(blocks, *NAMES)
    for name, where in within.where.items():
        total = len(within.pool[where])
        assert sum(each.blocks for each in found.empty if each.window == name) == total
        assert sum(each.blocks for each in found.luck if each.window == name) <= total
        assert sum(each.reward_sat for each in found.rewards if each.window == name) == sum(
            value for value in within.value[where].tolist() if value >= 0
        )
    for one in (*found.signalling, *found.bip54):
        assert sum(one.pools.values()) == one.signalling <= one.blocks
    for empty in found.empty:
        assert 0 <= empty.within[10] <= empty.within[30] <= empty.within[60] <= empty.empty <= empty.blocks
    assert sum(each.blocks for each in found.periods) == len(within.pool)


@given(chains())
def test_probabilities_are_some(blocks: list[BlockRow]) -> None:
    found = of(blocks)
    numbers = [each.probability for each in found.streaks]
    numbers += [each.probability for each in found.forecasts]
    numbers += [number for each in found.following for number in (each.p_value, each.adjusted)]
    assert all(0 <= number <= 1 + 1e-12 for number in numbers)
    assert all(each.p_value <= each.adjusted for each in found.following)
    assert sum(each.blocks > 0 for each in found.streaks) <= 1


@given(chains())
def test_names_do_not_matter(blocks: list[BlockRow]) -> None:
    def renamed(row: BlockRow) -> BlockRow:
        return row if row.pool is None else replace(row, pool=PoolSlug("x" + row.pool))

    before, after = of(blocks), of([renamed(row) for row in blocks])
    assert [replace(each, pool=PoolSlug("x" + each.pool)) for each in before.luck] == list(after.luck)
    assert [replace(each, pool=PoolSlug("x" + each.pool)) for each in before.streaks] == list(after.streaks)
    assert before.spacing == after.spacing


@given(chains(), st.integers(1, 9))
def test_a_ledger_that_grew_tells_what_a_new_one_tells(blocks: list[BlockRow], step: int) -> None:
    table = BlockTable((POOL,))
    for start in range(0, len(blocks), step):
        table.extend(blocks[start : start + step])
    assert signals(table, WINDOWS, rules=RULES) == of(blocks)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=200))
def test_runs_put_together_are_what_they_were_taken_from(codes: list[int]) -> None:
    whose, lengths = runs(np.array(codes))
    assert np.repeat(whose, lengths).tolist() == codes
    assert (np.diff(whose) != 0).all()


@given(st.lists(st.integers(0, 2), min_size=1, max_size=80), st.integers(1, 30))
def test_following_more_often_is_never_more_likely(codes: list[int], stretch: int) -> None:
    seen, mean, variance = counts(np.array(codes), np.arange(len(codes)) // stretch, 2)
    assert (variance <= mean + 1e-12).all()
    assert (tail(seen + 1, mean, variance) <= tail(seen, mean, variance) + 1e-12).all()


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_more_is_never_easier_to_reach(needed: int, draws: int, seen: int, missed: int) -> None:
    def of_(needed: int) -> float:
        return chance(needed, draws, seen=seen, among=seen + missed)

    assert 0 <= of_(needed + 1) <= of_(needed) + 1e-12 <= 1 + 1e-9


@given(st.lists(st.floats(0, 1), max_size=30))
def test_corrected_p_values_keep_their_order(p_values: list[float]) -> None:
    raw = np.array(p_values)
    adjusted = holm(raw)
    assert ((adjusted >= raw) & (adjusted <= 1)).all()
    assert (np.diff(adjusted[np.argsort(raw)]) >= 0).all()


@given(st.integers(-(2**31), 2**31 - 1), st.sampled_from([(0, 13), (BIP323, 5)]))
def test_only_bits_that_miners_do_not_roll_ever_signal(version: int, since: tuple[int, int]) -> None:
    time, many = since
    bits = version_bits(version, time)
    assert 0 <= bits < 1 << many
    assert bits in (0, version & (1 << many) - 1)
