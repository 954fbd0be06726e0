"""All signals of a snapshot: what blocks show besides shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from monitor.analysis.consensus import ConsensusParams
from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.signals.advantage import advantages
from monitor.analysis.signals.empty import empty_blocks
from monitor.analysis.signals.luck import luck
from monitor.analysis.signals.races import races, records
from monitor.analysis.signals.rewards import rewards
from monitor.analysis.signals.signal_input import SignalInput
from monitor.analysis.signals.signalling import bip54, forecasts, periods, signalling
from monitor.analysis.signals.spacing import spacing
from monitor.analysis.signals.stale_rates import stale_rates
from monitor.analysis.signals.streaks import streaks
from monitor.analysis.signals.succession import succession_tests
from monitor.model import Signals, StaleRow, Window


def signals(
    table: BlockTable,
    windows: Sequence[Window],
    *,
    stale: Iterable[StaleRow] = (),
    intervals: Mapping[int, float] | None = None,
    rules: ConsensusParams | None = None,
) -> Signals:
    """Read all signals off a table with the level `POOL`; the longest window is what a pool is compared with.

    `intervals` are the seconds from the parent to an empty block, as nodes saw them, by height; `rules` are those of
    the network, by default mainnet's.

    Raises:
        ValueError: there are no blocks, no windows, or no pools counted.
    """
    past, rules = SignalInput.of(table, windows), rules or ConsensusParams()
    lost = tuple(stale)
    run = races(lost)
    return Signals(
        streaks=streaks(past),
        luck=luck(past),
        empty=empty_blocks(past, intervals),
        spacing=spacing(past),
        rewards=rewards(past, rules),
        advantages=advantages(past, lost),
        signalling=signalling(past, rules),
        bip54=bip54(past),
        periods=periods(past, rules),
        forecasts=forecasts(past, rules),
        following=succession_tests(past),
        races=run,
        race_records=records(run, past.shares),
        stale_rates=stale_rates(past, lost),
    )
