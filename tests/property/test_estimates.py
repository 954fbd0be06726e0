"""What holds of the estimates whatever the counts are."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.examples import few

from monitor.analysis import POOL, BlockTable, concentration, estimate, estimated, snapshot, surplus
from monitor.analysis.uncertainty.change_points import BIN
from monitor.analysis.uncertainty.changes import changes
from monitor.analysis.uncertainty.intervals import probabilities_above, rate_factors
from monitor.model import BlockHash, BlockRow, Estimates, IndexIntervals, PoolSlug, Tally, Window

WINDOW = Window.parse("1b")
KNOWN = st.dictionaries(st.text(min_size=1), st.integers(1, 3000), max_size=15)


@given(KNOWN, st.integers(0, 300), st.integers(0, 300))
def test_split_is_the_less_concentrated_reading(known: dict[str, int], unknown: int, alone: int) -> None:
    found = estimate(concentration(known, unknown, alone=alone, level="pool", window=WINDOW), seed=[1])
    if found.split is None or found.merged is None:
        assert sum(known.values()) + unknown + alone < 2
        return
    for likely in (found.split, found.merged):
        bounds(likely)
    assert found.split.hhi.lower <= found.merged.hhi.lower
    assert found.split.hhi.upper <= found.merged.hhi.upper
    assert found.split.nakamoto.lower >= found.merged.nakamoto.lower
    assert found.split.nakamoto.upper >= found.merged.nakamoto.upper


def bounds(likely: IndexIntervals) -> None:
    assert 0 <= likely.hhi.lower <= likely.hhi.upper <= 10_000
    assert 1 <= likely.nakamoto.lower <= likely.nakamoto.upper
    assert sum(likely.nakamoto_probability.values()) == pytest.approx(1)
    assert likely.nakamoto.lower <= max(likely.nakamoto_probability)
    assert min(likely.nakamoto_probability) <= likely.nakamoto.upper


@given(
    st.dictionaries(st.text("abcdefgh", min_size=1, max_size=1), st.integers(1, 5)),
    st.integers(0, 4),
    st.integers(0, 4),
)
@example({"a": 3}, 0, 0)
@example(dict.fromkeys("abcdefgh", 2), 0, 0)
@example({}, 4, 0)
def test_a_sampling_interval_holds_what_was_counted(known: dict[str, int], unknown: int, alone: int) -> None:
    one = concentration(known, unknown, alone=alone, level="pool", window=WINDOW)
    found = estimate(one, seed=[1])
    for share in one.shares:
        assert share.lower <= share.share <= share.upper
    for likely, counted in ((found.split, one.split), (found.merged, one.merged)):
        if likely is None:
            assert one.blocks < 2
            continue
        assert counted
        for interval, value in (
            (likely.hhi, counted.headline_hhi),
            (likely.nakamoto, counted.nakamoto),
            (likely.effective_entities, counted.effective_entities),
            (likely.entropy_bits, counted.entropy_bits),
            *((likely.top_share[n], counted.top_share[n]) for n in (1, 2, 3)),
        ):
            assert interval.lower <= value <= interval.upper


@given(st.lists(st.integers(1, 3000), max_size=15, min_size=1), st.integers(0, 300))
def test_names_make_no_difference(sizes: list[int], unknown: int) -> None:
    one, other = (
        estimate(concentration(dict(zip(names, sizes, strict=False)), unknown, level="pool", window=WINDOW), seed=[1])
        for names in ("abcdefghijklmno", "ponmlkjihgfedcb")
    )
    assert one == other


@given(st.integers(1, 5000), st.data())
def test_a_higher_threshold_is_exceeded_less_surely(total: int, data: st.DataObject) -> None:
    found = [data.draw(st.integers(0, total))]
    chances = [probabilities_above(threshold, found, total)[0] for threshold in (0.25, 1 / 3, 0.5)]
    assert 1 >= chances[0] >= chances[1] >= chances[2] >= 0


@given(st.integers(1, 10**6))
def test_the_rate_counted_is_within_its_interval(found: int) -> None:
    [(lower, upper)] = rate_factors([found])
    assert 0 < lower < 1 < upper


@few
@given(st.integers(1, 400), st.integers(0, 2**32))
def test_a_ledger_that_grows_and_forgets_estimates_what_a_new_one_estimates(batch: int, seed: int) -> None:
    rows = [BlockRow(7 + h, 600 * h, 0x1D00FFFF, PoolSlug("abc"[hash((seed, h)) % 3])) for h in range(15 * BIN)]
    windows = [Window.parse("10d"), Window.parse("100b")]
    table = BlockTable((POOL,))
    for start in range(0, len(rows), batch):
        table.extend(rows[start : start + batch])
        table.forget(surplus(table, windows))
    fresh = BlockTable.of(rows, (POOL,))
    assert estimates_of(table, windows) == estimates_of(fresh, windows)
    assert changes(table, windows, level=0) == changes(fresh, windows, level=0)


def estimates_of(table: BlockTable, windows: list[Window]) -> Estimates | None:
    tip = BlockHash("ab" * 32)
    taken = snapshot(
        table, windows, Tally(), tip_hash=tip, first_height=7, caught_up=True, registry="", pool_names={}
    )  # fmt: skip
    return estimated(taken, table, windows).estimates
