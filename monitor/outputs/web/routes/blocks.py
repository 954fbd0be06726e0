"""Stored blocks, and how their pools were identified."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Literal

from aiohttp import web
from pydantic import Field

from monitor.model import BlockFilter, BlockHash, PoolSlug, Snapshot
from monitor.outputs.schemas.blocks import Block, Blocks
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.profiles import heights_of
from monitor.outputs.web.routes.endpoint import NO_BLOCK_YET, Query, get, json_response
from monitor.outputs.web.routes.times import Time
from monitor.outputs.web.sources import Sources
from monitor.outputs.web.tables import blocks_as_csv

_NOT_STORED = "this block is not stored here"
_MOST_IN_JSON, _MOST_IN_CSV = 500, 10_000
"""A block takes 2 kB of JSON with its coinbase, and 200 bytes of CSV without it."""
_UNKNOWN = "unknown"


class BlocksQuery(Query):
    """A page of the list of blocks."""

    limit: int = Field(50, ge=1, le=_MOST_IN_CSV)
    """maximum number of blocks; a page of JSON has 500 at most. Other blocks of the lowest height follow"""
    below: int | None = Field(None, ge=1, le=2**31 - 1, examples=[840_000])
    """only blocks lower than this height; for the next page, the `next_below` of this one"""
    above: int | None = Field(None, ge=0, le=2**31 - 1, examples=[839_000])
    """only blocks higher than this height"""
    pool: str | None = Field(None, max_length=64, pattern="^[a-z0-9-]+$", examples=["antpool"])
    """only blocks of this pool, by its slug, or of a recurring unidentified miner, by its pseudonym; `unknown`: those
    without a known pool"""
    first: Time | None = Field(None, alias="from")
    """only blocks with this header time or a later one: Unix seconds, `2025-01-31` or `2025-01-31T12:00:00Z`"""
    last: Time | None = Field(None, alias="to")
    """only blocks with this header time or an earlier one"""
    stale: bool | None = None
    """only stale blocks (`true`), or only those of the counted chain (`false`)"""
    format: Literal["json", "csv"] = "json"
    """`csv` has a row for each block, without the coinbase"""

    def wanted(self, snapshot: Snapshot) -> BlockFilter:
        """As the store takes it."""
        heights = heights_of(self.pool, snapshot) if self.pool else None
        unknown = self.pool == _UNKNOWN or heights is not None
        return BlockFilter(
            PoolSlug(self.pool) if self.pool and not unknown else None, unknown, heights=heights,
            first=self.first, last=self.last, below=self.below, above=self.above, stale=self.stale,
        )  # fmt: skip


class BlockQuery(Query):
    """One block."""

    hash: str = Field(pattern="^[0-9a-fA-F]{64}$")
    """hash of the block, 64 hexadecimal digits"""


@get("/api/v1/blocks", answer=Blocks, also="text/csv", example={"pool": "foundryusa", "limit": 5})
async def blocks(query: BlocksQuery, sources: Sources) -> web.Response:
    """Blocks, highest first, stale ones among them; all of them, or those of a pool or a time."""
    names = sources.snapshot.pool_names
    if query.format == "csv":
        found = await sources.store.selected(query.wanted(sources.snapshot), query.limit)
        text = await asyncio.to_thread(blocks_as_csv, found, names)
        return web.Response(text=text, content_type="text/csv", charset="utf-8")
    limit = min(query.limit, _MOST_IN_JSON)
    if query.wanted(sources.snapshot) == BlockFilter(below=query.below):
        found = await sources.store.blocks(limit, below=query.below)
    else:
        found = await sources.store.selected(query.wanted(sources.snapshot), limit)
    more = found[-1].judged.block.height if len(found) >= limit else None
    return json_response(Blocks.of({"blocks": found, "next_below": more or None}, names))


@get("/api/v1/blocks/{hash}", problems={**NO_BLOCK_YET, HTTPStatus.NOT_FOUND: _NOT_STORED})
async def block(query: BlockQuery, sources: Sources) -> Block:
    """One block, and everything that points to a pool."""
    found = await sources.store.block(BlockHash(query.hash.lower()))
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, _NOT_STORED)
    return Block.of(found, sources.snapshot.pool_names)
