"""What the blocks tell besides who has which share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.analysis.empty import empty_blocks
from monitor.analysis.following import following
from monitor.analysis.ledger import Ledger
from monitor.analysis.luck import luck
from monitor.analysis.past import Past
from monitor.analysis.races import races, records
from monitor.analysis.rewards import rewards
from monitor.analysis.rules import Rules
from monitor.analysis.signalling import bip54, forecasts, periods, signalling
from monitor.analysis.spacing import spacing
from monitor.analysis.streaks import streaks
from monitor.model import Signals, StaleRow, Window


def signals(
    ledger: Ledger, windows: Sequence[Window], *, stale: Iterable[StaleRow] = (), rules: Rules | None = None
) -> Signals:
    """Read all signals off the ledger.

    Args:
        ledger: it counts at the level `POOL`, whatever else.
        windows: those to look at; the longest of them is what a pool is compared with.
        stale: the blocks that lost a race.
        rules: of the network; without them, mainnet's.

    Raises:
        ValueError: there are no blocks, no windows, or no pools counted.
    """
    past, rules = Past.of(ledger, windows), rules or Rules()
    run = races(stale)
    return Signals(
        streaks=streaks(past),
        luck=luck(past),
        empty=empty_blocks(past),
        spacing=spacing(past),
        rewards=rewards(past, rules),
        signalling=signalling(past, rules),
        bip54=bip54(past),
        periods=periods(past, rules),
        forecasts=forecasts(past, rules),
        following=following(past),
        races=run,
        race_records=records(run, past.shares),
    )
