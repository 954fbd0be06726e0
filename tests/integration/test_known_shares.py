"""A real chain mined by pools of known hashrate: what is published of it holds the truth."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.daemon import Daemon
from support.services import wait_until

SHARES = {
    "foundryusa": 0.3, "antpool": 0.22, "viabtc": 0.16, "f2pool": 0.12, "luxor": 0.08, "binancepool": 0.05, None: 0.07,
}  # fmt: skip
TAGS = {
    "foundryusa": b"/Foundry USA Pool #dropgold/", "antpool": b"Mined by AntPool", "viabtc": b"/ViaBTC/",
    "f2pool": b"f2pool", "luxor": b"/LUXOR/", "binancepool": b"binance", None: b"nobody",
}  # fmt: skip
BLOCKS = 1008
WINDOWS = ("24h", "3d", "2016b")
HHI = 10_000 * sum(share**2 for pool, share in SHARES.items() if pool)
NAKAMOTO = 2


@pytest.fixture
def daemon(bitcoind: Bitcoind, scratch: Path) -> Any:  # noqa: ANN401
    """On a chain that is a sample of `SHARES`."""
    chosen = random.Random(2009).choices(list(SHARES), list(SHARES.values()), k=BLOCKS)  # noqa: S311 -- no secret
    tip = mine_all(bitcoind, (Recipe(tag=TAGS[pool], time=1_700_000_000 + 600 * n) for n, pool in enumerate(chosen)))[-1]
    with Daemon(scratch / "daemon", node__url=bitcoind.url, node__cookie_file=bitcoind.cookie_file) as running:
        running.wait_for(tip)
        wait_until(lambda: running.metric("pool_monitor_estimates_block_height") == BLOCKS, seconds=10, what="estimates")
        yield running


def test_the_published_intervals_hold_the_truth(daemon: Daemon) -> None:
    held = []
    for window in WINDOWS:
        of_window: Callable[[str, str], str] = lambda name, rest, window=window: (  # noqa: E731
            f'pool_monitor_{name}{{{rest},window="{window}"}}'
        )
        ...
