"""The pools of the registry, and all that is known about one of them."""

from __future__ import annotations

from http import HTTPStatus

from monitor.outputs.schemas.blocks import Tip
from monitor.outputs.schemas.pools import Pool, Pools
from monitor.outputs.web import profiles
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.routes.endpoint import NO_BLOCK_YET, AsOf, TableQuery, get
from monitor.outputs.web.sources import Sources


class PoolQuery(AsOf):
    """One pool."""

    slug: str
    """slug of the pool, as in `/api/v1/pools`"""


@get("/api/v1/pools", rows="pools")
async def pools(query: TableQuery, sources: Sources) -> Pools:  # noqa: ARG001 -- the sources are as of it
    """Every pool that the registry knows, largest first: what it belongs to, and its share of each window."""
    snapshot = sources.snapshot
    found = profiles.summaries(snapshot, sources.directory)
    found.sort(key=lambda each: -max((share.blocks for share in each.shares), default=0))
    return Pools(tip=Tip.of(snapshot, snapshot.pool_names), pools=found)


@get(
    "/api/v1/pools/{slug}", problems={**NO_BLOCK_YET, HTTPStatus.NOT_FOUND: "unknown pool"},
    example={"slug": "foundryusa"},
)  # fmt: skip
async def pool(query: PoolQuery, sources: Sources) -> Pool:
    """One pool with everything: marks, memberships, shares, signals, and what its newest blocks show."""
    if not profiles.is_known(query.slug, sources):
        raise Problem(HTTPStatus.NOT_FOUND, f"unknown pool {query.slug[:40]!r}; /api/v1/pools has the list")
    newest = await profiles.newest_blocks(query.slug, sources)
    return profiles.profile(query.slug, newest, sources)
