"""Who builds templates together, and who holds the money."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from monitor.model import BuildersView
from monitor.outputs.schemas.builders import Builders
from monitor.outputs.web.routes.endpoint import Query, get
from monitor.outputs.web.sources import Sources


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
