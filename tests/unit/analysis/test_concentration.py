"""Shares and indices per level and window."""

from typing import Any

import pytest

from monitor.analysis import POOL, BlockTable, Level, concentrate, concentration
from monitor.model import BlockRow, PoolSlug, Window

TEN = Window.parse("10b")
PARITY = Level("parity", lambda row: "even" if row.height % 2 == 0 else None)


def past(pools: str, levels: tuple[Level, ...] = (POOL,)) -> BlockTable:
    rows = [BlockRow(h, 600 * h, 0x1D00FFFF, None if p == "?" else PoolSlug(p)) for h, p in enumerate(pools)]
    return BlockTable.of(rows, levels)


def test_unknown_blocks_bound_the_indices_from_both_sides() -> None:
    [found] = concentrate(past("aaaabb????"), [TEN])
    assert (found.level, found.window, found.blocks, found.unknown) == ("pool", TEN, 10, 4)
    assert found.split
    assert found.merged
    assert found.split.hhi == 2400.0  # 40² + 20² + 4 · 10²
    assert found.merged.hhi == 3600.0  # 40² + 20² + 40²
    assert (found.split.nakamoto, found.merged.nakamoto) == (2, 2)
    assert (found.split.top_share[3], found.merged.top_share[3]) == (0.7, 1.0)


def test_shares_are_of_all_blocks_and_name_no_unknown() -> None:
    [found] = concentrate(past("aaaabb????"), [TEN])
    assert [(one.entity, one.blocks, one.share) for one in found.shares] == [("a", 4, 0.4), ("b", 2, 0.2)]
    assert all(one.lower < one.share < one.upper for one in found.shares)


def test_equal_shares_are_in_order_of_their_names() -> None:
    [found] = concentrate(past("cbacbax"), [TEN])
    assert [one.entity for one in found.shares] == ["a", "b", "c", "x"]


def test_only_entities_of_the_window_have_a_share() -> None:
    [found] = concentrate(past("aaab"), [Window.parse("1b")])
    assert [one.entity for one in found.shares] == ["b"]


def test_nobody_known() -> None:
    [found] = concentrate(past("????"), [TEN])
    assert (found.blocks, found.unknown, found.shares) == (4, 4, ())
    assert found.split
    assert found.merged
    assert (found.split.nakamoto, found.merged.nakamoto) == (3, 1)


def test_no_blocks_no_indices() -> None:
    [found] = concentrate(past(""), [TEN])
    assert (found.blocks, found.unknown, found.shares, found.split, found.merged) == (0, 0, (), None, None)


def test_every_level_and_within_it_every_window() -> None:
    windows = [TEN, Window.parse("2b"), Window.parse("1h")]
    found = concentrate(past("abab", (POOL, PARITY)), windows)
    assert [(one.level, one.window) for one in found] == [(name, w) for name in ("pool", "parity") for w in windows]
    assert [(one.blocks, one.unknown) for one in found if one.level == "parity"] == [(4, 2), (2, 1), (4, 2)]


def test_an_entity_named_unknown_is_not_the_unknown() -> None:
    found = concentration({"unknown": 3}, 2, level="pool", window=TEN)
    assert (found.shares[0].entity, found.shares[0].blocks, found.unknown) == ("unknown", 3, 2)


def test_all_numbers_are_plain() -> None:
    for one in concentrate(past("aaaabb????"), [TEN]):
        for number in _leaves([*one.shares, *(each._asdict() for each in (one.split, one.merged) if each)]):
            assert type(number) in (int, float, str, type(None)), number


def _leaves(value: Any) -> list[Any]:  # noqa: ANN401
    if isinstance(value, dict):
        return [leaf for part in (*value, *value.values()) for leaf in _leaves(part)]
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _leaves(part)]
    return [value]


def test_a_days_sample_of_ten_equal_miners_looks_more_concentrated_than_it_is() -> None:
    found = concentration({str(n): 14 for n in range(9)} | {"last": 18}, 0, level="pool", window=TEN)
    assert found.split
    assert found.split.hhi_unbiased is not None
    assert found.split.hhi > 1000 > found.split.hhi_unbiased
    assert found.split.hhi_unbiased == pytest.approx(found.split.hhi - (10_000 - found.split.hhi) / 143)
