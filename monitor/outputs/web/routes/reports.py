"""What this monitor has seen itself (nodes, alerts, audits, jobs, evidence), and the AI economy."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Literal

from pydantic import Field

from monitor.model import AlertState, AuditView, BlockHash, BuildersView, StoredAudit, StratumView
from monitor.outputs.lags import SIGHTINGS
from monitor.outputs.schemas.alerts import Alerts
from monitor.outputs.schemas.audit import Audit, BlockAuditDetail
from monitor.outputs.schemas.builders import Builders
from monitor.outputs.schemas.economy import Economy
from monitor.outputs.schemas.nodes import Nodes
from monitor.outputs.schemas.stratum import Stratum
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.routes.blocks import BlockQuery
from monitor.outputs.web.routes.endpoint import NO_BLOCK_YET, AsOf, Query, get
from monitor.outputs.web.sources import Sources

_STARTING = "the daemon is starting"
_NOT_AUDITED = "this block was not audited"


@get("/api/v1/nodes", problems={HTTPStatus.SERVICE_UNAVAILABLE: "no node has said yet where it is"}, cached=False)
async def nodes(sources: Sources) -> Nodes:
    """Which node is on which branch, the tree of the newest blocks, splits, and the lags between the nodes."""
    view, snapshot = sources.hub.nodes, sources.hub.snapshot
    if view is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "no node has said yet where it is; repeat the request soon")
    sightings = await sources.branches.sightings(limit=SIGHTINGS)
    return Nodes.of_view(view, snapshot.pool_names if snapshot else {}, sightings=sightings)


@get("/api/v1/economy", problems={HTTPStatus.SERVICE_UNAVAILABLE: "they are not compared yet"})
async def economy(sources: Sources) -> Economy:
    """The concentration of mining and of the AI economy, layer by layer, with bounds, trends and sources."""
    view = sources.hub.economy
    if view is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the economies are compared in the first minute after a start")
    return Economy.of_view(view)


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
    view = await sources.audit_view() or AuditView(_STARTING)
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


class BuildersQuery(Query):
    """A part of it."""

    level: Literal["template", "custodian"] | None = None
    """one level only"""


@get("/api/v1/builders")
async def builders(query: BuildersQuery, sources: Sources) -> Builders:
    """Pools that build templates together or hold their rewards together, by this monitor's own evidence."""
    view = sources.hub.builders or BuildersView()
    wanted = replace(
        view,
        proposals=tuple(each for each in view.proposals if query.level in {None, each.level}),
        evidence=tuple(each for each in view.evidence if query.level in {None, each.kind.level}),
    )
    return Builders.of(wanted, sources.snapshot.pool_names)


@get("/api/v1/stratum", problems={}, cached=False)
async def stratum(sources: Sources) -> Stratum:
    """What each pool's miners work on, how quick the pool is on a new block, and which pools share templates."""
    snapshot = sources.hub.snapshot
    return Stratum.of(sources.hub.stratum or StratumView(_STARTING), snapshot.pool_names if snapshot else {})


class AlertsQuery(Query):
    """Alerts of one state, or all of them."""

    state: AlertState | None = None
    """one state only: `pending`, `firing` or `resolved`"""


@get("/api/v1/alerts", problems={})
async def alerts(query: AlertsQuery, sources: Sources) -> Alerts:
    """Pending and firing alerts, and those resolved in the last day, newest change first."""
    found = [each for each in sources.hub.alerts if query.state in {None, each.state}]
    return Alerts.of({"alerts": sorted(found, key=lambda each: -each.since)})
