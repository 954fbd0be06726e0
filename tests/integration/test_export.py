"""A real Prometheus takes the exported past, and serves it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.prometheus import Prometheus, create_blocks
from support.services import free_port
from support.stored import store_mainnet

from monitor.analysis import POOL, BlockTable, concentrate
from monitor.config import Config, StoreSection
from monitor.export.history import ExportOptions, export_history
from monitor.model import BlockRow, Window

DAY = 86_400


async def test_prometheus_serves_the_hhi_of_the_past(
    start_prometheus: Callable[..., Prometheus], promtool: Path, scratch: Path
) -> None:
    config = Config(store=StoreSection(url=f"sqlite:///{scratch / 'blocks.sqlite'}"))
    stored = await store_mainnet(config.store.url, 3000)
    window = Window.parse("7d")
    file, folder = scratch / "history.txt", scratch / "prometheus"
    await export_history(config, ExportOptions(DAY, [window], labels={"job": "pool-monitor"}), file)

    create_blocks(promtool, file, folder)
    server = start_prometheus(free_port(), folder=folder, arguments=("--storage.tsdb.retention.time=20y",))

    middle = stored[1500].block.header.time
    moment = middle + -middle % DAY
    until = next(n for n, each in enumerate(stored) if each.block.header.time > moment)
    rows = [
        BlockRow(each.block.height, each.block.header.time, each.block.header.bits, each.attribution.pool)
        for each in stored[:until]
    ]
    (truth,) = concentrate(BlockTable.of(rows, (POOL,)), [window])
    assert truth.split
    selected = '{job="pool-monitor",level="pool",unknown="split",window="7d"}'
    (hhi,) = server.query(f"pool_monitor_hhi{selected}", time=moment)
    assert hhi.value == pytest.approx(truth.split.hhi, rel=1e-12)
    (later,) = server.query(f"last_over_time(pool_monitor_hhi{selected}[1d])", time=moment + DAY // 2)
    assert later.value == hhi.value
    shares = server.query('pool_monitor_share_ratio{level="pool",window="7d"}', time=moment)
    assert {each.labels["entity"]: each.value for each in shares} == pytest.approx(
        {share.entity: share.share for share in truth.shares[:20]}
    )
