"""The figures of the shipped editions, against values that were computed apart from this program."""

from __future__ import annotations

import gzip
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from importlib import resources
from pathlib import Path

import pytest

from monitor.analysis import indices
from monitor.economy.entities import EntityRules, entity_rules
from monitor.economy.layer_measures import measure, periods
from monitor.economy.layers import kind_of
from monitor.economy.measure import CORRELATIONS, READINGS, Drawn, Lumps
from monitor.economy.sources.known import read_vintage, shipped, source_named
from monitor.economy.sources.openrouter import OpenRouter
from monitor.model import UNATTRIBUTED, Direction, Interval, Layer, LayerMeasure, Observation, Vintage

DATA = Path(__file__).parents[2] / "data" / "economy"
HYPERSCALERS = {"Google", "Microsoft", "Meta", "Amazon", "Oracle"}
CHINA_IS_ONE = EntityRules(entity_rules().merged)


def test_every_rule_about_entities_has_a_day_and_a_source() -> None:
    rules = tomllib.loads(resources.files("monitor.economy").joinpath("data/entities.toml").read_text("utf-8"))
    for each in (each for kind in rules.values() for each in kind):
        assert isinstance(each["checked"], date)
        assert each["source"]


@cache
def vintage(source: str) -> Vintage:
    return next(each for each in shipped() if each.source == source)


def of_layer(layer: Layer) -> list[Observation]:
    return [each for each in vintage(kind_of(layer).source).observations if each.layer is layer]


def measured(
    layer: Layer,
    until: date | None = None,
    rules: EntityRules | None = None,
    correlations: Sequence[float] = CORRELATIONS,
) -> LayerMeasure:
    kind = kind_of(layer)
    observations = [each for each in of_layer(layer) if until is None or each.period <= until]
    hash_ = vintage(kind.source).hash
    found = measure(kind, observations, rules or entity_rules(), vintage=hash_, correlations=correlations)
    assert found
    return found


def test_five_hyperscalers_own_seven_tenths_at_the_end_of_2025() -> None:
    found = measured(Layer.OWNERSHIP)
    assert found.period == date(2025, 12, 31), "the quarter after it is incomplete"
    assert sum(each.share for each in found.shares if each.entity in HYPERSCALERS) == pytest.approx(0.709, abs=5e-4)
    assert found.top_share[5].dispersed == pytest.approx(0.709, abs=1e-3)


@pytest.mark.parametrize(
    ("quarter", "named", "rest", "hhi", "effective"),
    [
        (date(2024, 3, 31), 7, 0.242, (1103, 1175), (8.5, 9.1)),
        (date(2024, 12, 31), 8, 0.197, (1151, 1180), (8.5, 8.7)),
        (date(2025, 12, 31), 8, 0.166, (1269, 1314), (7.6, 7.9)),
    ],
)
def test_bounds_of_ownership(
    quarter: date, named: int, rest: float, hhi: tuple[int, int], effective: tuple[float, float]
) -> None:
    found = measured(Layer.OWNERSHIP, quarter, CHINA_IS_ONE)
    assert found.entities == named
    assert found.unattributed == pytest.approx(rest, abs=5e-4)
    assert found.hhi == pytest.approx(hhi, abs=0.6)
    assert (found.effective.least, found.effective.most) == pytest.approx(effective, abs=0.06)
    assert found.majority == (3, 3)


def test_china_is_one_entity_or_many() -> None:
    one, many = measured(Layer.OWNERSHIP, rules=CHINA_IS_ONE), measured(Layer.OWNERSHIP)
    assert 30 <= one.hhi.dispersed - many.hhi.dispersed <= 100
    assert one.hhi.lumped == many.hhi.lumped


@pytest.mark.parametrize(("quarter", "hhi"), [(date(2024, 3, 31), 6702), (date(2025, 12, 31), 4835)])
def test_designers(quarter: date, hhi: int) -> None:
    found = measured(Layer.DESIGNER, quarter)
    assert found.hhi == pytest.approx((hhi, hhi), abs=0.6)
    assert found.shares[0].entity == "Nvidia"


@pytest.mark.parametrize(
    ("last", "named", "rest", "hhi"),
    [
        (date(2026, 5, 30), 17, 0.137, (995, 1184)),
        (date(2026, 8, 15), 19, 0.064, (1252, 1293)),
        (date(2026, 8, 21), 18, 0.086, (1111, 1185)),
    ],
)
def test_bounds_of_usage_in_a_week(last: date, named: int, rest: float, hhi: tuple[int, int]) -> None:
    observed = [each for each in of_layer(Layer.USAGE) if each.period <= last]
    newest = periods(kind_of(Layer.USAGE), observed, entity_rules())[-1]
    exact = [indices.hhi(Drawn.of(newest).counts(reading, Lumps.ONE)) for reading in READINGS]
    assert newest.period == last
    assert newest.rest.value / newest.total == pytest.approx(rest, abs=5e-4)
    assert [float(each) for each in exact] == pytest.approx(hhi, abs=1)
    assert len(newest.named) == named


@pytest.mark.parametrize(
    ("day", "rest", "hhi", "majority"),
    [(date(2026, 9, 30), 0.280, (780, 1565), (5, 3)), (date(2026, 10, 7), 0.071, (1661, 1711), (3, 3))],
)
def test_bounds_of_usage_on_a_day(day: date, rest: float, hhi: tuple[int, int], majority: tuple[int, int]) -> None:
    data = (DATA / "openrouter_export_sample.csv").read_bytes()
    observed = [each for each in OpenRouter().read([data], date(2026, 10, 8)) if each.period == day]
    kind = replace(kind_of(Layer.USAGE), days=1)
    found = measure(kind, observed, entity_rules(), vintage="0" * 64)
    assert found
    assert found.entities == 18
    assert found.unattributed == pytest.approx(rest, abs=5e-4)
    assert found.hhi == pytest.approx(hhi, abs=1)
    assert found.majority == majority


def test_the_percentiles_of_the_source_become_intervals() -> None:
    found = measured(Layer.OWNERSHIP, rules=CHINA_IS_ONE)
    assert found.hhi_interval.lower < found.hhi.least < found.hhi.most < found.hhi_interval.upper
    assert found.majority_interval == Interval(3, 4)
    assert found.top_share_interval[5].lower < found.top_share[5].least < found.top_share_interval[5].upper
    top = measured(Layer.OWNERSHIP).shares[0]
    assert top.interval
    assert top.interval.lower < top.share < top.interval.upper
    assert measured(Layer.USAGE).shares[0].interval is None, "tokens have no stated error"


def of_epoch(data: bytes) -> LayerMeasure:
    """Ownership, from the bytes of a file."""
    edition = read_vintage(source_named("epoch"), (data,), vintage("epoch").fetched_at)
    observed = [each for each in edition.observations if each.layer is Layer.OWNERSHIP]
    found = measure(kind_of(Layer.OWNERSHIP), observed, entity_rules(), vintage=edition.hash)
    assert found
    return found


def test_the_same_figures_give_the_same_intervals_in_whatever_file_they_come() -> None:
    table = gzip.decompress((resources.files("monitor.economy") / "data" / "epoch.csv.gz").read_bytes())
    one, (heading, *rows) = of_epoch(table), table.splitlines()
    others = {
        "CRLF": table.replace(b"\n", b"\r\n"),
        "another order": b"\n".join((heading, *reversed(rows))),
        "a row twice": b"\n".join((heading, *rows, rows[0])),
        "another spelling": table.replace(b",Google,", b",google,"),
    }
    for name, data in others.items():
        other = of_epoch(data)
        assert other.vintage != one.vintage
        assert (other.slope, other.hhi_interval, other.series) == (one.slope, one.hhi_interval, one.series), name
    other = of_epoch(
        table.replace(b"2024-03-31,Amazon,Nvidia,126063,168926,", b"2024-03-31,Amazon,Nvidia,126063,168927,")
    )
    assert other.hhi_interval != one.hhi_interval


def test_intervals_hold_those_of_errors_without_and_with_correlation() -> None:
    both, independent, together = (
        measured(Layer.OWNERSHIP, correlations=each) for each in (CORRELATIONS, [0.0], [1.0])
    )
    assert independent.slope
    assert together.slope
    assert both.slope
    assert independent.slope.direction is Direction.UNDECIDED
    assert together.slope.direction is Direction.CONCENTRATING, "the verdict depends on what the source does not state"
    assert both.slope.direction is Direction.UNDECIDED
    for name in ("hhi_interval", "effective_interval", "majority_interval"):
        wide, *narrow = (getattr(each, name) for each in (both, independent, together))
        assert wide.lower <= min(each.lower for each in narrow) * 1.01, name
        assert wide.upper >= max(each.upper for each in narrow) * 0.99, name


def test_directions_are_stated_only_where_the_interval_excludes_zero() -> None:
    designers, owners, usage = (measured(layer).slope for layer in (Layer.DESIGNER, Layer.OWNERSHIP, Layer.USAGE))
    assert designers
    assert owners
    assert usage
    assert designers.direction is Direction.DISPERSING
    assert owners.direction is Direction.UNDECIDED
    assert owners.per_year < 0
    assert 0.6 < owners.certainty < 0.975
    assert usage.direction is Direction.UNDECIDED


def test_a_week_with_a_missing_day_is_left_out_of_the_series() -> None:
    gap = date(2026, 8, 1)
    kind = kind_of(Layer.USAGE)
    observed = [each for each in of_layer(Layer.USAGE) if each.period != gap]
    found = periods(kind, observed, entity_rules())
    covered = {each.period - timedelta(days=ago) for each in found for ago in range(7)}
    assert gap not in covered
    assert len(covered) == 7 * len(found), "no day is in two weeks"


def test_remainder_is_no_entity() -> None:
    assert UNATTRIBUTED not in {each.entity for each in measured(Layer.USAGE).shares}
    assert "stealth" not in {each.entity for each in measured(Layer.USAGE).shares}
