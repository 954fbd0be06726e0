"""Changes of shares: found when they are there, silence where there is only luck."""

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.analysis import POOL, BlockTable
from monitor.analysis.uncertainty.change_points import BIN, find
from monitor.analysis.uncertainty.changes import changes
from monitor.analysis.uncertainty.current_share import posteriors
from monitor.model import BlockRow, PoolSlug, Window

SHARES = np.array([0.3, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05])
WINDOW = Window.parse("999999b")


def counts(days: int, *, seed: int, after: NDArray[np.float64] | None = None, at: int = 0) -> NDArray[np.int64]:
    chance = np.random.default_rng(seed)
    mixes = [SHARES if after is None or day < at else after for day in range(days)]
    return np.array([chance.multinomial(BIN, mix) for mix in mixes])


def chain(bins: NDArray[np.int64], *, first: int = 0) -> BlockTable:
    pools = (f"p{pool}" for day in bins for pool in np.repeat(np.arange(len(day)), day))
    rows = (BlockRow(first + n, 600 * n, 0x1D00FFFF, PoolSlug(pool)) for n, pool in enumerate(pools))
    return BlockTable.of(rows, (POOL,))


def test_a_pool_that_loses_a_third_is_one_event() -> None:
    after = SHARES.copy()
    after[0] *= 2 / 3
    after[1:] *= (1 - after[0]) / after[1:].sum()
    founds = [find(counts(120, seed=seed, after=after, at=60)) for seed in range(10)]
    events = [[each for each in found if each.column == 0] for found in founds]
    assert all(len(found) == 1 for found in events)
    assert all(abs(event.at - 60) <= 7 for [event] in events)
    assert np.median([event.told - 60 for [event] in events]) <= 10


def test_years_of_luck_are_no_event() -> None:
    assert sum(len(find(counts(365, seed=seed))) for seed in range(8)) <= 1


def test_a_change_is_told_with_the_share_before_and_after() -> None:
    bins = np.vstack([np.full((30, 2), 72), np.tile([36, 108], (20, 1))])
    lost, won = changes(chain(bins), [WINDOW], level=0)
    assert (lost.level, lost.entity, won.entity) == ("pool", "p0", "p1")
    assert (lost.height, lost.time) == (30 * BIN, 30 * BIN * 600)
    assert lost.found_height < lost.height + 3 * BIN
    assert (lost.before.share, lost.after.share, won.before.share, won.after.share) == (0.5, 0.25, 0.5, 0.75)
    assert lost.after.upper < 0.5 < lost.before.upper


def test_only_whole_bins_count_whatever_block_the_history_begins_with() -> None:
    bins = np.vstack([np.full((30, 2), 72), np.tile([36, 108], (20, 1))])
    whole = changes(chain(bins), [WINDOW], level=0)
    shifted = chain(np.vstack([[[9, 8]], bins, [[3, 0]]]), first=BIN - 17)
    moved = changes(shifted, [WINDOW], level=0)
    assert [each.height for each in moved] == [each.height + BIN for each in whole]
    assert [each.before.blocks for each in moved] == [each.before.blocks for each in whole]


def test_a_new_pool_and_one_that_left() -> None:
    bins = np.vstack([np.tile([44, 100, 0], (30, 1)), np.tile([0, 100, 44], (20, 1))])
    left, came = changes(chain(bins), [WINDOW], level=0)
    assert (left.entity, left.after.share, came.entity, came.before.share) == ("p0", 0, "p2", 0)


def test_a_short_history_has_no_events() -> None:
    assert changes(chain(np.full((10, 2), 72)), [WINDOW], level=0) == ()
    assert changes(chain(np.array([[1, 2]])), [WINDOW], level=0) == ()


def test_the_size_of_a_change_has_a_sign_and_an_interval() -> None:
    bins = np.vstack([np.full((40, 2), 72), np.tile([36, 108], (40, 1))])
    lost, won = changes(chain(bins), [WINDOW], level=0)
    assert lost.size.lower < -0.25 < lost.size.upper < -0.2
    assert (won.size.lower, won.size.upper) == pytest.approx((-lost.size.upper, -lost.size.lower))
    assert lost.at_least == pytest.approx(-lost.size.upper) == won.at_least


def test_what_one_lost_and_another_won_is_one_change() -> None:
    bins = np.vstack([np.tile([44, 100, 0], (40, 1)), np.tile([0, 100, 44], (40, 1))])
    left, came = changes(chain(bins), [WINDOW], level=0)
    assert (left.entity, left.counterpart, came.entity, came.counterpart) == ("p0", "p2", "p2", "p0")
    assert not left.labelling


def test_changes_of_unequal_size_are_no_pair() -> None:
    bins = np.vstack([np.tile([60, 20, 30, 34], (60, 1)), np.tile([16, 40, 42, 46], (60, 1))])
    found = {each.entity: each for each in changes(chain(bins), [WINDOW], level=0)}
    lost, won = found["p0"], found["p1"]
    assert abs(lost.height - won.height) <= BIN
    assert lost.size.upper < 0 < won.size.lower
    assert -lost.size.upper > won.size.upper, "for sure more than the other won"
    assert {each.counterpart for each in found.values()} == {None}


@pytest.mark.simulation
@pytest.mark.parametrize("seed", range(6))
def test_what_the_two_of_a_pair_gained_and_lost_may_be_as_large(seed: int) -> None:
    mixes = np.random.default_rng(seed).dirichlet(3 * np.ones(5), size=4)
    bins = np.vstack([np.random.default_rng([seed, at]).multinomial(BIN, mix, size=60) for at, mix in enumerate(mixes)])
    found = changes(chain(bins), [WINDOW], level=0)
    pairs = [
        (loss, gain)
        for loss in found
        for gain in found
        if (loss.counterpart, gain.counterpart) == (gain.entity, loss.entity)
        and loss.size.upper < 0 < gain.size.lower
        and abs(loss.height - gain.height) <= 7 * BIN
    ]
    for loss, gain in pairs:
        lost, won = loss.before.share - loss.after.share, gain.after.share - gain.before.share
        assert gain.size.lower - 1e-3 <= lost <= gain.size.upper + 1e-3
        assert -loss.size.upper - 1e-3 <= won <= -loss.size.lower + 1e-3
    assert found


def test_what_all_others_share_has_no_counterpart() -> None:
    bins = np.vstack([np.tile([60, 21, 21, 21, 21], (40, 1)), np.tile([28, 29, 29, 29, 29], (40, 1))])
    found = changes(chain(bins), [WINDOW], level=0)
    assert {each.counterpart for each in found} == {None}


def test_a_change_that_the_unknown_mirror_is_one_of_labels() -> None:
    bins = np.vstack([np.tile([30, 100, 14], (40, 1)), np.tile([0, 102, 42], (20, 1))])
    pools = [None if pool == 2 else PoolSlug(f"p{pool}") for day in bins for pool in np.repeat(np.arange(3), day)]
    table = BlockTable.of((BlockRow(n, 600 * n, 0x1D00FFFF, pool) for n, pool in enumerate(pools)), (POOL,))
    [lost] = changes(table, [WINDOW], level=0)
    assert lost.labelling
    assert lost.counterpart is None


def test_before_and_after_are_those_around_the_change_not_years_of_drift() -> None:
    early, before, after = np.tile([30, 114], (100, 1)), np.tile([43, 101], (60, 1)), np.tile([101, 43], (100, 1))
    bins = np.vstack([early, before, after, np.tile([108, 36], (60, 1))])
    found = [each for each in changes(chain(bins), [WINDOW], level=0) if each.entity == "p0"][-1]
    assert (found.before.share, found.after.share) == pytest.approx((43 / 144, 101 / 144), abs=0.001)


def test_the_size_of_a_new_change_is_no_larger_than_what_lasts() -> None:
    chance, told = np.random.default_rng(9), []
    for _ in range(8):
        bins = chance.multinomial(BIN, SHARES, size=70)
        after = SHARES * np.where(np.arange(7) == 2, 1.5, (1 - 0.225) / 0.85)
        bins[60:] = chance.multinomial(BIN, after, size=10)
        seen = next((each.told for each in find(bins) if each.column == 2 and each.told >= 60), None)
        if seen is None:
            continue
        table = chain(bins[: seen + 1])
        known = posteriors(table, [WINDOW])["pool"]
        plain, shrunk = (
            next(each for each in changes(table, [WINDOW], level=0, known=some) if each.entity == "p2")
            for some in (None, known)
        )
        told.append([each.after.share - each.before.share for each in (plain, shrunk)])
    plain, shrunk = np.mean(told, axis=0)
    assert 0 < shrunk < plain
    assert shrunk < 0.075 + 0.005
