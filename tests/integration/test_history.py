"""How shares and indices went, asked of the daemon itself on the embedded node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.daemon import Inside, inside

from monitor.app.demo import signatures_of
from monitor.app.registry import load_registry
from monitor.config import Config
from monitor.embedded import EmbeddedNode
from monitor.model import PoolSlug

FOUNDRY, ANTPOOL, UNKNOWN = PoolSlug("foundryusa"), PoolSlug("antpool"), PoolSlug("unknown")
START, HOUR = 1_700_000_000, 3600


@pytest.fixture
async def node() -> AsyncIterator[EmbeddedNode]:
    """Three hours with four blocks each; the genesis block is years older."""
    async with EmbeddedNode(signatures=signatures_of(load_registry("main"))) as node:
        for hour, pools in enumerate([[FOUNDRY] * 4, [FOUNDRY, FOUNDRY, ANTPOOL, UNKNOWN], [ANTPOOL] * 4]):
            for at, pool in enumerate(pools, start=1):
                node.mine(pool, time=START + hour * HOUR + at * HOUR // 4)
        yield node


@pytest.fixture
async def daemon(node: EmbeddedNode, tmp_path: Path) -> AsyncIterator[Inside]:
    config = Config.model_validate({
        "node": {"url": node.url, "cookie_file": node.cookie_file, "poll_seconds": 0.2, "timeout_seconds": 1.0},
        "store": {"url": f"sqlite:///{tmp_path / 'blocks.sqlite'}"},
        "web": {"port": 0},
    })  # fmt: skip
    async with inside(config) as daemon:
        await daemon.wait_for(node.tip.hash)
        yield daemon


async def test_an_index_has_a_number_for_each_step(daemon: Inside) -> None:
    answer = await daemon.ask(f"/api/v1/history?metric=hhi&step=1h&from={START}")

    assert answer["times"] == [START + hour * HOUR for hour in range(4)]
    assert (answer["level"], answer["window"], answer["step"]) == ("pool", "1h", 3600)
    assert (answer["from"], answer["to"]) == (START, START + 3 * HOUR)
    assert answer["series"]["split"]["value"] == [None, 10_000, 3750, 10_000]
    assert answer["series"]["split"]["lower"][2] < 3750 < answer["series"]["split"]["upper"][2]
