"""Checks once a day what should never be wrong: the counts of windows, and the newest blocks of the best chain.

The counts are kept up block by block; the check counts the stored blocks anew, beside the intake and without its lock,
and compares. A day is 144 blocks: without new blocks nothing can have changed. Of several monitors on one database each
checks its own counts, and the writer the stored blocks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

import structlog

from monitor.analysis.counting.drift import Drift
from monitor.hub import Hub
from monitor.model import Snapshot
from monitor.processing.counter import WindowCounter
from monitor.store.store import Store
from monitor.vitals import Vitals

EVERY_BLOCKS: Final = 144
AGAIN_BLOCKS: Final = 6
"""After a check that could not be completed."""
CHAIN_BLOCKS: Final = 2016
"""Newest blocks that are compared with their parents."""

log = structlog.get_logger()


class SelfCheck:
    """Compares, repairs and reports.

    Args:
        store: the store.
        counter: the counts.
        lock: held by whoever changes them.
        recount: counts the stored blocks anew, and publishes that.
        hub: gives the blocks, and takes what was found.
        vitals: the metrics.
        writes: whether this monitor writes the stored blocks, and checks them too.
    """

    def __init__(  # noqa: PLR0913 -- its inputs and outputs, by name
        self,
        store: Store,
        counter: WindowCounter,
        *,
        lock: asyncio.Lock,
        recount: Callable[[], Awaitable[None]],
        hub: Hub,
        vitals: Vitals,
        writes: bool = True,
    ) -> None:
        self._store = store
        self._counter = counter
        self._lock = lock
        self._recount = recount
        self._hub = hub
        self._vitals = vitals
        self._writes = writes

    async def run(self) -> NoReturn:
        """Check after every 144 blocks, for ever."""
        due: int | None = None
        checking: asyncio.Task[bool] | None = None
        async with asyncio.TaskGroup() as group:
            with self._hub.listen("self-check") as news:
                self._hub.show_self_check({})
                await self._note_inputs()
                async for each in news:
                    if not isinstance(each, Snapshot) or not each.caught_up or (checking and not checking.done()):
                        continue
                    height = each.tip.height
                    if checking and not checking.result():
                        due, checking = height + AGAIN_BLOCKS, None
                    if due is None or height < due - EVERY_BLOCKS:
                        due = height + EVERY_BLOCKS  # the present blocks were counted at the start
                    if height >= due:
                        due, checking = height + EVERY_BLOCKS, group.create_task(self.check())
        raise AssertionError("the hub has ended")

    async def check(self) -> bool:
        """Check everything once; return whether that was possible: not while history is counted anew or extended."""
        await self._note_inputs()
        if self._writes:
            await self._check_chain()
        return await self._check_counts()

    async def _note_inputs(self) -> None:
        """Publish the age of what no other part publishes."""
        if imported := await self._store.stale_list_imported():
            self._vitals.input_modified.labels("stale_list").set(imported)

    async def _check_counts(self) -> bool:
        found = await self._counter.drift()
        if found:
            async with self._lock:  # nothing moves now, so what differs is wrong
                found = await self._counter.drift()
        if found is None:
            return False
        self._vitals.self_check_drift.set(sum(abs(each.counted - each.recounted) for each in found))
        if found:
            self._vitals.self_check_failures.labels("counts").inc()
            log.error("counts of windows had drifted, counted anew", numbers=len(found), first=_text(found[0]))
            await self._recount()
        self._done("counts", len(found))
        return True

    async def _check_chain(self) -> None:
        problems = await self._store.chain_problems(CHAIN_BLOCKS)
        if problems:
            self._vitals.self_check_failures.labels("chain").inc()
            log.error("the stored best chain is broken", problems=len(problems), first=problems[0])
        self._done("chain", len(problems))

    def _done(self, check: str, findings: int) -> None:
        self._vitals.self_check_last_run.labels(check).set(time.time())
        self._hub.show_self_check({**self._hub.self_check, check: findings})


def _text(each: Drift) -> str:
    return f"{each.entity}, level {each.level}, window {each.window}: {each.counted} blocks instead of {each.recounted}"
