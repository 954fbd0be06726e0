"""What the endpoints and pages read from."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from monitor.hub import Hub
from monitor.model import AuditView, BlockRef, Moment, Snapshot
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.protocols import (
    AuditQueries,
    BlockStore,
    BranchStore,
    Health,
    HistoryQueries,
    JournalQueries,
    PoolDirectory,
)

_AGE_SECONDS = 20.0
"""Pages say how long ago something was: after this time they are rendered again."""
_MAX_WAITING = 8
"""Most things that requests for history wait for at once."""


class Turns:
    """Turns for requests that take a thread and a part of a second: one is served at a time, and a few wait."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = Counter[Hashable]()

    @asynccontextmanager
    async def one(self, wanted: Hashable) -> AsyncIterator[None]:
        """Wait for a turn, and have it while the context is open.

        Args:
            wanted: what is computed. All who want the same take one place, as it is computed once and kept.

        Raises:
            Problem: too many wait already.
        """
        if wanted not in self._waiting and len(self._waiting) >= _MAX_WAITING:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests for history; ask again in a second")
        self._waiting[wanted] += 1
        try:
            async with self._lock:
                yield
        finally:
            self._waiting -= Counter([wanted])


@dataclass(frozen=True, slots=True)
class Sources:
    """The hub, and what it does not have."""

    hub: Hub
    store: BlockStore
    branches: BranchStore
    journal: JournalQueries
    audits: AuditQueries
    health: Health
    directory: PoolDirectory
    history: HistoryQueries
    turns: Turns = field(default_factory=Turns)
    """For requests that count the history."""
    past: Snapshot | None = None
    """The snapshot of an earlier block, if that is what is shown."""

    async def as_of(self, moment: Moment | None) -> Sources:
        """The same sources with the numbers as of an earlier block; unchanged without a moment.

        Raises:
            Problem: nothing is stored of that time, or too many requests wait.
        """
        if moment is None:
            return self
        newest = self.snapshot
        past = self.history.kept(moment)
        if past is None:
            async with self.turns.one(moment):
                past = await self.history.snapshot(moment)
        if past is None or (moment.height or 0) > newest.tip.height:
            begin = f"the history begins at block {newest.first_height}, and ends at {newest.tip.height}"
            raise Problem(HTTPStatus.NOT_FOUND, f"nothing is stored of that time: {begin}")
        return replace(self, past=past)

    async def audit_view(self) -> AuditView | None:
        """The state of the audit, or what it had found at the earlier block; None if nothing is known yet.

        Raises:
            Problem: too many requests wait.
        """
        if self.past is None:
            return self.hub.audit
        async with self.turns.one(object()):
            return await self.audits.view(BlockRef(self.past.tip.height, self.past.tip_hash), self.past.tip.time)

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot, or that of an earlier block.

        Raises:
            Problem: there is none yet.
        """
        if self.past:
            return self.past
        if self.hub.snapshot is None:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "no block is stored yet; /readyz says why")
        return self.hub.snapshot

    def state(self) -> tuple[object, ...]:
        """All that an answer may depend on: while it is the same, so is the answer."""
        age = time.time() // _AGE_SECONDS
        nodes = self.hub.nodes.outline if self.hub.nodes else ()
        economy = self.hub.economy.made_at if self.hub.economy else None
        audit = (self.hub.audit.newest, self.hub.audit.off, len(self.hub.audit.pools)) if self.hub.audit else None
        stratum = self.hub.stratum.made_at if self.hub.stratum else None
        said = (nodes, economy, audit, self.hub.builders, stratum)
        return self.hub.snapshot, self.hub.alerts, said, self.health.waiting, self.health.coverage, age
