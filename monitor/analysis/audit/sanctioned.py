"""What became of the transactions of the user's list."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.model import SanctionedCase, SanctionedSighting


def cases(sightings: Iterable[SanctionedSighting]) -> list[SanctionedCase]:
    """One case for each transaction, newest first. `sightings` are in the order of the chain."""
    by_transaction: dict[str, list[SanctionedSighting]] = {}
    for each in sightings:
        by_transaction.setdefault(each.txid, []).append(each)
    found = []
    for txid, seen in by_transaction.items():
        mined = next((each for each in seen if each.mined), None)
        found.append(
            SanctionedCase(
                txid, seen[0].height, tuple(each.pool for each in seen if not each.mined),
                mined_by=mined.pool if mined else None, mined_height=mined.height if mined else None,
            )
        )  # fmt: skip
    return sorted(found, key=lambda each: -each.first_height)
