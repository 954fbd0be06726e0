"""The signals as Prometheus sees them."""

from dataclasses import replace

import pytest
from support.rows import rows

from monitor.analysis import POOL, BlockTable
from monitor.analysis.consensus import ConsensusParams
from monitor.analysis.signals.compute import signals
from monitor.model import BlockHash, BlockRow, PoolSlug, Signals, Snapshot, Tally, Window
from monitor.outputs.metrics import CATALOGUE

WINDOWS = [Window.parse(name) for name in ("24h", "3d", "7d", "30d", "90d", "1y", "2016b")]
NAMES = {
    "streak_blocks", "streak_probability", "luck_ratio", "luck_zscore", "empty_blocks", "empty_blocks_timed",
    "empty_blocks_soon", "fees_btc",
    "block_interval_seconds", "signalling_ratio", "signalling_blocks", "signalling_threshold_probability",
    "bip54_ready_ratio", "selfish_mining_p_value",
}  # fmt: skip


def shown(seen: Signals | None) -> dict[str, dict[tuple[str, ...], float]]:
    tip = BlockRow(1, 1, 0x1D00FFFF, None)
    snapshot = Snapshot(
        tip, BlockHash("0" * 64), 0, caught_up=True, registry="", concentration=(), tally=Tally(), signals=seen
    )
    return {each.name: dict(each.samples(snapshot)) for each in CATALOGUE if each.name in NAMES}


def of(blocks: list[BlockRow], *windows: str) -> dict[str, dict[tuple[str, ...], float]]:
    parsed = [Window.parse(name) for name in windows]
    return shown(signals(BlockTable.of(blocks, (POOL,)), parsed, rules=ConsensusParams(period_blocks=2)))


def test_every_signal_of_the_catalogue() -> None:
    blocks = rows(
        "ab?a", height=840_000, version=[0x2000_0010] * 3 + [4], tx_count=[1, 2, 1, 2], value_sat=[412_500_000] * 4,
        locktime=[0, 840_000, 0, 0], sequence=[0] * 4,
    )  # fmt: skip
    found = of(blocks, "2b", "4b")
    assert found["streak_blocks"] == {("a",): 1, ("b",): 0}
    assert found["streak_probability"]["b",] == pytest.approx(1)
    assert found["luck_ratio"] == {("a", "2b"): 1, ("b", "2b"): 0, ("a", "4b"): 1, ("b", "4b"): 1}
    assert set(found["luck_zscore"]) == {("a", "2b"), ("b", "2b")}
    assert found["empty_blocks"] == {
        ("a", "2b"): 0, ("b", "2b"): 0, ("unknown", "2b"): 1, ("a", "4b"): 1, ("b", "4b"): 0, ("unknown", "4b"): 1,
    }  # fmt: skip
    assert found["fees_btc"]["a", "4b"] == 2
    assert found["fees_btc"]["b", "2b"] == 0
    assert found["block_interval_seconds"] == {("2b",): 600, ("4b",): 600}
    assert found["signalling_ratio"] == {("4", "2b"): 0.5, ("4", "4b"): 0.75, ("4", "period"): 0.5}
    assert found["signalling_blocks"]["4", "unknown", "period"] == 1
    assert ("4", "a", "2b") not in found["signalling_blocks"]
    assert set(found["signalling_threshold_probability"]) == {("4", "0.55"), ("4", "0.9"), ("4", "0.95")}
    assert found["bip54_ready_ratio"] == {("2b",): 0, ("4b",): 0.25}
    assert found["selfish_mining_p_value"] == {("a",): 1}


def test_without_signals_nothing_is_shown() -> None:
    assert set(shown(None)) == NAMES
    assert not any(samples for samples in shown(None).values())


def test_empty_blocks_that_no_node_saw_are_not_soon() -> None:
    table = BlockTable.of(rows("ab", tx_count=[1, 1]), (POOL,))
    found = shown(signals(table, [Window.parse("2b")], intervals={1000: 12.0}))
    assert found["empty_blocks_timed"] == found["empty_blocks_soon"] == {("a", "2b"): 1}


def test_fees_that_nobody_told_are_not_zero() -> None:
    assert of(rows("ab"), "2b")["fees_btc"] == {}


def test_however_many_pools_and_bits_there_are_the_series_stay_few() -> None:
    blocks = [
        replace(row, pool=PoolSlug(f"pool{index % 97}"), version=0x2000_1FFF, value_sat=1)
        for index, row in enumerate(rows("a" * 5000))
    ]
    found = shown(signals(BlockTable.of(blocks, (POOL,)), WINDOWS))
    assert sum(map(len, found.values())) < 1600
    assert len({pool for pool, _ in found["fees_btc"]}) <= 21
