"""What holds of the indices whatever the counts are."""

from functools import partial
from itertools import combinations
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from monitor.analysis import POOL, BlockTable, concentrate, concentration, network_hashrates, surplus
from monitor.analysis.counting.counts import Counts
from monitor.analysis.counting.windows import covered
from monitor.analysis.indices import indices
from monitor.analysis.uncertainty.intervals import share_intervals
from monitor.model import BlockRow, Indices, PoolSlug, Window

WINDOW = Window.parse("1b")
SIZES = st.lists(st.integers(1, 10**6), min_size=1, max_size=40)
close = partial(pytest.approx, rel=1e-9, abs=1e-9)


def of(sizes: list[int], *, singles: int = 0) -> Indices:
    [found] = indices(Counts.of(sizes, singles=singles))
    assert found
    return found


@given(SIZES)
def test_every_index_equals_its_textbook_definition(sizes: list[int]) -> None:
    found, n, total = of(sizes), len(sizes), sum(sizes)
    shares = np.array(sizes) / total
    assert found.hhi == close(1e4 * float((shares**2).sum()))
    assert found.effective_entities == close(1 / float((shares**2).sum()))
    assert found.entropy_bits == close(float(stats.entropy(shares, base=2)))
    assert found.theil == close(log(n) - float(stats.entropy(shares)))
    differences = float(np.abs(np.subtract.outer(sizes, sizes)).sum())
    assert found.gini == close(differences / (2 * n * total))
    if total > 1:
        assert found.hhi_unbiased is not None
        assert found.hhi_unbiased / 1e4 == close((total * found.hhi / 1e4 - 1) / (total - 1))
    for k, share in found.top_share.items():
        assert share == close(sum(sorted(sizes)[-k:]) / total)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=7))
def test_nakamoto_is_the_smallest_set_that_outvotes_the_rest(sizes: list[int]) -> None:
    smallest = min(
        k for k in range(1, len(sizes) + 1) if any(2 * sum(some) > sum(sizes) for some in combinations(sizes, k))
    )
    assert of(sizes).nakamoto == smallest


@given(SIZES)
def test_bounds(sizes: list[int]) -> None:
    found, n = of(sizes), len(sizes)
    assert 1e4 / n * (1 - 1e-12) <= found.hhi <= 1e4
    assert found.hhi_unbiased is None or 0 <= found.hhi_unbiased <= found.hhi
    assert 1 <= found.nakamoto <= n // 2 + 1
    assert 0 <= found.gini <= 1 - 1 / n
    assert 0 <= found.entropy_bits <= np.log2(n) + 1e-12
    assert 1 <= found.effective_entities <= n * (1 + 1e-12)
    assert -1e-12 <= found.theil <= log(n) + 1e-12
    assert 0 < found.top_share[1] <= found.top_share[2] <= found.top_share[3] <= 1


@given(st.data())
def test_order_and_names_do_not_matter(data: st.DataObject) -> None:
    sizes = data.draw(SIZES)
    assert of(data.draw(st.permutations(sizes))) == of(sizes)


@given(SIZES, st.integers(0, 500))
def test_single_miners_count_as_if_each_were_written_out(sizes: list[int], singles: int) -> None:
    given_as_number, written_out = of(sizes, singles=singles), of(sizes + [1] * singles)
    assert given_as_number.top_share == written_out.top_share
    for one, other in zip(given_as_number[:-1], written_out[:-1], strict=True):
        assert one is None or one == close(other)  # logarithms are added in another order


@given(SIZES, st.integers(0, 300))
def test_places_of_nobody_change_no_digit(sizes: list[int], more: int) -> None:
    assert of(sizes + [0] * more) == of(sizes)


@given(st.lists(st.integers(1, 10**4), min_size=2, max_size=20))
def test_a_merger_never_lowers_concentration(sizes: list[int]) -> None:
    apart, together = of(sizes), of([sizes[0] + sizes[1], *sizes[2:]])
    assert together.hhi >= apart.hhi
    assert together.nakamoto <= apart.nakamoto
    assert together.entropy_bits <= apart.entropy_bits + 1e-12


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 10**4), max_size=20), st.integers(0, 500))
def test_split_is_the_less_concentrated_reading(known: dict[str, int], unknown: int) -> None:
    found = concentration(known, unknown, level="pool", window=WINDOW)
    if found.split is None or found.merged is None:
        assert found.blocks == 0
        return
    assert found.split.hhi <= found.merged.hhi
    assert found.split.nakamoto >= found.merged.nakamoto
    assert found.split.entropy_bits >= found.merged.entropy_bits - 1e-12
    assert found.split.effective_entities >= found.merged.effective_entities
    assert all(found.split.top_share[n] <= found.merged.top_share[n] for n in (1, 2, 3))
    if unknown < 2:
        assert found.split == found.merged


@given(st.integers(1, 10**6), st.data())
def test_an_interval_holds_its_share(total: int, data: st.DataObject) -> None:
    found = data.draw(st.integers(0, total))
    [(lower, upper)] = share_intervals([found], total)
    assert 0 <= lower <= found / total <= upper <= 1


@given(
    st.lists(st.tuples(st.integers(-7200, 90_000), st.sampled_from([None, "a", "b", "c"])), min_size=1, max_size=60),
    st.integers(1, 10),
)
def test_a_ledger_that_grows_and_forgets_tells_what_a_new_one_tells(
    steps: list[tuple[int, str | None]], batch: int
) -> None:
    time, rows = 1_700_000_000, []
    for height, (step, pool) in enumerate(steps):
        rows.append(BlockRow(height, time + min(step, 600), 0x1D00FFFF, None if pool is None else PoolSlug(pool)))
        time += max(step, 0)
    windows = [Window.parse(name) for name in ("1h", "24h", "3d", "7b")]
    table = BlockTable((POOL,), windows)
    for start in range(0, len(rows), batch):
        table.extend(rows[start : start + batch])
        fresh = BlockTable.of(rows[: start + batch], (POOL,))
        assert concentrate(table, windows) == concentrate(fresh, windows)
        assert network_hashrates(table, windows) == network_hashrates(fresh, windows)
        for window, blocks in zip(windows, table.counts(windows).blocks[0], strict=True):
            inside = table.rows[covered(table.rows, window)]
            assert blocks.tolist() == np.bincount(inside["entity"][:, 0], minlength=len(blocks)).tolist()
        table.forget(surplus(table, windows))
