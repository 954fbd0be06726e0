"""Which blocks a window covers, and how much work they are."""

import pytest

from monitor import wire
from monitor.analysis import POOL, BlockTable, network_hashrates, surplus
from monitor.analysis.counting.windows import confidences, covered
from monitor.model import BlockRow, Confidence, Rate, Window

EASY, HARD = 0x1D00FFFF, 0x1C7FFF80  # difficulty 1 and 2
HOUR = Window.parse("1h")


def table(*times: int, bits: int = EASY) -> BlockTable:
    return BlockTable.of([BlockRow(height, time, bits, None) for height, time in enumerate(times)], (POOL,))


def heights(past: BlockTable, window: Window) -> list[int]:
    return list(past.rows["height"][covered(past.rows, window)].tolist())


def test_a_span_of_time_is_open_at_its_far_end() -> None:
    past = table(10_000, 10_001, 12_000, 13_600)
    assert heights(past, HOUR) == [1, 2, 3]


def test_each_blocks_own_time_decides() -> None:
    past = table(10_001, 9_999, 10_002, 14_000, 13_600)
    assert heights(past, HOUR) == [0, 2, 3, 4]  # one before the span lies between, one is later than the tip


def test_a_span_longer_than_time_itself() -> None:
    assert heights(table(5, 10), Window.parse("1y")) == [0, 1]


@pytest.mark.parametrize(
    ("name", "expected"), [("1b", [3]), ("3b", [1, 2, 3]), ("4b", [0, 1, 2, 3]), ("9b", [0, 1, 2, 3])]
)
def test_the_last_so_many_blocks(name: str, expected: list[int]) -> None:
    assert heights(table(4, 3, 2, 1), Window.parse(name)) == expected


def test_no_blocks_are_covered_of_none() -> None:
    assert heights(table(), HOUR) == []
    assert heights(table(), Window.parse("5b")) == []


def test_blocks_of_each_confidence_are_counted_by_window() -> None:
    kinds = [Confidence.LOW, Confidence.HIGH, None, Confidence.LOW, Confidence.MEDIUM]
    rows = [BlockRow(h, 600 * h, EASY, None, confidence=kind) for h, kind in enumerate(kinds)]
    found = confidences(BlockTable.of(rows, (POOL,)), [Window.parse("9b"), Window.parse("2b")])
    assert found == {
        "9b": {Confidence.HIGH: 1, Confidence.MEDIUM: 1, Confidence.LOW: 2},
        "2b": {Confidence.HIGH: 0, Confidence.MEDIUM: 1, Confidence.LOW: 1},
    }
    assert confidences(table(), [HOUR]) == {"1h": dict.fromkeys(Confidence, 0)}


def rate(past: BlockTable, window: Window) -> Rate | None:
    return network_hashrates(past, [window])[window.name]


def value(past: BlockTable, window: Window) -> float:
    found = rate(past, window)
    assert found
    return found.value


def test_hashrate_of_a_window_inside_the_history() -> None:
    past = table(0, 10_000, 10_600, 11_200, 12_000)
    assert value(past, HOUR) == pytest.approx(3 * wire.work(EASY) / 3600, rel=1e-9)


def test_hashrate_of_a_window_longer_than_the_history() -> None:
    past = table(11_000, 11_600, 11_400, 12_000)
    assert value(past, HOUR) == pytest.approx(3 * wire.work(EASY) / 1000, rel=1e-9)


def test_hashrate_of_a_window_of_blocks_spans_all_its_times() -> None:
    past = table(0, 11_000, 12_200, 12_000)
    assert value(past, Window.parse("3b")) == pytest.approx(2 * wire.work(EASY) / 1200, rel=1e-9)


def test_hashrate_adds_work_rather_than_blocks() -> None:
    past = table(0, 600)
    past.extend([BlockRow(2, 1200, HARD, None)])
    assert value(past, HOUR) == pytest.approx((wire.work(EASY) + wire.work(HARD)) / 1200, rel=1e-9)


@pytest.mark.parametrize("times", [(), (5,), (5, 5)])
def test_no_hashrate_without_time_between_blocks(times: tuple[int, ...]) -> None:
    assert rate(table(*times), HOUR) is None
    assert rate(table(*times), Window.parse("2b")) is None


def test_hashrate_is_unknown_where_a_window_holds_the_tip_alone() -> None:
    assert rate(table(0, 100_000), HOUR) is None


def test_surplus_is_what_no_window_reaches() -> None:
    day = 86_400
    past = table(*range(0, 10 * day, day))
    assert surplus(past, [Window.parse("1d")]) == 7  # tip at day 9; the span begins at 8; one day to spare
    assert surplus(past, [Window.parse("1d"), Window.parse("8b")]) == 1
    assert surplus(past, [Window.parse("1y")]) == 0
    assert surplus(past, [Window.parse("2b")]) == 7
    assert surplus(table(), [HOUR]) == 0


def test_forgetting_the_surplus_changes_no_window() -> None:
    past = table(*(600 * height + 5000 * (height % 3) for height in range(2000)))
    windows = [Window.parse("24h"), Window.parse("3d"), Window.parse("500b")]
    before = [heights(past, window) for window in windows]
    rates = network_hashrates(past, windows)
    past.forget(surplus(past, windows))
    assert len(past) < 700
    assert [heights(past, window) for window in windows] == before
    assert network_hashrates(past, windows) == rates


def test_the_fewer_blocks_the_less_is_known_of_the_hashrate() -> None:
    few, many = (rate(table(*range(0, 600 * blocks, 600)), Window.parse("999b")) for blocks in (5, 500))
    assert few
    assert many
    assert few.lower < many.lower < many.value == pytest.approx(few.value)
    assert many.value < many.upper < few.upper
    assert few.upper / few.value > 2
    assert many.upper / many.value < 1.1
