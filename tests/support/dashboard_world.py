"""A daemon of which every panel of every dashboard has something to show."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import NoReturn

import pytest

from monitor import app
from monitor.cli.demo_daemon import signatures_of
from monitor.config import Config
from monitor.embedded import EmbeddedNode, Signature, blocks, mainnet, onward
from monitor.embedded.history import Found
from monitor.hub import Hub
from monitor.model import PoolSlug
from monitor.registry.loading import load_pools
from monitor.store import seen_intervals
from support import stratum_views
from support.audits import showing, view_of
from support.daemon import Inside, inside
from support.prometheus import Prometheus

WHO, RIVAL, TORN = PoolSlug("antpool"), PoolSlug("foundryusa"), PoolSlug("torn")
SIX_WEEKS = 6000
"""Blocks; long enough for a trend."""


@dataclass(frozen=True)
class World:
    """Two nodes with the same real history, and a daemon that follows them."""

    node: EmbeddedNode
    friend: EmbeddedNode
    daemon: Inside
    patience: float
    """Of the daemon, in seconds."""
    end: int
    """Header time of the last block of history."""

    async def happen(self, prometheus: Prometheus) -> None:
        """Have what a quiet chain has none of, with Prometheus watching: branches, stale blocks, a node that hangs."""
        await _seen(prometheus, "pool_monitor_estimates_block_height")
        await self._part(prometheus)
        await self._lose()
        await _seen(prometheus, 'pool_monitor_errors_total{kind="node_away"}')
        self.node.mine(RIVAL)
        await _seen(prometheus, f"pool_monitor_estimates_block_height == {self.node.tip.height}")

    async def _part(self, prometheus: Prometheus) -> None:
        """Two blocks that both nodes have, the second empty and soon after the first; then one that each has alone."""
        for number, transactions in ((1, 1000), (2, 0)):
            mined = [each.mine(WHO, transactions=transactions) for each in (self.node, self.friend)]
            assert mined[0] == mined[1]
            await _seen(prometheus, f'pool_monitor_block_first_seen_seconds_count{{node="friend"}} == {number}')
        self.friend.mine(WHO)
        self.node.mine(RIVAL)
        await _seen(prometheus, "pool_monitor_branch_blocks")

    async def _lose(self) -> None:
        """A block that is lost, one with the marks of two pools, and a node that hangs."""
        self.node.mine(RIVAL)
        below = self.node.tip.hash
        await self.daemon.wait_for(self.node.mine(WHO))
        self.node.mine(TORN, on=self.node.mine(TORN, on=below))
        self.node.stall()
        await asyncio.sleep(3 * self.patience)
        self.node.resume()


@asynccontextmanager
async def world(folder: Path, *, past: int = SIX_WEEKS, port: int = 0, patience: float = 0.5) -> AsyncIterator[World]:
    """The daemon, once it has counted `past` blocks: real ones, repeated if there are not enough.

    It listens on `port`, or on any, and waits for an answer of a node for `patience` seconds.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocks, "VERSION", 0x2000_0010)  # a bit in every block
        patched.setattr(app, "run_audit", showing(view_of(WHO, RIVAL)))  # the embedded node has no mempool
        patched.setattr(app, "run_stratum", _stratum)
        patched.setattr(seen_intervals, "_PROMPT_SECONDS", math.inf)  # these blocks are of long ago,
        patched.setattr(seen_intervals, "_TOGETHER_SECONDS", 0)  # and come one right after the other
        history = _latest(past)
        node, friend = _node(history), _node(history)
        async with node, friend, inside(_config((node, friend), folder=folder, port=port, patience=patience)) as daemon:
            await daemon.wait_for(node.tip.hash, seconds=max(30, past / 15))
            yield World(node, friend, daemon, patience=patience, end=history[-1].time)


async def _stratum(*_: object, hub: Hub, **__: object) -> NoReturn:
    hub.show_stratum(stratum_views.view_of(time.time()))
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


def _node(history: Sequence[Found]) -> EmbeddedNode:
    signatures = signatures_of(load_pools("main"))
    signatures[TORN] = Signature(signatures[RIVAL].tag, signatures[WHO].script)
    return EmbeddedNode(network="main", signatures=signatures, history=history)


def _latest(past: int) -> list[Found]:
    """In the last three weeks another pool has joined the one that is looked at."""
    real = mainnet()
    found = list(islice(onward(real, max(0, len(real) - past)), past))
    joined = found[-SIX_WEEKS // 2].height
    return [replace(each, pool=WHO) if each.pool == "f2pool" and each.height > joined else each for each in found]


def _config(nodes: tuple[EmbeddedNode, EmbeddedNode], *, folder: Path, port: int, patience: float) -> Config:
    access = {"poll_seconds": 0.2, "timeout_seconds": patience}
    return Config.model_validate({
        "nodes": [
            {"name": name, "url": each.url, "cookie_file": each.cookie_file, **access}
            for name, each in zip(("home", "friend"), nodes, strict=True)
        ],
        "splits": {"depth": 1, "seconds": 0},
        "metrics": {"families": "all"},
        "store": {"url": f"sqlite:///{folder / 'blocks.sqlite'}"},
        "web": {"port": port},
    })  # fmt: skip


async def _seen(prometheus: Prometheus, expression: str) -> None:
    await asyncio.to_thread(prometheus.wait_for, expression)
