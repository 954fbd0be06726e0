"""What commands do with the AI economy, beside a daemon that may be running."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

from monitor.config import Config
from monitor.economy.sources.known import SOURCES, source_named
from monitor.economy.update import stored_data, take_file, update
from monitor.economy.view import ai_side, make_view
from monitor.errors import InputError, StoreRefused
from monitor.model import EconomyView, Vintage
from monitor.store.store import Store


class Outcome(NamedTuple):
    """What became of one source or file."""

    text: str
    failed: bool = False


async def offline_view(config: Config) -> EconomyView:
    """The AI side of the stored editions; of those that come with the program where there is no database."""
    try:
        async with await Store.open(config.store.url, beside=True) as store:
            data = await stored_data(store.economy)
            states = await store.economy.states()
    except StoreRefused:
        data, states = {}, {}
    side = (await asyncio.to_thread(ai_side, data)).with_states(states)
    return make_view(side, {}, now=time.time(), updated=config.economy.update == "daily")


async def fetch_all(config: Config, names: Sequence[str]) -> AsyncIterator[Outcome]:
    """Fetch the newest edition of each source, or of those named, and report each as soon as it is done.

    Raises:
        InputError: a name is unknown.
        StoreRefused: there is no database.
    """
    sources = [source_named(name) for name in names] or SOURCES
    async with await Store.open(config.store.url, beside=True) as store:
        for source in sources:
            try:
                vintage = await update(source, store.economy, proxy=config.economy.proxy)
            except InputError as error:
                yield Outcome(f"{source.name}: {error}", failed=True)
            else:
                yield Outcome(_taken(vintage) if vintage else f"{source.name}: no newer edition")


async def take_all(config: Config, paths: Sequence[Path]) -> AsyncIterator[Outcome]:
    """Take editions from files, and report each as soon as it is done.

    Raises:
        StoreRefused: there is no database.
    """
    async with await Store.open(config.store.url, beside=True) as store:
        for path in paths:
            try:
                yield Outcome(_taken(await take_file(path, store.economy)))
            except InputError as error:
                yield Outcome(f"{path}: {error}", failed=True)


def _taken(vintage: Vintage) -> str:
    periods = sorted({each.period for each in vintage.observations})
    return f"{vintage.source}: {len(periods)} periods from {periods[0]} to {periods[-1]}, edition {vintage.hash[:12]}"
