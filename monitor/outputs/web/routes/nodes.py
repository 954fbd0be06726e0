"""All nodes and branches."""

from __future__ import annotations

from http import HTTPStatus

from monitor.outputs.lags import SIGHTINGS
from monitor.outputs.schemas.nodes import Nodes
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.routes.endpoint import get
from monitor.outputs.web.sources import Sources

_NOT_ASKED_YET = {HTTPStatus.SERVICE_UNAVAILABLE: "no node has said yet where it is"}


@get("/api/v1/nodes", problems=_NOT_ASKED_YET, cached=False)
async def nodes(sources: Sources) -> Nodes:
    """Which node is on which branch, the tree of the newest blocks, splits, and the lags between the nodes."""
    view, snapshot = sources.hub.nodes, sources.hub.snapshot
    if view is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "no node has said yet where it is; repeat the request soon")
    sightings = await sources.branches.sightings(limit=SIGHTINGS)
    return Nodes.of_view(view, snapshot.pool_names if snapshot else {}, sightings=sightings)
