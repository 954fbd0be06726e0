"""History into the store: by ourselves where no daemon runs, else by the daemon, who is asked for it and watched."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import structlog

from monitor.backfill.ingest import Progress, Tell, fill, missing
from monitor.backfill.segments import MissingBlocks
from monitor.backfill.worker import Order
from monitor.config import Config
from monitor.errors import InputError, NodeError, NodeRefused, StoreInUse
from monitor.model import BlockRef
from monitor.node.client import NodeClient
from monitor.store.store import Store
from monitor.vitals import Vitals

_SIZE = 500
"""Blocks in a transaction, and what is fetched again after a kill: four seconds by the slowest way."""
_LOOK_SECONDS = 0.5
_LEAST_PAUSE_SECONDS, _MOST_PAUSE_SECONDS = 1.0, 30.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Report:
    """What there is afterwards."""

    first_height: int
    tip: BlockRef
    gap: str | None
    """Why there is less than was wanted."""


async def backfill(config: Config, lowest: int, tell: Tell) -> Report:
    """Fetch history down to the height `lowest`, however long that takes.

    Raises:
        InputError: there is no block so high.
        NodeError: the node will not, or was not there from the start.
        StoreError: the database refused; what was stored before is whole.
    """
    try:
        store = await Store.open(config.store.url)
    except StoreInUse:
        async with await Store.open(config.store.url, beside=True) as beside:
            return await _watch(beside, lowest, tell)
    async with store:
        return await _fill(config, store, lowest, tell)


async def _fill(config: Config, store: Store, lowest: int, tell: Tell) -> Report:
    await store.want(lowest)
    network, wanted = await store.network(), await missing(store, lowest, size=_SIZE)
    if network is None or wanted is None:
        network, tip = await _met(config, store)
        if lowest > tip.height:
            raise InputError(f"there is no block {lowest} yet: the node's best block is {tip.height}")
        wanted = wanted or MissingBlocks(tip, lowest, tip, _SIZE)
    begun, pause = wanted.top.height, _LEAST_PAUSE_SECONDS
    total = begun - lowest + 1
    while not wanted.is_done:
        before = wanted.top.height

        def tell_all(now: Progress, earlier: int = begun - before) -> None:
            tell(replace(now, done=earlier + now.done, total=total))

        ended = await fill(store, Order(config.node, config.registry, network, wanted), tell_all)
        wanted = await missing(store, lowest, size=_SIZE) or wanted
        if ended.fault is None:
            await store.note_gap(ended.gap)
            break
        after = wanted.top.height
        if after == begun or ended.refused:
            raise (NodeRefused if ended.refused else NodeError)(ended.fault)
        pause = _LEAST_PAUSE_SECONDS if after < before else min(2 * pause, _MOST_PAUSE_SECONDS)
        log.warning("the backfill waits", reason=ended.fault, seconds=pause)
        tell(Progress("waiting for the node", begun - after, total))
        await asyncio.sleep(pause)
    return await _report(store)


async def _watch(store: Store, lowest: int, tell: Tell) -> Report:
    """Ask the daemon, by a word in the store, and look how far it comes."""
    await store.want(lowest)
    log.info("a daemon uses the database: it was asked, and goes on if this ends", wanted_height=lowest)
    begun: int | None = None
    while True:
        wanted = await missing(store, lowest, size=_SIZE)
        if wanted and (wanted.is_done or await store.gap()):
            return await _report(store)
        if wanted:
            begun = wanted.top.height if begun is None else begun
            tell(Progress("the daemon", begun - wanted.top.height, begun - lowest + 1))
        await asyncio.sleep(_LOOK_SECONDS)


async def _met(config: Config, store: Store) -> tuple[str, BlockRef]:
    """The node's network and tip; our history is that of its chain from now on."""
    async with NodeClient(config.node, Vitals()) as node:
        await store.claim(await node.ready())
        assert node.facts
        await store.note_network(node.facts.network)
        return node.facts.network, node.facts.tip


async def _report(store: Store) -> Report:
    first, tip = await store.first(), await store.tip()
    if first is None or tip is None:
        raise NodeError("the node gave no block", remedy="see the log")
    return Report(first.height, tip, await store.gap())
