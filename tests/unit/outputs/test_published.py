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
from monitor.outputs.web.pages.claims import ClaimsView
from monitor.outputs.web.pages.published import ranges, share_rows

TIP = BlockRef(1, BlockHash("ab" * 32))
US = Share("US", 36, 0.36, lower=0.27, upper=0.46)
COUNTED = Concentration("country", Window.parse("30d"), 100, 64, shares=[US])
MAY_BE = Combined(
    "country", "30d", hhi=Interval(2000, 5000), nakamoto=Interval(1, 2),
    shares={"US": Interval(0.27, 0.56), "KZ": Interval(0.0, 0.3), "CN": Interval(0.0, 0.6)},
)  # fmt: skip


def alternatively(*combined: Combined, current: tuple[CurrentShare, ...] = ()) -> Snapshot:
    return replace(counted("30d"), estimates=Estimates(TIP, combined=combined, current=current))


def test_before_the_estimates_a_share_has_no_interval() -> None:
    (country,) = share_rows(COUNTED, replace(counted("30d"), estimates=None))

    assert (country.interval, country.sampling, country.now) == (None, None, None)


def test_the_interval_is_the_combined_one_with_the_part_of_sampling_beside_it() -> None:
    us, *_ = share_rows(COUNTED, alternatively(MAY_BE))

    assert (us.interval, us.sampling) == (Interval(0.27, 0.56), Interval(0.27, 0.46))


def test_an_entity_that_may_have_blocks_is_listed_though_none_is_counted() -> None:
    rows = share_rows(COUNTED, alternatively(MAY_BE))

    assert [(row.entity, row.blocks, row.sampling is None) for row in rows] == [
        ("US", 36, False), ("CN", 0, True), ("KZ", 0, True),
    ]  # fmt: skip


def counted(*windows: str) -> Snapshot:
    rows = [BlockRow(at, 1_700_000_000 + 7200 * at, 0x1D00FFFF, PoolSlug("aab"[at % 3])) for at in range(1200)]
    table, over = BlockTable.of(rows, [POOL]), [Window.parse(name) for name in windows]
    found = snapshot(
        table, over, Tally(), tip_hash=BlockHash("ab" * 32), first_height=0, caught_up=True, registry="", pool_names={}
    )
    return estimated(found, table, over)


def test_indices_have_no_interval_before_the_estimates() -> None:
    assert ranges(COUNTED, replace(counted("30d"), estimates=None)) is None
    assert ranges(COUNTED, alternatively()) is None


def test_sampling_is_named_only_where_more_is_uncertain() -> None:
    taken = counted("30d")
    (pool,) = taken.concentration
    found = ranges(pool, taken)
    assert found is not None
    assert found.sampling is None
    assert found.effective_entities.lower == pytest.approx(10_000 / found.hhi.upper)

    assert taken.estimates
    wide = replace(taken.estimates.combined[0], hhi=Interval(1.0, 9000.0))
    found = ranges(pool, replace(taken, estimates=replace(taken.estimates, combined=(wide,))))
    assert found is not None
    assert found.sampling is not None


@pytest.mark.parametrize(
    ("ends", "windows", "said"),
    [
        ({("origin", "30d"): 0.6, ("country", "30d"): 0.5}, ("24h", "30d", "90d"), ("30d", 0.6, 0.5)),
        ({("origin", "7d"): 0.6, ("country", "7d"): 0.5}, ("24h", "7d"), ("7d", 0.6, 0.5)),
        ({("origin", "30d"): 0.6}, ("30d",), ("30d", 0.6, None)),
        ({}, ("30d",), ("30d", None, None)),
    ],
)
def test_the_claim_about_china_is_answered_over_30_days(
    ends: Mapping[tuple[str, str], float], windows: tuple[str, ...], said: tuple[str, float | None, float | None]
) -> None:
    combined = [
        replace(MAY_BE, level=level, window=window, shares={"CN": Interval(0.0, end)})
        for (level, window), end in ends.items()
    ]
    found = ClaimsView.of(replace(counted(*windows), estimates=Estimates(TIP, combined=tuple(combined))))
    china = found.blocs["CN"]

    assert (found.window, *(share and share.upper for share in (china.origin, china.registered))) == said
