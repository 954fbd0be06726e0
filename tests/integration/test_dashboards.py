"""Every question that a dashboard asks is answered by a real Prometheus that scraped a daemon."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support import dashboards as shipped
from support.audits import showing, view_of
from support.daemon import Inside, inside
from support.prometheus import Prometheus

from monitor import app
from monitor.cli.demo_daemon import signatures_of
from monitor.config import Config
from monitor.embedded import EmbeddedNode, Signature, blocks, mainnet
from monitor.embedded.history import Found
from monitor.model import PoolSlug
from monitor.registry.loading import load_pools
from monitor.store import seen_intervals

WHO, RIVAL, TORN = PoolSlug("antpool"), PoolSlug("foundryusa"), PoolSlug("torn")
GRAFANAS = {"__interval": "1s", "__rate_interval": "1m"}
CHOSEN = {"datasource": "any", "level": "origin", "window": "30d", "unknown": "merged", "trend": "30d", "pool": WHO}


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> EmbeddedNode:
    """One with real history, and a bit in every block."""
    monkeypatch.setattr(blocks, "VERSION", 0x2000_0010)
    return made()


@pytest.fixture
def friend(node: EmbeddedNode) -> EmbeddedNode:  # noqa: ARG001 -- made after it, with the same bit
    """Another one with the same blocks."""
    return made()


def made() -> EmbeddedNode:
    signatures = signatures_of(load_pools("main"))
    signatures[TORN] = Signature(signatures[RIVAL].tag, signatures[WHO].script)
    return EmbeddedNode(network="main", signatures=signatures, history=latest())


def latest() -> Iterator[Found]:
    """Six weeks, long enough for a trend; in the second half another pool has joined the one that is looked at."""
    past = mainnet()[-6000:]
    for found in past:
        joined = found.pool == "f2pool" and found.height > past[3000].height
        yield replace(found, pool=WHO) if joined else found


@pytest.mark.timeout(600)  # Prometheus answers hundreds of questions
async def test_every_panel_variable_and_annotation_has_data(
    node: EmbeddedNode,
    friend: EmbeddedNode,
    *,
    tmp_path: Path,
    start_prometheus: Callable[..., Prometheus],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "run_audit", showing(view_of(WHO, RIVAL)))  # the embedded node has no mempool
    monkeypatch.setattr(seen_intervals, "_PROMPT_SECONDS", math.inf)  # these blocks are of long ago,
    monkeypatch.setattr(seen_intervals, "_TOGETHER_SECONDS", 0)  # and come one right after the other
    async with node, friend, inside(config(node, friend, folder=tmp_path)) as daemon:
        await daemon.wait_for(node.tip.hash, seconds=30)
        port = urlsplit(daemon.url).port
        prometheus = await asyncio.to_thread(start_prometheus, port, interval="500ms")
        await seen(prometheus, "pool_monitor_estimates_block_height")
        await part(node, friend, prometheus)
        await happens(node, daemon)
        await seen(prometheus, 'pool_monitor_errors_total{kind="node_away"}')
        node.mine(RIVAL)
        await seen(prometheus, f"pool_monitor_estimates_block_height == {node.tip.height}")
        await asyncio.sleep(1)  # a second sample: what grows, grows between two

        silent = await asyncio.to_thread(unanswered, prometheus)

    assert silent == []


async def part(node: EmbeddedNode, friend: EmbeddedNode, prometheus: Prometheus) -> None:
    """Two blocks that both nodes have, the second empty and soon after the first; then one that each has alone."""
    for number, transactions in ((1, 1000), (2, 0)):
        assert node.mine(WHO, transactions=transactions) == friend.mine(WHO, transactions=transactions)
        await seen(prometheus, f'pool_monitor_block_first_seen_seconds_count{{node="friend"}} == {number}')
    friend.mine(WHO)
    node.mine(RIVAL)
    await seen(prometheus, "pool_monitor_branch_blocks")


async def happens(node: EmbeddedNode, daemon: Inside) -> None:
    """What a quiet chain has none of: a block that was lost, one with the marks of two, a node that hangs."""
    node.mine(RIVAL)
    below = node.tip.hash
    await daemon.wait_for(node.mine(WHO))
    node.mine(TORN, on=node.mine(TORN, on=below))
    node.stall()
    await asyncio.sleep(1.5)
    node.resume()


def unanswered(prometheus: Prometheus) -> list[str]:
    """What Prometheus has no answer to."""
    (build,) = prometheus.query("pool_monitor_build_info")
    silent = []
    for dashboard in shipped.load().values():
        values = GRAFANAS | CHOSEN | {"instance": build.labels["instance"]}
        for name, (selector, label) in shipped.choices(dashboard).items():
            offered = {each.labels[label] for each in prometheus.query(shipped.filled_in(selector, values))}
            if values[name] not in offered:
                silent.append(f"{dashboard['title']}: {name} offers {offered}")
        asked = {each.where: shipped.filled_in(each.expression, values) for each in shipped.questions(dashboard)}
        asked |= {each.where: lately(shipped.filled_in(each.expression, values)) for each in shipped.events(dashboard)}
        for where, expression in asked.items():
            if not any(math.isfinite(each.value) for each in prometheus.query(expression)):
                silent.append(f"{where}: {expression}")
    return silent


def lately(expression: str) -> str:
    return f"last_over_time(({expression})[1m:500ms])"


async def seen(prometheus: Prometheus, expression: str) -> None:
    await asyncio.to_thread(prometheus.wait_for, expression)


def config(node: EmbeddedNode, friend: EmbeddedNode, *, folder: Path) -> Config:
    access = {"poll_seconds": 0.2, "timeout_seconds": 0.5}
    return Config.model_validate({
        "nodes": [
            {"name": name, "url": each.url, "cookie_file": each.cookie_file, **access}
            for name, each in (("home", node), ("friend", friend))
        ],
        "splits": {"depth": 1, "seconds": 0},
        "metrics": {"families": "all"},
        "store": {"url": f"sqlite:///{folder / 'blocks.sqlite'}"},
        "web": {"port": 0},
    })  # fmt: skip
