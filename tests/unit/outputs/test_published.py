"""The intervals that the page shows: never narrower than what is uncertain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from monitor.analysis import POOL, BlockTable, estimated, snapshot
from monitor.model import (
    BlockHash,
    BlockRef,
    BlockRow,
    Combined,
    Concentration,
    CurrentShare,
    Estimates,
    Interval,
    PoolSlug,
    Share,
    Snapshot,
    Tally,
    Window,
)
from monitor.outputs.web.pages.published import claim, ranges, share_rows

TIP = BlockRef(1, BlockHash("ab" * 32))
US = Share("US", 36, 0.36, lower=0.27, upper=0.46)
COUNTED = Concentration("country", Window.parse("30d"), 100, 64, shares=[US])
MAY_BE = Combined(
    "country", "30d", hhi=Interval(2000, 5000), nakamoto=Interval(1, 2),
    shares={"US": Interval(0.27, 0.56), "KZ": Interval(0.0, 0.3), "CN": Interval(0.0, 0.6)},
)  # fmt: skip


def known(*combined: Combined, current: tuple[CurrentShare, ...] = ()) -> Estimates:
    return Estimates(TIP, combined=combined, current=current)


def test_before_the_estimates_a_share_has_no_interval_unless_blocks_alone_give_it() -> None:
    (country,) = share_rows(COUNTED, None)
    (pool,) = share_rows(COUNTED._replace(level="pool"), None)

    assert (country.interval, country.sampling, country.now) == (None, None, None)
    assert (pool.interval, pool.sampling) == (Interval(0.27, 0.46), None)


def test_the_interval_is_the_combined_one_with_the_part_of_sampling_beside_it() -> None:
    us, *_ = share_rows(COUNTED, known(MAY_BE))

    assert (us.interval, us.sampling) == (Interval(0.27, 0.56), Interval(0.27, 0.46))


def test_an_entity_that_may_have_blocks_is_listed_though_none_is_counted() -> None:
    rows = share_rows(COUNTED, known(MAY_BE))

    assert [(row.entity, row.blocks) for row in rows] == [("US", 36), ("CN", 0), ("KZ", 0)]


def test_the_share_now_is_no_surer_of_memberships_than_the_window() -> None:
    now = CurrentShare("country", "US", 0.38, 0.3, 0.47, Interval(0.28, 0.5), 100.0)
    us, *_ = share_rows(COUNTED, known(MAY_BE, current=(now,)))

    assert us.now is not None
    assert (us.now.share, us.now.lower, us.now.upper) == pytest.approx((0.38, 0.3, 0.57))


def counted(*windows: str) -> Snapshot:
    rows = [BlockRow(at, 1_700_000_000 + 7200 * at, 0x1D00FFFF, PoolSlug("aab"[at % 3])) for at in range(1200)]
    table, over = BlockTable.of(rows, [POOL]), [Window.parse(name) for name in windows]
    found = snapshot(
        table, over, Tally(), tip_hash=BlockHash("ab" * 32), first_height=0, caught_up=True, registry="", pool_names={}
    )
    return estimated(found, table, over)


def test_indices_have_no_interval_before_the_estimates() -> None:
    taken = counted("30d")

    assert ranges(taken.concentration[0], None) is None
    assert ranges(COUNTED, known()) is None


def test_at_the_level_pool_every_index_has_an_interval() -> None:
    taken = counted("30d")
    found = ranges(taken.concentration[0], taken.estimates)

    assert found is not None
    assert found.sampling is None
    assert found.entropy_bits is not None
    assert found.top_share.keys() == {1, 2, 3}
    assert found.effective_entities.lower == pytest.approx(10_000 / found.hhi.upper)


def test_at_other_levels_an_index_without_a_combined_interval_has_none() -> None:
    found = ranges(COUNTED, known(MAY_BE))

    assert found is not None
    assert (found.hhi, found.nakamoto) == (MAY_BE.hhi, MAY_BE.nakamoto)
    assert (found.entropy_bits, found.top_share) == (None, {})


@pytest.mark.parametrize(
    ("ends", "windows", "said"),
    [
        ({("origin", "30d"): 0.6, ("country", "30d"): 0.5}, ("24h", "30d", "90d"), ("30d", 0.6, 0.5)),
        ({("origin", "7d"): 0.6, ("country", "7d"): 0.5}, ("24h", "7d"), ("7d", 0.6, 0.5)),
        ({("origin", "30d"): 0.6}, ("30d",), None),
        ({}, ("30d",), None),
    ],
)
def test_the_claim_about_china_is_answered_over_30_days(
    ends: Mapping[tuple[str, str], float], windows: tuple[str, ...], said: tuple[str, float, float] | None
) -> None:
    combined = [
        replace(MAY_BE, level=level, window=window, shares={"CN": Interval(0.0, end)})
        for (level, window), end in ends.items()
    ]
    found = claim(replace(counted(*windows), estimates=known(*combined)))

    assert (found and (found.window, found.origin.upper, found.country.upper)) == said
