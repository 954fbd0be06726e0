"""The ids of rows in `attributions`: each distinct attribution is written once."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from monitor.model import Attribution
from monitor.store.rows import attribution_row, without_miner
from monitor.store.schema import attributions

_MAX_CACHED = 20_000
"""Far more than there are pools; a bound, because miners can write anything into coinbases."""


class AttributionIds:
    """Maps attributions to row ids, and caches them."""

    def __init__(self) -> None:
        self._ids: dict[Attribution, int] = {}

    def id_of(self, connection: Connection, attribution: Attribution) -> int:
        """The row id of an attribution, which is written if it is new."""
        attribution = without_miner(attribution)
        if attribution not in self._ids:
            if len(self._ids) >= _MAX_CACHED:
                self._ids.clear()
            row = attribution_row(attribution)
            found = connection.execute(select(attributions.c.id).where(attributions.c.digest == row["digest"])).scalar()
            if found is None:
                found = connection.execute(insert(attributions).returning(attributions.c.id), row).scalar_one()
            self._ids[attribution] = found
        return self._ids[attribution]

    def clear(self) -> None:
        """Forget the cached ids: their rows may have been rolled back or deleted."""
        self._ids.clear()
