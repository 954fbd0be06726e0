"""An entity of a level: a template group, an operator, a country."""

from __future__ import annotations

from http import HTTPStatus

from monitor.model import Concentration
from monitor.outputs.schemas.entities import Entity, WindowShare
from monitor.outputs.web.pages.entity import EntityView
from monitor.outputs.web.pages.names import entity_names
from monitor.outputs.web.pages.published import ShareRow
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.routes.endpoint import NO_BLOCK_YET, TableQuery, Window, get
from monitor.outputs.web.sources import Sources

_NOTHING = "nothing is counted for this entity"


class EntityQuery(TableQuery):
    """One entity."""

    level: str
    """level of the entity: `template`, `operator`, `origin`, `country` or `pool`"""
    entity: str
    """the entity, as in `/api/v1/shares`: `antpool-and-friends`, `CN`"""
    window: Window = None
    """window of the shares of the members, as configured; `7d` without it"""


@get(
    "/api/v1/entities/{level}/{entity}", rows="members", problems={**NO_BLOCK_YET, HTTPStatus.NOT_FOUND: _NOTHING},
    example={"level": "origin", "entity": "CN"},
)  # fmt: skip
async def entity(query: EntityQuery, sources: Sources) -> Entity:
    """An entity with its shares, and its members with dates, confidence and source."""
    snapshot = sources.snapshot
    view = EntityView.of(snapshot, sources.directory, query.entity, level=query.level, window=query.window)
    if view is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"{_NOTHING}; /api/v1/shares has the entities of each level")
    names = entity_names(snapshot)
    about = {
        "tip": snapshot, "level": view.level, "entity": view.entity, "name": names.get(view.entity, view.entity),
        "window": view.chosen.window.name, "shares": [_share(one, row) for one, row in view.windows if row],
        "members": view.members, "possible": view.possible, "unknown": view.unknown,
    }  # fmt: skip
    return Entity.of(about, snapshot.pool_names)


def _share(one: Concentration, row: ShareRow) -> WindowShare:
    interval = row.interval
    return WindowShare(
        window=one.window.name, blocks=row.blocks, total=one.blocks, complete=one.complete,
        share=row.share,
        lower=interval.lower if interval else None, upper=interval.upper if interval else None,
    )  # fmt: skip
