"""The history of what is stored: the same numbers as the metrics and the export had at the time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from support.history import by_hand
from support.stored import store_mainnet

from monitor.analysis import BlockTable, concentrate, estimate
from monitor.analysis.share_series import ALONE, OTHERS, UNKNOWN
from monitor.analysis.time_series import INDICES, SHARES
from monitor.analysis.uncertainty.alternatives import alternatives
from monitor.analysis.uncertainty.combined import combined
from monitor.attribution.unknown_miners import UnknownMiners
from monitor.config import Config, RegistrySection, StoreSection
from monitor.errors import InputError
from monitor.export.history import ExportOptions, export_history
from monitor.model import PREFIX, BlockRow, Curve, Judged, PoolSlug, SeriesQuery, TimeSeries, Window
from monitor.processing.counter import EntityLookup
from monitor.processing.history import HistoryQueries, time_series
from monitor.processing.levels import levels
from monitor.processing.uncertain_memberships import questions
from monitor.registry.loading import load_registry
from monitor.store.reading import Reading
from monitor.store.store import Store

LEVELS = ("pool", "template", "operator", "origin", "country")
DAY = 86_400
WEEK = 7 * DAY
GAUGES = {
    "nakamoto": "nakamoto_coefficient", "gini": "gini_ratio", "theil": "theil_index", "entropy_bits": "shannon_entropy",
}  # fmt: skip
"""What the metrics call an index, where that is another name."""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """With a membership that changes in the middle of what is stored."""
    moved = {"pool": "f2pool", "operator": "antpool", "template": "antpool", "since": "2025-11-10"}
    return Config(
        store=StoreSection(url=f"sqlite:///{tmp_path / 'blocks.sqlite'}"),
        registry=RegistrySection.model_validate({"overrides": [moved]}),
    )


@pytest.fixture
async def stored(config: Config) -> list[Judged]:
    return await store_mainnet(config.store.url, 4000)


def naming(config: Config) -> EntityLookup:
    registry = load_registry(config.registry)
    return EntityLookup(levels(registry), UnknownMiners(registry.pools).names(), 1, questions=questions(registry))


async def ask(config: Config, *asked: SeriesQuery) -> list[TimeSeries]:
    known = naming(config)
    async with await Store.open(config.store.url, beside=True) as store:
        return [await store.reading(partial(time_series, asked=each, entities=known)) for each in asked]


def rows(stored: list[Judged]) -> list[BlockRow]:
    return [
        BlockRow(
            each.block.height, each.block.header.time, 0, each.attribution.pool, each.attribution.miner,
            confidence=each.attribution.confidence,
        )
        for each in stored
    ]  # fmt: skip


def gauge(metric: str) -> tuple[str, Mapping[str, str]]:
    """The metric of an index, and its label of its own."""
    if metric.startswith("top_share_"):
        return f"{PREFIX}_top_share_ratio", {"n": metric[-1]}
    return f"{PREFIX}_{GAUGES.get(metric, metric)}", {}


async def test_every_number_is_that_of_the_export_at_the_same_tip(
    config: Config, stored: list[Judged], tmp_path: Path
) -> None:
    await export_history(config, ExportOptions(DAY, [Window.parse("7d")]), tmp_path / "history.txt")
    exported: defaultdict[str, dict[tuple[object, ...], float]] = defaultdict(dict)
    for family in text_string_to_metric_families((tmp_path / "history.txt").read_text()):
        for sample in family.samples:
            key = float(str(sample.timestamp)), *sorted(sample.labels.items())
            exported[sample.name][key] = sample.value
    tips = {moment: int(time) for (moment,), time in exported[f"{PREFIX}_block_timestamp_seconds"].items()}
    times = {each.block.height: each.block.header.time for each in stored}
    heights = {moment: int(height) for (moment,), height in exported[f"{PREFIX}_block_height"].items()}
    # A block may have an earlier time than one below it: then the blocks up to a height are not those up to a time.
    same = {
        moment: tip
        for moment, tip in tips.items()
        if all((time <= tip) == (height <= heights[moment]) for height, time in times.items())
    }
    assert len(same) > 15
    compared = 0
    for level, at_once in (("pool", slice(8, None, 9)), *((other, slice(14, 15)) for other in LEVELS[1:])):
        for moment, tip in list(same.items())[at_once]:
            at = SeriesQuery(level, window=WEEK, first=tip, last=tip, limit=20)
            labels = {"level": level, "window": "7d"}

            def was(name: str, moment: object = moment, **more: str) -> float | None:
                return exported[name].get((moment, *sorted((labels | more).items())))  # noqa: B023

            *found, shares = await ask(config, *(_about(at, metric) for metric in (*INDICES, SHARES)))
            for one in found:
                name, own = gauge(one.metric)
                for reading in ("split", "merged"):
                    assert one.series[reading].value == [was(name, unknown=reading, **own)], (level, one.metric)
                    compared += 1
            for entity, curve in shares.series.items():
                if entity not in {OTHERS, UNKNOWN, ALONE}:
                    assert curve.value == [was(f"{PREFIX}_share_ratio", entity=entity) or 0]
                    sampled = [was(f"{PREFIX}_share_sampling_{end}_ratio", entity=entity) for end in ("lower", "upper")]
                    if curve.value != [0]:
                        assert [curve.sampling_lower, curve.sampling_upper] == [[end] for end in sampled]
                    compared += 1
    assert compared > 120


async def test_the_intervals_of_the_newest_point_are_the_published_ones(config: Config, stored: list[Judged]) -> None:
    known = naming(config)
    table = BlockTable.of([replace(row, bits=1) for row in rows(stored)], known.levels)
    week = Window.parse("7d")
    found = concentrate(table, [week])
    sampled = [estimate(each, seed=[1]) for each in found]
    for one, published in zip(found, combined(list(alternatives(table, found, known.questions)), sampled), strict=True):
        asked = SeriesQuery(one.level, SHARES, WEEK, first=stored[-1].block.header.time, limit=40)
        shares, hhi, nakamoto, effective = await ask(
            config, asked, *(_about(asked, metric) for metric in ("hhi_unbiased", "nakamoto", "effective_entities"))
        )
        assert OTHERS not in shares.series, "all of them have a series of their own"
        for entity, interval in published.shares.items():
            assert interval_of(shares.series[entity]) == pytest.approx((interval.lower, interval.upper)), entity
        for series, whole in ((hhi, published.hhi), (nakamoto, published.nakamoto)):
            for curve in series.series.values():
                nearly = 0.05 * (whole.upper - whole.lower)
                assert interval_of(curve) == pytest.approx((whole.lower, whole.upper), abs=nearly)
                assert_holds(curve)
        assert_holds(effective.series["split"])


def interval_of(curve: Curve) -> tuple[float, float]:
    assert curve.lower
    assert curve.upper
    assert curve.lower[0] is not None is not curve.upper[0]
    return curve.lower[0], curve.upper[0]


def assert_holds(curve: Curve) -> None:
    """The published interval holds its sampling part, and that what is counted."""
    lower, upper = interval_of(curve)
    assert curve.value[0]
    sampled = interval_of(replace(curve, lower=curve.sampling_lower, upper=curve.sampling_upper))
    assert lower <= sampled[0] <= curve.value[0] <= sampled[1] <= upper


async def test_a_membership_counts_from_its_first_day_on(config: Config, stored: list[Judged]) -> None:
    """Steps and window that fit neither the days nor each other."""
    known = {level.name: level for level in naming(config).levels}
    asked = SeriesQuery("operator", "shares", window=100_000, step=70_001, limit=40)
    found = await ask(config, asked, _about(asked, "hhi"))

    assert found[0].grid.points > 20
    for at, point in enumerate(by_hand(rows(stored), known["operator"], found[0].grid)):
        for share in point.shares:
            assert found[0].series[share.entity].value[at] == share.share
        assert point.split
        assert found[1].series["split"].value[at] == point.split.hhi
    before = known["operator"].entity_of(BlockRow(0, stored[0].block.header.time, 0, PoolSlug("f2pool")))
    theirs = found[0].series[str(before)].value
    assert theirs[0]
    assert theirs[-1] == 0  # the company that the override names has its blocks by then


@pytest.mark.usefixtures("stored")
async def test_without_a_span_it_is_all_that_is_stored_in_whole_windows(config: Config, stored: list[Judged]) -> None:
    (one,) = await ask(config, SeriesQuery(window=WEEK))

    assert one.grid.times[-1] == stored[-1].block.header.time
    oldest = min(each.block.header.time for each in stored)
    assert oldest <= one.grid.begin + 1 <= oldest + one.grid.step
    assert 100 < one.grid.points <= 400
    value = one.series["split"]
    assert None not in value.value
    assert value.lower
    assert value.upper
    assert all(low < high for low, high in zip(value.lower, value.upper, strict=True) if low is not None is not high)


@pytest.mark.usefixtures("stored")
async def test_a_point_without_blocks_has_no_number(config: Config) -> None:
    before = SeriesQuery(first=1_600_000_000, last=1_600_000_000 + 3 * DAY, step=DAY)
    one, shares = await ask(config, before, _about(before, SHARES))

    assert one.series["split"].value == [None] * 4
    assert one.series["merged"].lower == [None] * 4
    assert shares.series == {}


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (SeriesQuery("galaxy"), "unknown level 'galaxy'"),
        (SeriesQuery(metric="luck"), "unknown metric 'luck'"),
        (SeriesQuery(first=2_000_000_000), "from is later than to"),
        (SeriesQuery(step=600), r"that is \d+ points, and 2000 is the most: choose a step of \d+ seconds or more"),
    ],
)
@pytest.mark.usefixtures("stored")
async def test_what_makes_no_sense_is_refused_with_the_remedy(
    config: Config, asked: SeriesQuery, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        await ask(config, asked)


@pytest.mark.usefixtures("stored")
async def test_the_step_that_is_proposed_is_taken(config: Config) -> None:
    with pytest.raises(InputError) as refused:
        await ask(config, SeriesQuery(step=600))
    proposed = int(str(refused.value).split("step of ")[1].split()[0])

    (one,) = await ask(config, SeriesQuery(step=proposed))

    assert 1900 < one.grid.points <= 2000


async def test_an_empty_store_says_so(config: Config) -> None:
    async with await Store.open(config.store.url):
        pass
    with pytest.raises(InputError, match="no block is stored yet"):
        await ask(config, SeriesQuery())


async def test_there_is_no_answer_before_somebody_knows_who_is_who(config: Config) -> None:
    async with await Store.open(config.store.url) as store:
        found = HistoryQueries(store)
        assert found.edition is None
        with pytest.raises(InputError, match="readyz"):
            await found.series(SeriesQuery())


@pytest.mark.usefixtures("stored")
async def test_one_who_is_cancelled_leaves_nothing_running(config: Config) -> None:
    begun, ended = Event(), Event()

    def work(reading: Reading) -> None:
        begun.set()
        try:
            while True:
                reading.go_on()
        finally:
            ended.set()

    async with await Store.open(config.store.url, beside=True) as store:
        asking = asyncio.create_task(store.reading(work))
        await asyncio.to_thread(begun.wait, 10)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert ended.is_set()


def _about(asked: SeriesQuery, metric: str) -> SeriesQuery:
    return SeriesQuery(asked.level, metric, asked.window, asked.first, asked.last, asked.step, asked.limit)
