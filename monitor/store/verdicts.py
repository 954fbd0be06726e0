"""The rows of `attributions`: each distinct judgement is written once, and its number remembered."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from monitor.model import Attribution
from monitor.store.rows import anonymous, attribution_row
from monitor.store.schema import attributions

_REMEMBERED = 20_000
"""Far more than there are pools; a bound, because coinbases are written by strangers."""


class Verdicts:
    """Numbers judgements."""

    def __init__(self) -> None:
        self._known: dict[Attribution, int] = {}

    def number(self, connection: Connection, attribution: Attribution) -> int:
        """The row number of a judgement, which is written if it is new."""
        verdict = anonymous(attribution)
        number = self._known.get(verdict)
        if number is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            number = self._known[verdict] = _written(connection, verdict)
        return number

    def forget(self) -> None:
        """Remember nothing: numbers may have been rolled back, or removed."""
        self._known.clear()


def _written(connection: Connection, verdict: Attribution) -> int:
    row = attribution_row(verdict)
    found: int | None = connection.execute(
        select(attributions.c.id).where(attributions.c.digest == row["digest"])
    ).scalar()
    if found is not None:
        return found
    written: int = connection.execute(insert(attributions).returning(attributions.c.id), row).scalar_one()
    return written
