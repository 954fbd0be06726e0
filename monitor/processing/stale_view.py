"""Races and stale rates of a window, read from the store beside a daemon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from monitor.analysis import POOL, BlockTable
from monitor.analysis.counting.windows import reached_seconds
from monitor.analysis.signals.races import races
from monitor.analysis.signals.signal_input import SignalInput
from monitor.analysis.signals.stale_rates import stale_rates
from monitor.config import Config
from monitor.errors import InputError
from monitor.model import PoolSlug, Race, Reach, StaleRate, Window
from monitor.registry.loading import load_registry, network_of
from monitor.store.store import Store


class StaleView(NamedTuple):
    """What is known about stale blocks in a window."""

    window: Window
    races: tuple[Race, ...]
    """Newest first."""
    rates: tuple[StaleRate, ...]
    """Largest pool first; empty without a known stale block."""
    names: Mapping[PoolSlug, str]
    """Of the pools."""


async def stale_view(config: Config, window: Window) -> StaleView:
    """The races and rates of the newest stored blocks.

    Raises:
        InputError: no block is stored.
        StoreRefused: there is no database, or it is from another version.
    """
    reach = Reach.of([window]).with_margin
    async with await Store.open(config.store.reading, beside=True) as store:
        network = await store.network() or network_of(config)
        blocks = await store.recent(list, seconds=reach.seconds, count=reach.blocks)
        if not blocks:
            raise InputError("the store has no blocks yet: let the daemon run first")
        table = BlockTable.of(blocks, (POOL,))
        stale = await store.stale(seconds=reached_seconds(table.rows, [window]))
    past = SignalInput.of(table, [window])
    first = int(past.height[past.longest][0])
    inside = [row for row in stale if row.height >= first]
    names = load_registry(config.registry, network).pools.names
    return StaleView(window, races(inside), stale_rates(past, inside), names=names)
