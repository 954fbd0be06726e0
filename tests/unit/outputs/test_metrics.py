"""What Prometheus sees: names that are a contract, numbers of the snapshot, and nothing computed in a scrape."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import replace
from itertools import islice
from types import FrameType
from typing import get_args

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from monitor.analysis import POOL, BlockTable, estimated, snapshot
from monitor.analysis.signals.compute import signals
from monitor.config import DEFAULT_WINDOWS
from monitor.config.sections import MetricFamily, MetricsSection
from monitor.embedded import mainnet
from monitor.embedded.history import onward
from monitor.hub import Hub
from monitor.model import PREFIX, BlockHash, BlockRow, Confidence, Method, PoolSlug, Snapshot, Tally, Window
from monitor.outputs.exposition import CatalogueCollector
from monitor.outputs.metrics import CATALOGUE, FAMILIES, of_families
from monitor.processing.levels import levels
from monitor.processing.uncertain_memberships import questions
from monitor.registry.loading import load_registry
from monitor.vitals import Vitals

INDEX, ENTITY = ("level", "window", "unknown"), ("level", "entity", "window")
CONTRACT: dict[str, tuple[str, ...]] = {
    "block_height": (), "block_timestamp_seconds": (), "difficulty": (),
    "network_hashrate_hashes_per_second": ("window",), "blocks_connected": ("pool", "method"),
    "reorgs": (), "reorg_depth_blocks": (), "stale_blocks": ("pool",), "attribution_conflicts": ("pool",),
    "window_blocks": ("window",), "window_attributed_ratio": ("window",),
    "share_ratio": ENTITY, "share_lower_ratio": ENTITY, "share_upper_ratio": ENTITY,
    "share_sampling_lower_ratio": ENTITY, "share_sampling_upper_ratio": ENTITY,
    "share_now_ratio": ("level", "entity"), "share_now_lower_ratio": ("level", "entity"),
    "share_now_upper_ratio": ("level", "entity"), "confirmation_risk_ratio": ("level", "confirmations"),
    "confirmation_risk_lower_ratio": ("level", "confirmations"),
    "confirmation_risk_upper_ratio": ("level", "confirmations"),
    "attribution_confidence_ratio": ("confidence", "window"), "reward_per_work_ratio": ("pool", "window"),
    "hhi_lower": ("level", "window"), "hhi_upper": ("level", "window"),
    "nakamoto_coefficient_lower": ("level", "window"), "nakamoto_coefficient_upper": ("level", "window"),
    "hhi": INDEX, "hhi_unbiased": INDEX, "nakamoto_coefficient": INDEX, "gini_ratio": INDEX, "shannon_entropy": INDEX,
    "effective_entities": INDEX, "theil_index": INDEX, "top_share_ratio": (*INDEX, "n"),
    "build_info": ("version", "registry"), "start_time_seconds": (), "node_up": ("node",),
    "node_last_contact_timestamp_seconds": ("node",), "node_rpc_seconds": ("method",), "block_publish_seconds": (),
    "errors": ("kind",), "output_dropped": ("output",),
}  # fmt: skip
"""Names and labels that users script against (counters without their `_total`): more may come, none of these may go."""

SERIES_LIMIT, DEFAULT_LIMIT = 5_000, 2_500


def taken(rows: list[BlockRow], *windows: str, tally: Tally | None = None) -> Snapshot:
    """A snapshot of these blocks, at the level of pools."""
    return snapshot(
        BlockTable.of(rows, (POOL,)), [Window.parse(name) for name in windows], tally or Tally(),
        tip_hash=BlockHash("ab" * 32), first_height=rows[0].height, caught_up=True, registry="abc", pool_names={},
    )  # fmt: skip


def rows(pools: str) -> list[BlockRow]:
    """A block for each letter, ten minutes apart; `?` is unknown."""
    return [
        BlockRow(height, 1_700_000_000 + 600 * height, 0x1D00FFFF, None if pool == "?" else PoolSlug(pool))
        for height, pool in enumerate(pools)
    ]


Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def published(found: Snapshot | None, families: Collection[str] = FAMILIES.keys()) -> Series:
    """What a scrape says: a number for each name and labels, prefix left off."""
    hub, registry = Hub(Vitals()), CollectorRegistry()
    registry.register(CatalogueCollector(of_families(families), lambda: hub.snapshot))
    if found is not None:
        hub.publish(found)
    return {
        (sample.name.removeprefix(f"{PREFIX}_"), tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


def test_names_and_labels_are_kept() -> None:
    names = {each.name: each.labels for each in CATALOGUE}
    assert len(names) == len(CATALOGUE)
    names |= {
        each._name.removeprefix(f"{PREFIX}_"): each._labelnames  # noqa: SLF001 -- the library shows labels of samples only
        for each in vars(Vitals()).values()
        if hasattr(each, "_labelnames")
    }
    assert {name: sorted(names.get(name, ("missing",))) for name in CONTRACT} == {
        name: sorted(labels) for name, labels in CONTRACT.items()
    }


def test_every_help_text_is_a_sentence() -> None:
    for each in CATALOGUE:
        assert each.help[0].isupper(), each.name
        assert each.help.endswith("."), each.name


def test_nothing_is_published_before_there_is_a_block() -> None:
    assert published(None) == {}


def test_the_numbers_are_those_of_the_snapshot() -> None:
    tally = Tally(
        connected={(PoolSlug("a"), Method.TAG): 2, (None, None): 1}, stale={None: 1, PoolSlug("b"): 2},
        conflicts={PoolSlug("a"): 1}, reorgs=3, last_reorg_depth=2,
    )  # fmt: skip
    series = published(taken(rows("aab?"), "10b", tally=tally))

    def value(name: str, **labels: str) -> float | None:
        return series.get((name, tuple(sorted(labels.items()))))

    assert value("block_height") == 3
    assert value("block_timestamp_seconds") == 1_700_001_800
    assert value("difficulty") == 1
    assert value("window_blocks", window="10b") == 4
    assert value("window_attributed_ratio", window="10b") == 0.75
    assert value("share_ratio", level="pool", entity="a", window="10b") == 0.5
    assert value("share_ratio", level="pool", entity="unknown", window="10b") is None
    assert value("hhi", level="pool", window="10b", unknown="split") == 3750
    assert value("top_share_ratio", level="pool", window="10b", unknown="merged", n="2") == 0.75
    assert value("blocks_connected_total", pool="a", method="tag") == 2
    assert value("blocks_connected_total", pool="unknown", method="none") == 1
    assert value("stale_blocks_total", pool="unknown") == 1
    assert value("stale_blocks_total", pool="b") == 2
    assert value("attribution_conflicts_total", pool="a") == 1
    assert value("reorgs_total") == 3
    assert value("reorg_depth_blocks") == 2


def test_confidence_is_a_share_of_all_blocks() -> None:
    past = rows("aab?")
    kinds = (Confidence.HIGH, Confidence.LOW, Confidence.HIGH, None)
    found = taken([replace(row, confidence=kind) for row, kind in zip(past, kinds, strict=True)], "10b")
    series = published(found)
    ratios = {
        kind: series["attribution_confidence_ratio", (("confidence", kind), ("window", "10b"))] for kind in Confidence
    }
    assert ratios == {Confidence.HIGH: 0.5, Confidence.MEDIUM: 0, Confidence.LOW: 0.25}


def test_what_there_is_no_number_of_is_not_published() -> None:
    series = {name for name, _ in published(taken(rows("a"), "10b"))}
    assert "hhi" in series
    assert not series & {"hhi_unbiased", "reorg_depth_blocks", "network_hashrate_hashes_per_second"}


def test_a_pool_that_left_a_window_leaves_no_series_behind() -> None:
    hub, registry = Hub(Vitals()), CollectorRegistry()
    registry.register(CatalogueCollector(CATALOGUE, lambda: hub.snapshot))
    for pools in ("aab", "aabaa"):
        found = taken(rows(pools), "2b")
        hub.publish(found)
    assert b'entity="a"' in generate_latest(registry)
    assert b'entity="b"' not in generate_latest(registry)


@pytest.fixture(scope="module")
def like_mainnet() -> Snapshot:
    """Months of real pools, over the default windows and all levels, with estimates and signals."""
    registry, windows = load_registry(), [Window.parse(name) for name in DEFAULT_WINDOWS]
    history = [
        BlockRow(
            each.height, each.time, each.bits, None if each.pool == "unknown" else each.pool,
            version=0x2000_0000 | (each.height % 9 == 0), tx_count=3000, value_sat=3_2000_0000,
            confidence=None if each.pool == "unknown" else Confidence.HIGH if each.height % 8 else Confidence.LOW,
        )
        for each in islice(onward(mainnet(), 0), 20_000)
    ]  # fmt: skip
    table = BlockTable.of(history, levels(registry))
    made = snapshot(
        table, windows, Tally(), tip_hash=BlockHash("ab" * 32), first_height=history[0].height, caught_up=True,
        registry="abc", pool_names=registry.pools.names,
    )  # fmt: skip
    return replace(estimated(made, table, windows, questions=questions(registry)), signals=signals(table, windows))


def test_mainnet_fits_into_few_series(like_mainnet: Snapshot) -> None:
    assert 3000 < len(published(like_mainnet)) < SERIES_LIMIT
    default = MetricsSection().families
    assert default != "all"
    assert 1500 < len(published(like_mainnet, default)) < DEFAULT_LIMIT


def test_a_family_is_there_only_if_it_is_asked_for(like_mainnet: Snapshot) -> None:
    every = {name for name, _ in published(like_mainnet)}
    base = {name for name, _ in published(like_mainnet, ())}
    assert {"share_ratio", "hhi", "nakamoto_coefficient_upper", "window_complete_ratio"} <= base
    for family, names in FAMILIES.items():
        found = {name for name, _ in published(like_mainnet, (family,))}
        assert found - base == names & every, family
    assert set(get_args(MetricFamily)) == FAMILIES.keys()
    assert {name for names in FAMILIES.values() for name in names} <= {each.name for each in CATALOGUE}


def test_an_entity_that_may_have_many_blocks_is_published_without_one(like_mainnet: Snapshot) -> None:
    series = published(like_mainnet)

    def value(name: str) -> float | None:
        labels = {"level": "country", "entity": "CN", "window": "30d"}
        return series.get((name, tuple(sorted(labels.items()))))

    assert value("share_ratio") == value("share_lower_ratio") == 0
    assert (value("share_upper_ratio") or 0) > 0.3
    assert value("share_sampling_upper_ratio") is None


def test_a_scrape_computes_nothing(like_mainnet: Snapshot) -> None:
    """No function of the thinking room is entered between the request and the text."""
    entered = set()

    def watch(frame: FrameType, _event: str, _argument: object) -> None:
        entered.add(frame.f_globals.get("__name__", ""))

    sys.setprofile(watch)
    try:
        published(like_mainnet)
    finally:
        sys.setprofile(None)
    assert "monitor.outputs.metrics" in entered
    assert not {name for name in entered if name.startswith(("monitor.analysis", "numpy", "scipy"))}
