"""Labels that the table of mainnet's blocks of 2021 to 2025 lacks: events of the table, not of mining."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from monitor.model import Change


@dataclass(frozen=True)
class Artefact:
    """Blocks of a pool that the source leaves without a label."""

    pool: str
    begin: date
    end: date
    text: str

    def explains(self, change: Change) -> bool:
        """Whether a change is where the labels begin or end to be missing."""
        edges = (self.begin, self.end)
        return change.entity == self.pool and any(
            abs(datetime.fromtimestamp(change.time, UTC).date() - edge) <= timedelta(days=6) for edge in edges
        )


ARTEFACTS = (
    Artefact("btccom", date(2021, 3, 8), date(2021, 3, 22), "BTC.com has almost no blocks, the unknown gain as many"),
    Artefact(
        "btccom", date(2021, 7, 12), date(2021, 7, 14), "BTC.com ends from one day to the next, and the unknown gain"
    ),
    Artefact(
        "f2pool", date(2021, 6, 12), date(2021, 9, 12),
        "F2Pool has about a third less, until half of the unknown become its own within a day",
    ),
    Artefact("poolin", date(2021, 10, 14), date(2022, 1, 11), "Poolin has almost no blocks, then 12.8 % within a day"),
)  # fmt: skip
"""Found in the source's table: a label that is missing, not a pool that is."""
