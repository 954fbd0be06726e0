"""All signals at once."""

from dataclasses import replace

import pytest
from support.rows import rows

from monitor.analysis import POOL, BlockTable
from monitor.analysis.consensus import ConsensusParams
from monitor.analysis.signals.compute import signals
from monitor.embedded.history import mainnet
from monitor.model import BlockHash, BlockRow, PoolSlug, StaleRow, Window

WINDOWS = [Window.parse(name) for name in ("24h", "7d", "30d", "2016b")]


def test_signals_of_a_real_past() -> None:
    past = [
        BlockRow(
            one.height, one.time, one.bits, None if one.pool == "unknown" else one.pool,
            version=0x2000_0000, tx_count=2, value_sat=312_500_000,
        )
        for one in mainnet()
    ]  # fmt: skip
    found = signals(BlockTable.of(past, (POOL,)), WINDOWS)
    assert {each.window for each in found.luck} == {"24h", "7d", "30d", "2016b"}
    assert [each.pool for each in found.streaks][:2] == ["foundryusa", "antpool"]
    assert all(abs(each.zscore or 0) < 6 for each in found.luck)
    (month,) = (each for each in found.spacing if each.window == "30d")
    assert month.mean == pytest.approx(600, rel=0.05)
    assert month.backwards > 0  # header times do go back
    assert sum(each.blocks for each in found.rewards if each.window == "2016b") == 2016
    assert (found.signalling, found.forecasts, found.races) == ((), (), ())
    assert len(found.periods) == 3


def test_stale_blocks_and_the_networks_rules_come_in() -> None:
    lost = StaleRow(1002, BlockHash("x"), BlockHash("w"), 5, PoolSlug("b"), PoolSlug("a"))
    blocks = [replace(row, value_sat=625_000_000 // 2, version=0x2000_0010) for row in rows("aaab")]
    found = signals(BlockTable.of(blocks, (POOL,)), WINDOWS, stale=[lost], rules=ConsensusParams(halving_blocks=250))
    assert [each.depth for each in found.races] == [1]
    a, b = found.race_records
    assert (a.won, b.won, a.expected) == (1, 0, (1 + 0.75 - 0.25) / 2)
    assert found.rewards[0].underclaimed == 0
    assert [each.signalling for each in found.signalling] == [4, 4, 4, 4, 4]


def test_no_signals_of_no_blocks() -> None:
    with pytest.raises(ValueError, match="without blocks"):
        signals(BlockTable((POOL,)), WINDOWS)
