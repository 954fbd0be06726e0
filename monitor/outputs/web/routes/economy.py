"""Both economies."""

from __future__ import annotations

from http import HTTPStatus

from monitor.outputs.schemas.economy import Economy
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.routes.endpoint import get
from monitor.outputs.web.sources import Sources


@get("/api/v1/economy", problems={HTTPStatus.SERVICE_UNAVAILABLE: "they are not compared yet"})
async def economy(sources: Sources) -> Economy:
    """The concentration of mining and of the AI economy, layer by layer, with bounds, trends and sources."""
    view = sources.hub.economy
    if view is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the economies are compared in the first minute after a start")
    return Economy.of_view(view)
