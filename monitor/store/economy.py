"""Observations of the AI economy: the newest edition of each period, and the state of the sources."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from monitor.model import Layer, Observation, SourceOrigin, SourceState, Vintage
from monitor.store.schema import metadata, observation_sources, observations
from monitor.store.transactions import Part, reads, writes

_DIRECTIONS = "economy_directions"
"""Name in the table `metadata`."""
_CHUNK = 500
"""Periods of a query: SQLite limits the parameters."""


def _put(connection: Connection, vintage: Vintage, state: SourceState, *, replaces_all: bool) -> None:
    """Store an edition: it replaces its periods, or everything of its source."""
    own = observations.c.source == vintage.source
    periods = sorted({each.period for each in vintage.observations})
    if replaces_all:
        connection.execute(delete(observations).where(own))
    for at in range(0, len(periods), _CHUNK):
        connection.execute(delete(observations).where(own, observations.c.period.in_(periods[at : at + _CHUNK])))
    edition = {"source": vintage.source, "vintage": vintage.hash, "fetched_at": vintage.fetched_at}
    connection.execute(insert(observations), [{**each._asdict(), **edition} for each in vintage.observations])
    _note(connection, state)


def _note(connection: Connection, state: SourceState) -> None:
    """Replace the state of a source."""
    connection.execute(delete(observation_sources).where(observation_sources.c.source == state.source))
    row = {
        "source": state.source, "vintage": state.vintage, "fetched_at": state.fetched_at, "origin": state.origin,
        "checked_at": state.checked_at, "succeeded_at": state.succeeded_at, "validators": dict(state.validators),
        "error": state.error,
    }  # fmt: skip
    connection.execute(insert(observation_sources).values(row))


def _states(connection: Connection) -> dict[str, SourceState]:
    """The state of each source that was ever asked or given."""
    return {
        row.source: SourceState(
            row.source, row.vintage, row.fetched_at, origin=SourceOrigin(row.origin), checked_at=row.checked_at,
            succeeded_at=row.succeeded_at, validators=row.validators, error=row.error,
        )
        for row in connection.execute(select(observation_sources))
    }  # fmt: skip


def _observed(connection: Connection) -> dict[str, tuple[Observation, ...]]:
    """All observations, by source, oldest first."""
    found = defaultdict[str, list[Observation]](list)
    order = observations.c.period, observations.c.layer, observations.c.entity
    for row in connection.execute(select(observations).order_by(*order)):
        found[row.source].append(
            Observation(Layer(row.layer), row.period, row.entity, weight=row.weight, low=row.low, high=row.high)
        )
    return {source: tuple(several) for source, several in found.items()}


def _directions(connection: Connection) -> dict[str, tuple[str, float]]:
    """The direction of each side when it was last computed, and since when it is that, Unix time."""
    value = connection.execute(select(metadata.c.value).where(metadata.c.name == _DIRECTIONS)).scalar()
    return {name: (str(direction), float(since)) for name, (direction, since) in json.loads(value or "{}").items()}


def _note_directions(connection: Connection, directions: Mapping[str, tuple[str, float]]) -> None:
    """Replace what `directions` returns."""
    connection.execute(delete(metadata).where(metadata.c.name == _DIRECTIONS))
    connection.execute(insert(metadata).values(name=_DIRECTIONS, value=json.dumps(directions)))


class StoredEconomy(Part):
    """The part of the store that has the AI economy."""

    put = writes(_put)
    note = writes(_note)
    note_directions = writes(_note_directions)
    states = reads(_states)
    observed = reads(_observed)
    directions = reads(_directions)
