"""Runs the stratum watch: where our nodes are goes in, what it finds is stored, compared on a thread, and shown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, NoReturn

import structlog

from monitor.analysis.job_lags import paces
from monitor.analysis.shared_templates import evidence, groups, shared_templates, similarities
from monitor.config import StratumSection
from monitor.hub import Hub
from monitor.model import (
    Attribution,
    Block,
    BlockEvents,
    BlockHash,
    BlockRecord,
    BlockRef,
    Coinbase,
    EvidenceKind,
    PoolPace,
    PoolWork,
    StratumRound,
    StratumView,
)
from monitor.store.store import Store
from monitor.stratum.rounds import KnownBlock, PoolNow, position
from monitor.stratum.watch import USUAL, StratumWatch, Timing
from monitor.text import coinbase_text

_DAY_SECONDS: Final = 86_400
_RECENT_SECONDS: Final = 7 * _DAY_SECONDS
"""What similarities and lags are of."""
_CURRENT_SECONDS: Final = _DAY_SECONDS // 2
"""A period of shared templates lasts until now if it has a block that is not older."""
_BLOCKS: Final = 100
"""Newest blocks that are known."""
_LOOKED_UP: Final = 1000
"""Other blocks that were looked up."""
_TEXT: Final = 200
"""Characters of a coinbase that are shown."""
_RETARGETING: Final = ("main", "signet", "regtest")
"""Networks on which the target is constant for a period: on the others it depends on the time."""
NOT_CONFIGURED: Final = "no servers are configured (stratum.endpoints)"

log = structlog.get_logger()


class _Chain:
    """The newest blocks that our nodes have, of all branches."""

    def __init__(self, hub: Hub, store: Store, records: list[BlockRecord]) -> None:
        self._hub = hub
        self._store = store
        self._looked_up: dict[BlockHash, KnownBlock | None] = {}
        """Blocks that pools work on and that are not among the newest; None if they are not stored."""
        self._stored: dict[BlockHash, KnownBlock] = {}
        self.tip: BlockRef | None = None
        for each in reversed(records):
            block = each.judged.block
            self._add(block, counted=not each.stale)

    def take(self, events: BlockEvents) -> None:
        """Follow a step of the counted chain."""
        for ref in events.plan.disconnects:
            if ref.hash in self._stored:
                self._stored[ref.hash] = self._stored[ref.hash]._replace(counted=False)
        for block in events.plan.connects:
            self._add(block, counted=True)
        self.tip = events.plan.end

    @property
    def known(self) -> Mapping[BlockHash, KnownBlock]:
        """The newest blocks, those of branches that other nodes have, and older ones that were looked up."""
        nodes = self._hub.nodes
        others = {
            each.ref.hash: KnownBlock(each.ref.height, each.bits, counted=each.counted, time=each.time)
            for each in (nodes.tree if nodes else ())
            if each.ref.hash not in self._stored
        }
        older = {each: found for each, found in self._looked_up.items() if found}
        return older | self._stored | others if older or others else self._stored

    async def look_up(self, parents: Iterable[BlockHash]) -> None:
        """Have those of these blocks among the known ones that are stored: a pool may be stuck at an old one."""
        for parent in parents:
            if parent not in self._looked_up:
                found = await self._store.block(parent)
                self._looked_up[parent] = _known(found.judged.block, counted=not found.stale) if found else None
        while len(self._looked_up) > _LOOKED_UP:
            del self._looked_up[next(iter(self._looked_up))]

    @property
    def caught_up(self) -> bool:
        """Whether the newest block of the counted node is stored, and its numbers are published: nothing is urgent."""
        shown = self._hub.snapshot
        return bool(shown and shown.caught_up and self.tip and shown.tip_hash == self.tip.hash)

    def _add(self, block: Block, *, counted: bool) -> None:
        self._looked_up.pop(block.hash, None)
        self._stored[block.hash] = _known(block, counted=counted)
        if counted and (self.tip is None or block.height > self.tip.height):
            self.tip = block.ref
        while len(self._stored) > _BLOCKS:
            del self._stored[next(iter(self._stored))]


def _known(block: Block, *, counted: bool) -> KnownBlock:
    header = block.header
    return KnownBlock(block.height, header.bits, counted=counted, time=header.time, transactions=block.tx_count - 1)


class _Board:
    """What the watch has found, as it is shown."""

    def __init__(self, hub: Hub, store: Store, attribute: Callable[[Coinbase], Attribution]) -> None:
        self._hub = hub
        self._store = store
        self._attribute = attribute
        self._counted = StratumView(None)
        self._paces: dict[str, PoolPace] = {}
        self._judged: dict[str, tuple[Coinbase, Attribution]] = {}
        """By pool, so that a coinbase is attributed once."""

    async def recount(self, keep_seconds: float) -> None:
        """Compare all stored rounds, and store the evidence that proposals of memberships are made of."""
        now = time.time()
        rounds = await self._store.stratum.rounds(now - keep_seconds)
        self._counted, self._paces = await asyncio.to_thread(_counted, rounds, now)
        found = evidence(self._counted.shared)
        await self._store.evidence.replace((EvidenceKind.STRATUM,), found, since=int(now - keep_seconds))

    def show(self, watch: StratumWatch, chain: _Chain) -> None:
        """Show all that is known now."""
        rounds, known, together = watch.rounds, chain.known, watch.rounds.groups()
        up = {each.pool for each in watch.endpoints.values() if each.up}
        pools = sorted({each.pool for each in watch.endpoints.values()})
        works = []
        for pool in pools:
            work = PoolWork(pool, up=pool in up, pace=self._paces.get(pool))
            if now := rounds.now.get(pool):
                parent = now.job.parent
                work = replace(
                    self._described(work, now), parent=parent, last_job_at=now.at, branches=len(now.job.branches),
                    group=together.get(pool), height=known[parent].height if parent in known else None,
                    position=position(parent, known, chain.tip),
                )  # fmt: skip
            works.append(work)
        self._hub.show_stratum(
            replace(
                self._counted, made_at=time.time(), endpoints=tuple(watch.endpoints.values()), pools=tuple(works),
                faults=tuple(reversed(rounds.faults.values())),
            )
        )  # fmt: skip

    def _described(self, work: PoolWork, now: PoolNow) -> PoolWork:
        """With what the coinbase says."""
        coinbase = now.coinbase
        if coinbase is None:
            return work
        known = self._judged.get(work.pool)
        if known is None or known[0] is not coinbase:
            known = self._judged[work.pool] = coinbase, self._attribute(coinbase)
        return replace(
            work, attributed=known[1].pool, text=coinbase_text(coinbase.script)[:_TEXT], value_sat=coinbase.value_sat,
            payouts=sum(output.value_sat > 0 for output in coinbase.outputs),
        )  # fmt: skip


async def run_stratum(
    section: StratumSection,
    network: str,
    *,
    hub: Hub,
    store: Store,
    attribute: Callable[[Coinbase], Attribution],
    timing: Timing = USUAL,
) -> NoReturn:
    """Watch the configured servers for ever; shows that there are none otherwise, and does nothing.

    Args:
        section: the configuration.
        network: of the counted node.
        hub: announces blocks, and shows what is found.
        store: keeps what is found.
        attribute: who mines a block with a coinbase.
        timing: how long things take; tests use their own.
    """
    if not section.endpoints:
        hub.show_stratum(StratumView(NOT_CONFIGURED))
        await asyncio.Event().wait()
    keep_seconds = section.keep_days * _DAY_SECONDS
    board = _Board(hub, store, attribute)
    with hub.listen("stratum") as news:
        chain = _Chain(hub, store, await store.blocks(_BLOCKS))
        await board.recount(keep_seconds)

        async def found(finished: StratumRound) -> None:
            await store.stratum.save(finished)
            await board.recount(keep_seconds)

        watch = StratumWatch(
            section, chain, found=found, show=lambda: board.show(watch, chain),
            retargets_rarely=network in _RETARGETING, timing=timing,
        )  # fmt: skip
        log.info("stratum watch on", endpoints=len(section.endpoints))
        async with asyncio.TaskGroup() as group:
            group.create_task(watch.run())
            async for each in news:
                if isinstance(each, BlockEvents):
                    chain.take(each)
    raise AssertionError("the hub has ended")


def _counted(rounds: list[StratumRound], now: float) -> tuple[StratumView, dict[str, PoolPace]]:
    """What the rounds say, and how quick the pools are."""
    recent = [each for each in rounds if each.at >= now - _RECENT_SECONDS]
    shared = shared_templates(rounds)
    newest = rounds[-1].at if rounds else now
    return StratumView(
        None,
        similar=tuple(similarities(recent)),
        shared=tuple(shared),
        groups=tuple(groups(shared, newest - _CURRENT_SECONDS)),
    ), paces(recent)
