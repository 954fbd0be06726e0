"""The command `backfill`: fetches history itself, or asks a running daemon to and watches its progress."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace

import structlog

from monitor.backfill.ingest import OnProgress, Progress, fill, missing
from monitor.backfill.protocol import BackfillJob
from monitor.backfill.segments import MissingBlocks
from monitor.chain.follower import LASTING_SECONDS
from monitor.config import Config
from monitor.errors import InputError, NodeError, NodeRefused, StoreInUse
from monitor.model import BlockRef
from monitor.node.client import NodeClient
from monitor.store.store import Store
from monitor.vitals import Vitals

_SIZE = 500
"""Blocks in a transaction, and at most so many are fetched again after a kill: four seconds at the slowest."""
_LOOK_SECONDS = 0.5
_LEAST_PAUSE_SECONDS, _MOST_PAUSE_SECONDS = 1.0, 30.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BackfillResult:
    """The stored history after a backfill."""

    first_height: int
    tip: BlockRef
    gap: str | None
    """Why it is shorter than requested; None if it is not."""


async def backfill(config: Config, lowest: int, on_progress: OnProgress) -> BackfillResult:
    """Fetch history down to the height `lowest`, however long that takes.

    Raises:
        InputError: the chain has no block of this height yet.
        NodeError: the node refuses, or could not be reached at the start.
        StoreError: the database failed; what was stored before is complete.
    """
    try:
        store = await Store.open(config.store.url)
    except StoreInUse:
        async with await Store.open(config.store.url, beside=True) as beside:
            return await _watch(beside, lowest, on_progress)
    async with store:
        return await _fill(config, store, lowest, on_progress=on_progress)


async def _fill(config: Config, store: Store, lowest: int, *, on_progress: OnProgress) -> BackfillResult:
    await store.want(lowest)
    network, wanted = await store.network(), await missing(store, lowest, size=_SIZE)
    if network is None or wanted is None:
        network, tip = await _met(config, store)
        if lowest > tip.height:
            raise InputError(f"block {lowest} does not exist yet: the node's best block is {tip.height}")
        wanted = wanted or MissingBlocks(tip, lowest, tip, size=_SIZE)
    begun, pause, accepted = wanted.top.height, _LEAST_PAUSE_SECONDS, time.monotonic()
    total = begun - lowest + 1
    while not wanted.is_done:
        before = wanted.top.height

        def report(now: Progress, earlier: int = begun - before) -> None:
            on_progress(replace(now, done=earlier + now.done, total=total))

        ended = await fill(store, BackfillJob(config.counted_node, config.registry, network, wanted=wanted), report)
        wanted = await missing(store, lowest, size=_SIZE) or wanted
        if ended.fault is None:
            await store.note_gap(ended.gap)
            break
        after = wanted.top.height
        accepted = accepted if ended.refused and after == before else time.monotonic()
        if after == begun or time.monotonic() - accepted >= LASTING_SECONDS:
            raise (NodeRefused if ended.refused else NodeError)(ended.fault)
        pause = _LEAST_PAUSE_SECONDS if after < before else min(2 * pause, _MOST_PAUSE_SECONDS)
        log.warning("backfill failed, retrying", reason=ended.fault, seconds=pause)
        on_progress(Progress("waiting for the node", begun - after, total))
        await asyncio.sleep(pause)
    return await _result(store)


async def _watch(store: Store, lowest: int, on_progress: OnProgress) -> BackfillResult:
    """Leave the request in the store for the daemon, and report its progress."""
    await store.want(lowest)
    log.info("backfill delegated to the running daemon", wanted_height=lowest)
    begun: int | None = None
    while True:
        wanted = await missing(store, lowest, size=_SIZE)
        if wanted and (wanted.is_done or await store.gap()):
            return await _result(store)
        if wanted:
            begun = wanted.top.height if begun is None else begun
            on_progress(Progress("the daemon", begun - wanted.top.height, begun - lowest + 1))
        await asyncio.sleep(_LOOK_SECONDS)


async def _met(config: Config, store: Store) -> tuple[str, BlockRef]:
    """The node's network and tip, after its chain was claimed for the store."""
    async with NodeClient(config.counted_node, Vitals()) as node:
        await store.claim(await node.ready())
        assert node.facts
        await store.note_network(node.facts.network)
        return node.facts.network, node.facts.tip


async def _result(store: Store) -> BackfillResult:
    first, tip = await store.first(), await store.tip()
    if first is None or tip is None:
        raise NodeError("the node sent no block", remedy="see the log")
    return BackfillResult(first.height, tip, await store.gap())
