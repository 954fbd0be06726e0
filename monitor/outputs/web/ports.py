"""What the web output asks of rooms that it does not know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from monitor.model import BlockHash, BlockRecord, Coverage, NodeFacts, PoolSlug, Profile, SeriesQuery, TimeSeries


class History(Protocol):
    """The stored past, for reading."""

    async def blocks(self, limit: int, *, below: int | None = None) -> list[BlockRecord]:
        """Blocks with their attributions, highest first, stale ones among them."""

    async def block(self, wanted: BlockHash) -> BlockRecord | None:
        """One block with its attribution."""

    async def blocks_of(self, pool: PoolSlug, limit: int) -> list[BlockRecord]:
        """A pool's blocks, highest first, stale ones among them."""


class Directory(Protocol):
    """Who is who."""

    def profiles(self) -> Iterable[Profile]:
        """Every pool of the registry, by slug."""

    def profile(self, slug: str) -> Profile | None:
        """What is known of a pool; None where the registry has no such."""

    def belongs(self, slug: str, time: int) -> Mapping[str, str | None]:
        """By level, whom a pool belonged to at a time; None where that is nobody, or not known."""

    def address(self, script: bytes) -> str | None:
        """The address that a script pays; None for one that has none."""


class HistoryQueries(Protocol):
    """How shares and indices went."""

    @property
    def edition(self) -> str | None:
        """Another one whenever an answer may be another; None until there are answers."""

    async def course(self, asked: SeriesQuery) -> TimeSeries:
        """How one metric went at one level. What is cancelled ends soon, and before this does.

        Raises:
            InputError: the question makes no sense, with the remedy.
        """


class Health(Protocol):
    """How the intake of blocks is doing."""

    @property
    def waiting(self) -> str | None:
        """Why there is no news from the node; None while it answers."""

    @property
    def facts(self) -> NodeFacts | None:
        """What the node last said of itself."""

    @property
    def coverage(self) -> Coverage | None:
        """How far back history goes; None until that is known."""


class Exposition(Protocol):
    """The numbers in Prometheus's formats."""

    def encode(self, accept: str) -> tuple[bytes, str]:
        """The answer and its content type, for a header `Accept`; the same object as long as it says the same."""
