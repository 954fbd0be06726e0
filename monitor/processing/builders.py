"""Keeps the evidence of who builds templates and who holds the money up to date, and shows what it suggests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

import structlog

from monitor.analysis.groups.custody import custody_evidence, payout_styles
from monitor.analysis.groups.omissions import omissions_evidence
from monitor.analysis.groups.rewards import TracedRewards
from monitor.analysis.groups.structure import Structures, structure_evidence
from monitor.attribution.structure import structure
from monitor.config import Config
from monitor.custody.observer import CustodyNode, CustodyObserver
from monitor.hub import Hub
from monitor.model import BuildersView, CustodyState, Evidence, EvidenceKind, PayoutStyle, PoolSlug, Proposal, Snapshot
from monitor.processing.measured import stored_proposals
from monitor.processing.whole_blocks import WholeBlocks
from monitor.store.reading import Reading
from monitor.store.store import Store

_DISABLED = CustodyState("switched off in the configuration (custody.enabled)")
_TIME_RATIO = 0.002
"""Share of a processor that the computation takes, at most."""
_SHORTEST_SECONDS = 2.0
_TURN = 10
"""Blocks that are compared at a time."""
_HISTORY_SECONDS = 730 * 86_400
"""How far back coinbases are compared."""
_FROM_BLOCKS = (EvidenceKind.CO_SPENT, EvidenceKind.SWEPT, EvidenceKind.SAME_SCRIPT, EvidenceKind.STRUCTURE)
_FROM_AUDITS = (EvidenceKind.OMISSIONS,)
"""The kinds of evidence that are computed here. Others are stored by what finds them."""

log = structlog.get_logger()


class BuildersKeeper:
    """Computes evidence from the stored blocks.

    Args:
        config: the configuration.
        store: the store.
        hub: announces blocks, and shows what is found.
        belongs: what a pool belonged to at a time, by level.
        adopt: called with the proposals whenever they have changed.
        writes: whether this monitor writes the database; else it shows what another one found.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        hub: Hub,
        *,
        belongs: Callable[[str, int], Mapping[str, str | None]],
        adopt: Callable[[tuple[Proposal, ...]], Awaitable[None]],
        writes: bool = True,
    ) -> None:
        self._config = config
        self._store = store
        self._hub = hub
        self._belongs = belongs
        self._adopt = adopt
        self._writes = writes
        self._wake = asyncio.Event()
        self._view = BuildersView(
            CustodyState() if config.custody.enabled else _DISABLED,
            measured_template=config.registry.template == "measured",
        )

    async def run(self) -> NoReturn:
        """Compute for ever, whenever there are new blocks or new spends."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            while True:
                self._wake.clear()
                spent = await self.compute()
                await asyncio.sleep(max(_SHORTEST_SECONDS, spent / _TIME_RATIO))
                await self._wake.wait()
        raise AssertionError("listening never ends")

    async def _listen(self) -> NoReturn:
        with self._hub.listen("builders", limit=4) as news:
            async for each in news:
                if isinstance(each, Snapshot):
                    self._wake.set()
        raise AssertionError("the hub has ended")

    def show_custody(self, state: CustodyState) -> None:
        """Show how far rewards have been followed."""
        if state.spends != self._view.custody.spends:
            self._wake.set()
        self._view = replace(self._view, custody=state)
        self._hub.show_builders(self._view)

    async def compute(self) -> float:
        """Compute everything once, and show it; the processor time that the comparison of blocks took, in seconds.

        Not the time on the clock: a busy machine or a slow database would delay the next one for long.
        """
        newest = await self._store.evidence.newest_time()
        spends = await self._store.evidence.spends()
        since = newest - max(_HISTORY_SECONDS, self._config.custody.days * 86_400)

        def work(reading: Reading) -> tuple[list[Evidence], list[PayoutStyle], float]:
            began = time.thread_time()
            rewards, structures = TracedRewards(spends), Structures()
            disorders = reading.disorders(since)
            for number, record in enumerate(reading.records(since)):
                if not number % _TURN:
                    time.sleep(0)  # the event loop may take its turn
                rewards.add(record)
                block = record.judged.block
                if pool := record.judged.attribution.pool:
                    structures.add(pool, block.header.time, structure(block, disorders.get(block.height)))
            found = rewards.all()
            evidence = [*custody_evidence(found), *structure_evidence(structures, self._group)]
            return evidence, payout_styles(found), time.thread_time() - began

        found, styles, spent = await self._store.reading(work)
        if self._writes:
            await self._store.evidence.replace(_FROM_BLOCKS, found, since=since)
            await self._compare_audits(newest - self._config.audit.keep_days * 86_400)
        before = self._view.proposals
        proposals = await stored_proposals(self._store)
        self._view = replace(
            self._view, evidence=tuple(await self._store.evidence.evidence()), proposals=proposals,
            counted_as=self._counted_as(proposals, newest), styles=tuple(styles), at=newest,
            edition=self._view.edition + 1,
        )  # fmt: skip
        self._hub.show_builders(self._view)
        if proposals != before:
            await self._adopt(proposals)
        return spent

    def _counted_as(self, proposals: Sequence[Proposal], now: int) -> dict[PoolSlug, str]:
        """The template group by which each proposed pool is counted."""
        pools = {each.pool for each in proposals}
        return {pool: group for pool in sorted(pools) if (group := self._belongs(pool, now).get("template"))}

    async def _compare_audits(self, since: int) -> None:
        passed_over = await self._store.evidence.passed_over(since)
        audited = await self._store.audits.rows(since)
        found = await asyncio.to_thread(omissions_evidence, passed_over, audited)
        await self._store.evidence.replace(_FROM_AUDITS, found, since=since)

    def _group(self, pool: PoolSlug, time: int) -> str:
        """The known template group of a pool at a time, else the pool itself."""
        return self._belongs(pool, time).get("template") or pool


async def follow_custody(
    config: Config, node: CustodyNode, store: Store, *, hub: Hub, keeper: BuildersKeeper, complete: Callable[[], bool]
) -> NoReturn:
    """Follow rewards for ever, if the configuration says so; from the block files where there are any."""
    if not config.custody.enabled:
        await asyncio.Event().wait()
    folder = config.counted_node.blocks_dir
    await CustodyObserver(
        WholeBlocks(node, folder) if folder else node,
        store.evidence,
        hub,
        complete=complete,
        days=config.custody.days,
        show=keeper.show_custody,
    ).run()
    raise AssertionError("the observer returned")
