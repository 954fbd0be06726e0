"""How certain shares are, many at once, each computed once."""

from typing import NoReturn

import pytest

from monitor.analysis.uncertainty import share_probability
from monitor.analysis.uncertainty.intervals import probabilities_above, rate_factors, share_intervals
from monitor.analysis.uncertainty.share_probability import THRESHOLDS, certainties


def test_a_result_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    first = certainties([(3, 10), (1, 10), (3, 10)])
    assert first[0] == first[2] != first[1]

    def late(pairs: object) -> NoReturn:
        raise AssertionError(f"computed again: {pairs}")

    monkeypatch.setattr(share_probability, "_evaluated", late)
    assert certainties([(1, 10), (3, 10)]) == [first[1], first[0]]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_probability, "_REMEMBERED", 5)
    for blocks in range(1, 20):
        assert len(certainties([(blocks, 100), (blocks + 1, 100)])) == 2
    assert len(share_probability._known) <= 5 + 2  # noqa: SLF001 -- there is no other way to see it


def test_each_pair_is_answered_in_its_place() -> None:
    many = certainties([(3, 10), (1, 10), (3, 10), (70, 1000)])

    assert many == [
        *certainties([(3, 10)]),
        *certainties([(1, 10)]),
        *certainties([(3, 10)]),
        *certainties([(70, 1000)]),
    ]
    assert certainties([]) == []


def test_a_certainty_holds_the_intervals_and_the_probabilities_above_each_threshold() -> None:
    (found,) = certainties([(3, 10)])

    assert [(found.lower, found.upper)] == share_intervals([3], [10])
    assert [(found.slowest, found.fastest)] == rate_factors([3])
    assert found.above == {name: probabilities_above(limit, [3], 10)[0] for name, limit in THRESHOLDS.items()}


def test_small_shares_have_no_probabilities() -> None:
    assert certainties([(50, 1000)])[0].above == {}
    assert certainties([(51, 1000)])[0].above
