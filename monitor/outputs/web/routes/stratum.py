"""What pools announce to their miners."""

from __future__ import annotations

from monitor.model import StratumView
from monitor.outputs.schemas.stratum import Stratum
from monitor.outputs.web.routes.endpoint import get
from monitor.outputs.web.sources import Sources

_STARTING = StratumView("the daemon is starting")


@get("/api/v1/stratum", problems={}, cached=False)
async def stratum(sources: Sources) -> Stratum:
    """What each pool's miners work on, how quick the pool is on a new block, and which pools share templates."""
    snapshot = sources.hub.snapshot
    return Stratum.of(sources.hub.stratum or _STARTING, snapshot.pool_names if snapshot else {})
