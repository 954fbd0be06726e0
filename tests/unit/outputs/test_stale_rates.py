"""Stale rates on the overview and in metrics."""

from __future__ import annotations

from dataclasses import replace

from support.rows import rows

from monitor.analysis import POOL, BlockTable, concentrate
from monitor.model import BlockHash, PoolSlug, Signals, Snapshot, StaleRate, Tally, Window
from monitor.outputs.metrics import CATALOGUE
from monitor.outputs.web.pages.stale_rates import StaleRates

BLOCKS = rows("abcab" * 4)
ONE = StaleRate(PoolSlug("a"), "20b", 8, 2, 0.4, 0.2, 0.05, 0.5, 0.15, 0.7, 1.0)
RATES = (
    ONE,
    replace(ONE, pool=PoolSlug("b"), stale=0, rate=0, lower=0, share=0.35, expected=0.2, p_value=0.3),
    replace(ONE, pool=PoolSlug("c"), stale=0, rate=0, share=0.1, p_value=None, adjusted=None),
)


def taken(*rates: StaleRate) -> Snapshot:
    windows = [Window.parse("5b"), Window.parse("20b")]
    return Snapshot(
        BLOCKS[-1], BlockHash("0" * 64), 0, caught_up=True, registry="",
        concentration=concentrate(BlockTable.of(BLOCKS, (POOL,)), windows), tally=Tally(),
        signals=Signals(stale_rates=rates),
    )  # fmt: skip


def shown(snapshot: Snapshot, window: str = "20b") -> StaleRates | None:
    return StaleRates.of(snapshot, next(each for each in snapshot.concentration if each.window.name == window))


def test_pools_without_a_stale_block_that_are_too_small_to_expect_one_are_counted() -> None:
    found = shown(taken(*RATES))
    assert found
    assert ([each.pool for each in found.rows], found.others) == (["a", "b"], 1)
    left, top, right, bottom = found.frame
    a, b = found.marks
    assert left < b.x < a.x < right
    assert top <= a.top < a.y < a.bottom < bottom == b.y == b.bottom
    assert found.theory
    assert found.theory[0] == b.x
    assert found.theory[2] == a.x
    assert [round(share, 9) for share, _ in found.share_ticks] == [0, 0.1, 0.2, 0.3, 0.4]
    assert found.rate_ticks[0] == (0, bottom)


def test_a_window_without_a_known_stale_block_shows_a_longer_one() -> None:
    found = shown(taken(*RATES), "5b")
    assert found
    assert found.window == "20b"
    assert shown(taken(), "5b") is None
    assert shown(taken(replace(ONE, window="gone")), "5b") is None


def test_nothing_is_shown_of_pools_that_are_all_too_small() -> None:
    assert shown(taken(RATES[2])) is None


def test_one_pool_has_no_line() -> None:
    found = shown(taken(ONE))
    assert found
    assert found.theory is None


def test_metrics_are_of_pools_that_are_compared() -> None:
    found = {each.name: dict(each.samples(taken(*RATES))) for each in CATALOGUE if each.name.startswith("stale_rate")}
    assert found == {
        "stale_rate_ratio": {("a", "20b"): 0.2, ("b", "20b"): 0},
        "stale_rate_lower_ratio": {("a", "20b"): 0.05, ("b", "20b"): 0},
        "stale_rate_upper_ratio": {("a", "20b"): 0.5, ("b", "20b"): 0.5},
        "stale_rate_expected_ratio": {("a", "20b"): 0.15, ("b", "20b"): 0.2},
    }
