"""The state of the daemon, as far as outputs and alerts need it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from monitor.backfill.scheduler import BackfillScheduler
from monitor.chain.fallback import FallbackSource
from monitor.chain.follower import Follower
from monitor.model import Coverage, NodeFacts
from monitor.node.client import NodeClient
from monitor.standby import Role

_STANDSTILL_SECONDS = 3600.0
"""Longer than the longest allowed `node.timeout_seconds` and `node.poll_seconds` and a slow transaction together."""


@dataclass(frozen=True, slots=True)
class Health:
    """Role, follower, node and backfill, as far as outputs need their state."""

    role: Role
    follower: Follower
    node: NodeClient
    """The counted one."""
    backfill: BackfillScheduler
    source: FallbackSource
    patience: float
    """How long the node's best block may not be heard of, seconds."""

    @property
    def waiting(self) -> str | None:
        """Why the numbers may be old: what the database or the follower says, or that the node was not heard lately."""
        if self.role.waiting or not self.role.writes:
            return self.role.waiting
        heard_at = self.heard_at
        if self.follower.waiting or heard_at is None or time.time() - heard_at < self.patience:
            return self.follower.waiting
        return "the node has not named its best block lately"

    @property
    def writer(self) -> bool:
        """Whether this monitor writes the database."""
        return self.role.writes

    @property
    def intake_moves(self) -> bool:
        """Whether the follower has taken a step lately, or asked a node that is away again; not asked of a standby."""
        return not self.role.writes or time.monotonic() - self.follower.stepped_at < _STANDSTILL_SECONDS

    @property
    def facts(self) -> NodeFacts | None:
        """What the followed node last said of itself."""
        return self.source.followed.node.facts

    @property
    def heard_at(self) -> float | None:
        """When it last named its best block, Unix time."""
        return self.source.followed.node.heard_at

    async def node_behind(self) -> int:
        """Blocks of which the counted node has the header only."""
        return await self.node.behind()

    @property
    def coverage(self) -> Coverage | None:
        """How much of the wanted history is stored; None until that is known."""
        return self.backfill.coverage

    @property
    def complete(self) -> bool:
        """Whether all of it is."""
        return self.coverage is not None and not self.coverage.missing

    @property
    def settled(self) -> bool:
        """Whether history is as long as it can be had."""
        return self.complete or (self.coverage is not None and self.coverage.reason is not None)
