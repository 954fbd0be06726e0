"""Observations of the AI economy: the newest edition of each period, and the state of the sources."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, select

from monitor.model import Layer, Observation, SourceOrigin, SourceState, Vintage
from monitor.store.dialects import in_parts
from monitor.store.queries import get_metadata, set_metadata
from monitor.store.schema import observation_sources, observations
from monitor.store.transactions import StorePart, reads, writes

_DIRECTIONS = "economy_directions"
"""Name in the table `metadata`."""


def _put(connection: Connection, vintage: Vintage, state: SourceState, *, replaces_all: bool) -> None:
    """Store an edition: it replaces its periods, or everything of its source."""
    own = observations.c.source == vintage.source
    if replaces_all:
        connection.execute(delete(observations).where(own))
    for some in in_parts(sorted({each.period for each in vintage.observations})):
        connection.execute(delete(observations).where(own, observations.c.period.in_(some)))
    edition = {"source": vintage.source, "vintage": vintage.hash, "fetched_at": vintage.fetched_at}
    connection.execute(insert(observations), [{**each._asdict(), **edition} for each in vintage.observations])
    _note(connection, state)


def _note(connection: Connection, state: SourceState) -> None:
    """Replace the state of a source."""
    connection.execute(delete(observation_sources).where(observation_sources.c.source == state.source))
    connection.execute(insert(observation_sources).values(asdict(state)))


def _states(connection: Connection) -> dict[str, SourceState]:
    """The state of each source that was ever asked or given."""
    rows = connection.execute(select(observation_sources)).mappings()
    return {row["source"]: SourceState(**{**row, "origin": SourceOrigin(row["origin"])}) for row in rows}


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
    stored = json.loads(get_metadata(connection, _DIRECTIONS) or "{}")
    return {name: (str(direction), float(since)) for name, (direction, since) in stored.items()}


def _note_directions(connection: Connection, directions: Mapping[str, tuple[str, float]]) -> None:
    """Replace what `directions` returns."""
    set_metadata(connection, _DIRECTIONS, json.dumps(directions))


class StoredEconomy(StorePart):
    """The part of the store that has the AI economy."""

    put = writes(_put)
    note = writes(_note)
    note_directions = writes(_note_directions)
    states = reads(_states)
    observed = reads(_observed)
    directions = reads(_directions)
