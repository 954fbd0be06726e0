"""Numbers as people read them: never surer than they are."""

from __future__ import annotations

import pytest

from monitor.model import Change, Interval, Share, Trend
from monitor.outputs.web.pages import filters
from monitor.text import coinbase_text


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (None, "–"), (0.0, "0.0 %"), (0.0001, "< 0.1 %"), (0.2664, "26.6 %"), (0.99999, "> 99.9 %"), (1.0, "100.0 %"),
    ],
)  # fmt: skip
def test_what_is_nearly_nothing_or_nearly_all_is_not_rounded_to_it(ratio: float | None, said: str) -> None:
    assert filters.percent(ratio).replace("\u00a0", " ") == said


def test_nothing_that_is_estimated_is_wholly_sure() -> None:
    assert filters.probability(1.0) == ">\u00a099\u00a0%"
    assert filters.probability(0.0) == "<\u00a01\u00a0%"
    assert filters.probability(0.87) == "87\u00a0%"


@pytest.mark.parametrize(
    ("rising", "arrow", "said"),
    [
        (0.99, "↗", "rising"), (0.85, "↗", "probably rising"), (0.5, "→", "no clear direction"),
        (0.15, "↘", "probably falling"), (0.01, "↘", "falling"),
    ],
)  # fmt: skip
def test_a_trend_is_told_with_its_certainty(rising: float, arrow: str, said: str) -> None:
    assert filters.direction(Trend("pool", "30d", 0.0, -1.0, 1.0, rising)) == (arrow, said)


def test_expected_counts_are_rounded() -> None:
    assert [filters.rough(number) for number in (0.42, 2.84, 31.4, 2841.5)] == ["0.4", "2.8", "31", "2,840"]


def test_an_interval_without_width_is_one_number() -> None:
    assert filters.between(Interval(3, 3)) == "3"
    assert filters.between(Interval(1480, 1790)) == "1,480 – 1,790"


def test_ages_are_rough_and_old_times_are_dates() -> None:
    now = 1_700_000_000
    assert filters.ago(now - 30, now) == "0 min ago"
    assert filters.ago(now + 30, now) == "0 min ago", "header times may lie ahead"
    assert filters.ago(now - 5 * 3600, now) == "5 h ago"
    assert filters.ago(now - 400 * 86_400, now) == "2022-10-10 22:13 UTC"


def test_windows_and_amounts_have_their_units() -> None:
    assert [filters.window(name) for name in ("24h", "1y", "2016b")] == ["24 hours", "1 year", "2,016 blocks"]
    assert filters.hashrate(1.07e21) == "1.1 ZH/s"
    assert filters.hashrate(None) == "–"
    assert filters.bitcoin(312_500_000) == "3.125 BTC"


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        (Interval(900, 1000), "not concentrated"), (Interval(1001, 1800), "moderately concentrated"),
        (Interval(1900, 5000), "highly concentrated"), (Interval(1700, 1900), "moderately to highly concentrated"),
        (Interval(900, 1900), "not to highly concentrated"),
    ],
)  # fmt: skip
def test_a_market_is_called_what_its_whole_interval_allows(interval: Interval, said: str) -> None:
    assert filters.markets(interval) == said


def test_small_probabilities_are_one_in_so_many() -> None:
    odds = [filters.odds(value).replace("\u00a0", " ") for value in (0.56, 0.0949, 0.01, 0.00043, 3e-8, 0.0)]

    assert odds == ["56 %", "9.5 %", "1.0 %", "1 in 2,330", "1 in 33,300,000", "below 1 in a billion"]


def test_a_change_has_a_sign_and_an_interval() -> None:
    before, after = (Share("a", 100, share, lower=0.0, upper=1.0) for share in (0.2, 0.15))
    change = Change("pool", "a", 1, 2, 3, before=before, after=after, size=Interval(-0.08, -0.021))

    assert filters.size(change).replace("\u00a0", " ") == "−5.0 points (95 %: −8.0 to −2.1)"
    assert filters.deviation(1.0123).replace("\u00a0", " ") == "+1.23 %"


def test_without_an_interval_nothing_is_said() -> None:
    assert filters.span(None) == ""
    assert filters.span(Interval(0.1, 0.25)) == "10.0 – 25.0\u00a0%"


def test_a_coinbase_is_shown_as_far_as_it_can_be_read() -> None:
    assert coinbase_text(b"\x03\x41\x2e\x0e/F2Pool/\xff\x00\x01\xe9\xb1\xbc") == "A. · /F2Pool/ · 鱼"
    assert coinbase_text(b"\x00\x01") == ""
    assert "\u202e" not in coinbase_text("a\u202eb".encode()), "nothing that turns the reading direction"
