"""Health checks and the state of the daemon."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import ConfigDict

from monitor import __version__
from monitor.outputs.schemas.status import Alive, Ready, Status
from monitor.outputs.web.routes.endpoint import Query, get, json_response
from monitor.outputs.web.sources import Sources


class Anything(Query):
    """Parameters without a meaning: some checks add one so that no proxy answers for the server."""

    model_config = ConfigDict(extra="ignore")


@get("/healthz", problems={}, cached=False)
async def healthz(query: Anything) -> Alive:  # noqa: ARG001 -- declares that it takes any
    """Alive: the process answers."""
    return Alive()


@get("/readyz", answer=Ready, problems={}, ready=True, cached=False)
async def readyz(query: Anything, sources: Sources) -> web.Response:  # noqa: ARG001 -- as above
    """Caught up: the numbers are those of the node's tip."""
    state = Ready.of(_state(sources))
    return json_response(state, HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE)


@get("/api/v1/status", problems={}, cached=False)
async def status(sources: Sources) -> Status:
    """State of the daemon."""
    snapshot = sources.hub.snapshot
    windows = [each.window.name for each in snapshot.concentration] if snapshot else []
    about = {
        **_state(sources),
        "version": __version__,
        "tip": snapshot,
        "registry": snapshot.registry if snapshot else None,
        "windows": list(dict.fromkeys(windows)),
        "node": sources.health.facts,
    }
    return Status.of(about, snapshot.pool_names if snapshot else None)


def _state(sources: Sources) -> dict[str, Any]:
    snapshot, health = sources.hub.snapshot, sources.health
    waiting = health.waiting
    if waiting is None and (snapshot is None or not snapshot.caught_up):
        waiting = "catching up with the node"
    return {
        "ready": waiting is None,
        "waiting": waiting,
        "writer": health.writer,
        "height": snapshot.tip.height if snapshot else None,
        "first_height": snapshot.first_height if snapshot else None,
        "pruned": health.facts.pruned if health.facts else None,
        "history": health.coverage,
    }
