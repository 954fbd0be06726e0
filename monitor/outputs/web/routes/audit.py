"""The audit of blocks against the node's templates."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Literal

from pydantic import Field

from monitor.model import AuditView, BlockHash, StoredAudit
from monitor.outputs.schemas.audit import Audit, BlockAuditDetail
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.routes.blocks import BlockQuery
from monitor.outputs.web.routes.endpoint import NO_BLOCK_YET, AsOf, get
from monitor.outputs.web.sources import Sources

_NOT_AUDITED = "this block was not audited"
_STARTING = AuditView("the daemon is starting")


class AuditQuery(AsOf):
    """A part of the audit."""

    level: Literal["pool", "template"] | None = None
    """one level only"""
    window: Literal["7d", "30d", "90d"] | None = None
    """one window only"""

    limit: int = Field(48, ge=1, le=500)
    """maximum number of blocks"""


@get("/api/v1/audit")
async def audit(query: AuditQuery, sources: Sources) -> Audit:
    """Pools and template groups by how far their blocks match the node's templates, and the newest audited blocks."""
    view = await sources.audit_view() or _STARTING
    wanted = (
        each for each in view.pools if query.level in {None, each.level} and query.window in {None, each.window}
    )  # fmt: skip
    below = sources.snapshot.tip.height + 1 if sources.past else None
    newest = await sources.audits.newest(query.limit, below=below)
    return Audit.of_view(replace(view, pools=tuple(wanted)), newest, sources.snapshot.pool_names)


@get("/api/v1/audit/{hash}", problems={**NO_BLOCK_YET, HTTPStatus.NOT_FOUND: _NOT_AUDITED})
async def block_audit(query: BlockQuery, sources: Sources) -> BlockAuditDetail:
    """One block: what was expected, what came, and the verdict on each transaction."""
    wanted = BlockHash(query.hash.lower())
    found, block = await sources.audits.find(wanted), await sources.store.block(wanted)
    if found is None or block is None:
        raise Problem(HTTPStatus.NOT_FOUND, _NOT_AUDITED)
    return BlockAuditDetail.of(StoredAudit(found, block.judged.attribution.pool), sources.snapshot.pool_names)
