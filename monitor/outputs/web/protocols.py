"""What the web output needs of other rooms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from monitor.model import (
    AuditView,
    BlockAudit,
    BlockFilter,
    BlockHash,
    BlockRecord,
    BlockRef,
    Coverage,
    JournalEntry,
    Moment,
    NodeFacts,
    PoolSlug,
    Profile,
    SeriesQuery,
    Sighting,
    Snapshot,
    StoredAudit,
    TimeSeries,
)


class BlockStore(Protocol):
    """The stored blocks."""

    async def blocks(self, limit: int, *, below: int | None = None) -> list[BlockRecord]:
        """Blocks with their attributions, highest first, stale ones included."""

    async def selected(self, wanted: BlockFilter, limit: int) -> list[BlockRecord]:
        """The blocks that a filter wants, highest first; at most `limit`, and the others of the lowest height."""

    async def block(self, wanted: BlockHash) -> BlockRecord | None:
        """One block with its attribution."""

    async def blocks_of(self, pool: PoolSlug, limit: int) -> list[BlockRecord]:
        """The blocks of a pool, highest first, stale ones included."""


class BranchStore(Protocol):
    """What is stored of nodes and branches."""

    async def sightings(self, *, limit: int) -> list[Sighting]:
        """The newest sightings, highest blocks first."""


class AuditQueries(Protocol):
    """The stored audits."""

    async def newest(self, limit: int, *, below: int | None = None) -> list[StoredAudit]:
        """The newest audits, of blocks lower than a height, without transactions, highest first, with pools."""

    async def view(self, tip: BlockRef, time: int) -> AuditView:
        """What the audit had found when a block with this header time was the tip."""

    async def find(self, block: BlockHash) -> BlockAudit | None:
        """The audit of a block; None if it was not audited."""


class JournalQueries(Protocol):
    """What happened."""

    async def newest(self, *, limit: int) -> list[JournalEntry]:
        """The newest entries, newest first."""


class PoolDirectory(Protocol):
    """The registry and the memberships."""

    def profiles(self) -> Iterable[Profile]:
        """Every pool of the registry, by slug."""

    def profile(self, slug: str) -> Profile | None:
        """The data of a pool; None if the registry does not have it."""

    def belongs(self, slug: str, time: int) -> Mapping[str, str | None]:
        """What a pool belonged to at a time, by level; None: no known affiliation."""

    def address(self, script: bytes) -> str | None:
        """The address of an output script; None if it has none."""


class HistoryQueries(Protocol):
    """Shares and indices over time."""

    @property
    def edition(self) -> str | None:
        """Changes whenever a series may have changed; None while there are none."""

    def kept(self, moment: Moment) -> Snapshot | None:
        """What `snapshot` returns, if it need not be computed; else None."""

    async def snapshot(self, moment: Moment) -> Snapshot | None:
        """Every number as of an earlier block; None if nothing is stored of that time, or counted yet."""

    async def series(self, asked: SeriesQuery) -> TimeSeries:
        """The series of a metric. Its thread has ended when a cancelled call returns.

        Raises:
            InputError: the request is invalid; the message has the remedy.
        """


class Health(Protocol):
    """State of the node and of the history."""

    @property
    def waiting(self) -> str | None:
        """What the daemon waits for; None while the node answers."""

    @property
    def writer(self) -> bool:
        """Whether this monitor writes the database."""

    @property
    def facts(self) -> NodeFacts | None:
        """What the node last reported."""

    @property
    def coverage(self) -> Coverage | None:
        """How much of the wanted history is stored; None until that is known."""


class Exposition(Protocol):
    """The metrics in the formats of Prometheus."""

    def encode(self, accept: str) -> tuple[bytes, str]:
        """The body and its content type, for this `Accept` header; the same object while it is unchanged."""
