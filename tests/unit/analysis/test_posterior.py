"""Intervals of the indices: where they lie, and that nothing but the counts and the seed decides them."""

from collections.abc import Mapping

import pytest

from monitor.analysis import concentration, estimate
from monitor.model import Estimate, IndexIntervals, PoolSlug, Window

WINDOW = Window.parse("10b")


def of(known: Mapping[str, int], *, unknown: int = 0, alone: int = 0, seed: int = 1) -> Estimate:
    return estimate(concentration(known, unknown, alone=alone, level="pool", window=WINDOW), seed=[seed])


def split(known: Mapping[str, int], *, unknown: int = 0, alone: int = 0, seed: int = 1) -> IndexIntervals:
    found = of(known, unknown=unknown, alone=alone, seed=seed).split
    assert found
    return found


def test_the_interval_is_around_the_index_without_bias() -> None:
    known = {"a": 40, "b": 30, "c": 30, "d": 20, "e": 14, "f": 10}
    plain = concentration(known, 0, level="pool", window=WINDOW).split
    assert plain
    assert plain.hhi_unbiased
    found = split(known)
    assert found.hhi.lower < plain.hhi_unbiased < found.hhi.upper
    assert (found.hhi.lower + found.hhi.upper) / 2 == pytest.approx(plain.hhi_unbiased, rel=0.05)


def test_ten_times_the_blocks_are_three_times_as_sure() -> None:
    known = {"a": 40, "b": 30, "c": 30, "d": 20, "e": 24}
    few, many = split(known).hhi, split({name: 10 * n for name, n in known.items()}).hhi
    assert (few.upper - few.lower) / (many.upper - many.lower) == pytest.approx(10**0.5, rel=0.15)


def test_the_nakamoto_coefficient_is_a_distribution() -> None:
    found = split({"a": 72, "b": 24, "c": 24, "d": 24})
    assert list(found.nakamoto_probability) == [1, 2]
    assert found.nakamoto_probability[1] == pytest.approx(0.5, abs=0.1)
    assert sum(found.nakamoto_probability.values()) == pytest.approx(1)
    assert (found.nakamoto.lower, found.nakamoto.upper) == (1, 2)


def test_a_monopoly_of_a_few_blocks_is_not_one_for_sure() -> None:
    assert split({"a": 3}).hhi.lower < 7000
    assert split({"a": 3}).hhi.upper == 10_000
    assert split({"a": 2016}).hhi.lower > 9900


def test_miners_of_one_block_each_are_nobody_much() -> None:
    found = split({}, unknown=144)
    assert found.hhi.lower == 0  # without the bias
    assert found.hhi.upper == pytest.approx(10_000 / 144)  # with it
    assert 60 <= found.nakamoto.lower <= found.nakamoto.upper <= 73
    assert split({}, alone=144).nakamoto == found.nakamoto


def test_unknown_blocks_merged_are_one_entity() -> None:
    found = of({"a": 30, "b": 20}, unknown=94)
    assert found.split
    assert found.merged
    assert found.merged.nakamoto.upper <= 2
    assert found.split.nakamoto.lower >= 3
    assert found.split.hhi.lower < found.merged.hhi.lower
    assert found.split.hhi.upper < found.merged.hhi.upper


def test_without_unknown_blocks_both_readings_are_one() -> None:
    found = of({"a": 3, "b": 4})
    assert found.split == found.merged


def test_the_seed_decides() -> None:
    known = {"a": 30, "b": 20, "c": 10}
    assert of(known) == of(dict(reversed(known.items())))
    assert of(known) != of(known, seed=2)


@pytest.mark.parametrize("known", [{}, {"a": 1}])
def test_fewer_than_two_blocks_tell_nothing(known: dict[str, int]) -> None:
    found = of(known)
    assert (found.split, found.merged) == (None, None)


def test_entropy_and_effective_entities_of_equals() -> None:
    found = split(dict.fromkeys("abcdefgh", 300))
    assert found.entropy_bits.lower < 3 < found.entropy_bits.upper
    assert found.effective_entities.lower < 8 < found.effective_entities.upper


def test_entropy_allows_for_entities_that_found_no_block() -> None:
    plain = concentration({"a": 50, "b": 40} | dict.fromkeys("cdefg", 1), 0, level="pool", window=WINDOW).split
    assert plain
    interval = split({"a": 50, "b": 40} | dict.fromkeys("cdefg", 1)).entropy_bits
    assert interval.lower < plain.entropy_bits < (interval.lower + interval.upper) / 2


def test_top_shares_are_around_those_counted() -> None:
    found = split({"a": 60, "b": 40, "c": 20, "d": 24})
    for n, share in {1: 60 / 144, 2: 100 / 144, 3: 124 / 144}.items():
        assert found.top_share[n].lower < share < found.top_share[n].upper
    assert found.top_share[1].lower < found.top_share[2].lower < found.top_share[3].lower


def test_without_entities_the_largest_are_single_blocks() -> None:
    found = split({}, alone=144)
    assert found.top_share[3].upper == 3 / 144
    assert found.effective_entities.upper == 144
    assert found.entropy_bits.upper > 7


def test_a_pool_without_a_known_country_is_one_entity_of_the_split_reading() -> None:
    nameless = {PoolSlug("x"): 50, PoolSlug("y"): 30}
    one = concentration({"CN": 60}, 84, nameless=nameless, level="country", window=WINDOW)
    named = concentration({"CN": 60, "x": 50, "y": 30}, 0, alone=4, level="country", window=WINDOW)
    merged = concentration({"CN": 60}, 84, level="country", window=WINDOW)
    assert (one.split, one.merged) == (named.split, merged.merged)
    assert [share.entity for share in one.shares] == ["CN"]
    assert one.unknown == 84
    intervals = [estimate(each, seed=[1]).split for each in (one, named)]
    assert intervals[0]
    assert intervals[1]
    assert intervals[0].hhi.lower == pytest.approx(intervals[1].hhi.lower, rel=0.02)
