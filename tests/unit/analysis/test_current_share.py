"""The share now, and how long it stays true."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.analysis import POOL, BlockTable, Level
from monitor.analysis.counting.levels import Nameless
from monitor.analysis.uncertainty.current_share import (
    AHEAD,
    BIN,
    FORTNIGHT,
    MOST_BINS,
    current_shares,
    intervals,
    posterior,
    posteriors,
)
from monitor.model import BlockRow, CurrentShare, PoolSlug, Window

HALF_A_YEAR = MOST_BINS
ALL = [Window.parse("7d"), Window.parse("999999b")]
EASY = 0x1D00FFFF


def chain(pools: NDArray[np.int64]) -> BlockTable:
    rows = (BlockRow(h, 600 * h, EASY, PoolSlug(f"p{pool}") if pool >= 0 else None) for h, pool in enumerate(pools))
    return BlockTable.of(
        rows, (POOL, Level("half", lambda row: None if row.pool in {None, PoolSlug("p0")} else "rest"))
    )


def shares(table: BlockTable, windows: Sequence[Window] = ALL) -> tuple[CurrentShare, ...]:
    return current_shares(posteriors(table, windows))


def totals(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.full(len(counts), BIN)


def test_a_constant_share_is_found() -> None:
    chance = np.random.default_rng(1)
    counts = chance.multinomial(BIN, [0.3, 0.7], size=HALF_A_YEAR)
    found = posterior(counts, totals(counts))
    assert found.share == pytest.approx([0.3, 0.7], abs=0.03)
    assert (found.blocks > 3000).all()


def test_a_share_that_halved_a_month_ago_is_half() -> None:
    chance = np.random.default_rng(2)
    counts = np.vstack([chance.multinomial(BIN, mix, size=many) for mix, many in (((0.4, 0.6), 43), ((0.2, 0.8), 9))])
    found = posterior(counts, totals(counts))
    assert found.share[0] == pytest.approx(0.2, abs=0.03)


def test_shares_that_drift_faster_are_known_less_well() -> None:
    chance = np.random.default_rng(3)
    known = []
    for drift in (0.0, 0.05, 0.15):
        odds = np.exp(np.cumsum(chance.normal(0, drift, HALF_A_YEAR)))
        counts = chance.binomial(BIN, odds / (2 + odds))[:, None]
        known.append(posterior(counts, totals(counts)).blocks.item())
    assert known[0] > known[1] > known[2]


def test_intervals_hold_what_comes_while_shares_drift() -> None:
    chance, held = np.random.default_rng(4), []
    for _ in range(60):
        odds = np.array([0.3, 0.2, 0.15, 0.1, 0.1, 0.1, 0.05]) * np.exp(
            np.cumsum(chance.normal(0, 0.02, (HALF_A_YEAR + AHEAD, 7)), axis=0)
        )
        shares = odds / odds.sum(axis=1, keepdims=True)
        counts = np.array([chance.multinomial(BIN, mix) for mix in shares[:HALF_A_YEAR]])
        lower, upper = intervals(*posterior(counts, totals(counts))[:2])
        coming = shares[HALF_A_YEAR:].mean(axis=0)
        held.append((lower <= coming) & (coming <= upper))
    assert 0.92 < np.mean(held) < 0.99


def test_every_level_has_its_entities_largest_first() -> None:
    pools = np.random.default_rng(5).choice([0, 1, 2, -1], size=5000, p=[0.3, 0.4, 0.2, 0.1])
    found = shares(chain(pools))
    assert [(each.level, each.entity) for each in found] == [
        ("pool", "p1"), ("pool", "p0"), ("pool", "p2"), ("half", "rest")
    ]  # fmt: skip
    for each, share in zip(found, (0.4, 0.3, 0.2, 0.6), strict=True):
        assert 0 < each.blocks.lower < each.lower < each.share < each.upper < each.blocks.upper < 1
        assert each.lower < share < each.upper


@pytest.mark.parametrize("blocks", [1, 5, BIN, BIN + 1, 3 * AHEAD * BIN, FORTNIGHT])
def test_a_short_history_knows_less(blocks: int) -> None:
    [found] = [each for each in shares(chain(np.zeros(blocks, np.int64))) if each.level == "pool"]
    assert 0 <= found.lower <= found.share <= found.upper <= 1
    assert found.evidence <= blocks + 1


def test_no_blocks_have_no_shares() -> None:
    assert shares(BlockTable((POOL,))) == ()
    assert shares(chain(np.full(10, -1))) == ()


def test_only_half_a_year_counts() -> None:
    pools = np.ones(HALF_A_YEAR * BIN + 300, np.int64)
    pools[:300] = 0
    assert [each.entity for each in shares(chain(pools)) if each.level == "pool"] == ["p1"]


def test_what_no_window_covers_does_not_count() -> None:
    pools = np.ones(3000, np.int64)
    pools[:1000] = 0
    found = shares(chain(pools), [Window.parse("2000b"), Window.parse("1d")])
    assert [each.entity for each in found if each.level == "pool"] == ["p1"]


def test_pools_of_an_unknown_entity_have_no_share_together_or_alone() -> None:
    rows = [BlockRow(h, 600 * h, EASY, PoolSlug("abc"[h % 3])) for h in range(300)]
    home = Level("home", lambda row: "here" if row.pool == "a" else Nameless(PoolSlug(row.pool or "")))

    found = shares(BlockTable.of(rows, (POOL, home)))

    assert [each.entity for each in found if each.level == "home"] == ["here"]
    assert next(each.share for each in found if each.entity == "here") == pytest.approx(1 / 3, abs=0.02)
