"""Stored blocks, and how their pools were identified."""

from __future__ import annotations

from http import HTTPStatus

from pydantic import Field

from monitor.model import BlockHash
from monitor.outputs.schemas.blocks import Block, Blocks
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.routes.endpoint import NO_BLOCK_YET, Query, get
from monitor.outputs.web.sources import Sources

_NOT_STORED = "this block is not stored here"


class BlocksQuery(Query):
    """A page of the list of blocks."""

    limit: int = Field(50, ge=1, le=500)
    """maximum number of blocks"""
    below: int | None = Field(None, ge=1, le=2**31 - 1, examples=[840_000])
    """only blocks lower than this height; for the next page, the lowest height of this one"""


class BlockQuery(Query):
    """One block."""

    hash: str = Field(pattern="^[0-9a-fA-F]{64}$")
    """hash of the block, 64 hexadecimal digits"""


@get("/api/v1/blocks")
async def blocks(query: BlocksQuery, sources: Sources) -> Blocks:
    """Blocks, highest first, stale ones among them."""
    names = sources.snapshot.pool_names
    return Blocks.of({"blocks": await sources.store.blocks(query.limit, below=query.below)}, names)


@get("/api/v1/blocks/{hash}", problems={**NO_BLOCK_YET, HTTPStatus.NOT_FOUND: _NOT_STORED})
async def block(query: BlockQuery, sources: Sources) -> Block:
    """One block, and everything that points to a pool."""
    found = await sources.store.block(BlockHash(query.hash.lower()))
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, _NOT_STORED)
    return Block.of(found, sources.snapshot.pool_names)
