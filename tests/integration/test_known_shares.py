"""A real chain mined by pools of known hashrate: what is published of it holds the truth."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.daemon import Daemon
from support.services import program, wait_until

POOLS = {
    "foundryusa": (0.30, b"/Foundry USA Pool #dropgold/"),
    "antpool": (0.22, b"/AntPool/"),
    "viabtc": (0.16, b"/ViaBTC/"),
    "f2pool": (0.12, b"/F2Pool/"),
    "luxor": (0.08, b"/LUXOR/"),
    "binancepool": (0.05, b"/Binance/"),
}
UNKNOWN = 0.07
BLOCKS = 1008
WINDOWS = ("24h", "3d", "2016b")
HHI = 10_000 * sum(share**2 for share, _ in POOLS.values())
NAKAMOTO = 2


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """On a chain whose every block is of a pool drawn by its share."""
    shares, tags = zip(*POOLS.values(), (UNKNOWN, b"nobody in particular"), strict=True)
    drawn = random.Random(2009).choices(tags, shares, k=BLOCKS)  # noqa: S311 -- no secret
    with (
        TemporaryDirectory(prefix="pool-monitor-test-") as folder,
        Bitcoind(program("bitcoind"), Path(folder, "node")) as node,
    ):
        tip = mine_all(node, (Recipe(tag=tag, time=1_700_000_000 + 600 * n) for n, tag in enumerate(drawn)))[-1]
        settings: dict[str, Any] = {
            "node__url": node.url,
            "node__cookie_file": node.cookie_file,
            "metrics__families": "all",
        }
        with Daemon(Path(folder, "daemon"), **settings) as running:
            running.wait_for(tip)
            height = "pool_monitor_estimates_block_height"
            wait_until(lambda: running.metric(height) == BLOCKS, seconds=10, what="the estimates of the tip")
            yield running


def test_the_published_intervals_hold_the_truth(daemon: Daemon) -> None:
    held = {}
    for window in WINDOWS:
        (answer,) = daemon.ask(f"/api/v1/shares?window={window}")["windows"]
        found = {each["entity"]: each for each in answer["shares"]}
        for pool, (share, _) in POOLS.items():
            each = found[pool]
            held[window, pool] = each["sampling_lower"] <= share <= each["sampling_upper"]
            assert each["lower"] <= each["sampling_lower"]
            assert each["sampling_upper"] <= each["upper"]
        of_window = f'level="pool",window="{window}"'
        for unknown, hhi in (("split", HHI), ("merged", HHI + 10_000 * UNKNOWN**2)):
            held[window, unknown] = inside(
                daemon, "hhi_sampling_{}", f'level="pool",unknown="{unknown}",window="{window}"', hhi
            )
            assert inside(daemon, "hhi_{}", of_window, hhi), (window, unknown)
        assert inside(daemon, "nakamoto_coefficient_{}", of_window, NAKAMOTO), window
    missed = [which for which, inside_it in held.items() if not inside_it]
    assert len(missed) <= 2, missed  # of 24, each of which may miss one time in twenty


def test_the_probability_of_a_large_share_follows_the_blocks(daemon: Daemon) -> None:
    above = 'pool_monitor_share_above_probability{entity="%s",level="pool",threshold="%s",window="2016b"}'
    chance = {threshold: daemon.metric(above % ("foundryusa", threshold)) for threshold in ("0.25", "0.333", "0.5")}
    assert chance["0.25"] is not None
    assert chance["0.333"] is not None
    assert chance["0.25"] > 0.95
    assert chance["0.333"] < 0.2
    assert chance["0.5"] is None  # less than a millionth
    assert daemon.metric(above % ("nobody", "0.25")) is None


def test_hashrates_add_up_to_the_networks(daemon: Daemon) -> None:
    of_pools = sum(
        daemon.metric(f'pool_monitor_hashrate_hashes_per_second{{entity="{pool}",level="pool",window="3d"}}') or 0
        for pool in POOLS
    )
    network = daemon.metric('pool_monitor_network_hashrate_hashes_per_second{window="3d"}')
    attributed = daemon.metric('pool_monitor_window_attributed_ratio{window="3d"}')
    assert network is not None
    assert attributed is not None
    assert of_pools == pytest.approx(network * attributed)


def inside(daemon: Daemon, name: str, labels: str, truth: float) -> bool:
    lower, upper = (daemon.metric(f"pool_monitor_{name.format(end)}{{{labels}}}") for end in ("lower", "upper"))
    assert lower is not None, (name, labels)
    assert upper is not None
    return lower <= truth <= upper
