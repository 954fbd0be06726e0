"""Takes newer editions into the store: from the sources, or from a file. What cannot be used changes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from monitor.economy.fetch import fetching
from monitor.economy.sources.known import read_vintage, recognised, source_named
from monitor.economy.sources.source import Source, Unchanged
from monitor.economy.view import SourceData, ai_side, shipped_data
from monitor.errors import InputError
from monitor.model import Observation, SourceOrigin, SourceState, Vintage
from monitor.store.economy import StoredEconomy

_MOST_FILE_BYTES = 8 * 2**20


async def stored_data(store: StoredEconomy) -> dict[str, SourceData]:
    """What is stored of each source that has an edition."""
    states, observed = await store.states(), await store.observed()
    return {name: SourceData(state, observed[name]) for name, state in states.items() if name in observed}


async def update(
    source: Source, store: StoredEconomy, *, proxy: str | None = None, now: float | None = None
) -> Vintage | None:
    """Fetch the newest edition of a source; None if there is no newer one.

    Raises:
        InputError: it cannot be had, or means something else than the known editions. The store notes why, and keeps
            the last good edition.
    """
    now = time.time() if now is None else now
    before = (await store.states()).get(source.name) or _never(source)
    try:
        async with fetching(before.validators, proxy) as fetcher:
            files = await source.fetch(fetcher)
        vintage = await asyncio.to_thread(read_vintage, source, files, now)
        await asyncio.to_thread(_measurable, vintage)
    except Unchanged:
        await store.note(replace(before, checked_at=now, succeeded_at=now, error=None))
        return None
    except Exception as error:
        await store.note(replace(before, checked_at=now, error=str(error) or type(error).__name__))
        raise
    state = SourceState(
        source.name, vintage.hash, now, origin=SourceOrigin.FETCHED, checked_at=now, succeeded_at=now,
        validators=fetcher.validators,
    )  # fmt: skip
    await store.put(vintage, state, replaces_all=source.replaces_all)
    return vintage


async def take_file(path: Path, store: StoredEconomy) -> Vintage:
    """Take an edition from a file of one of the sources.

    Its day is the one after its newest period, unless the file is older: copying a file makes it look new, and its
    figures are not.

    Raises:
        InputError: it cannot be read, no source has such files, or what is known has newer periods.
    """
    data, changed = await asyncio.to_thread(_read, path)
    vintage = await asyncio.to_thread(recognised, data, min(changed, time.time()))
    await _demand_newer(vintage, store)
    await asyncio.to_thread(_measurable, vintage)
    after = datetime.combine(_newest(vintage.observations) + timedelta(days=1), datetime.min.time(), UTC)
    vintage = replace(vintage, fetched_at=min(vintage.fetched_at, after.timestamp()))
    state = SourceState(vintage.source, vintage.hash, vintage.fetched_at, origin=SourceOrigin.FILE)
    await store.put(vintage, state, replaces_all=source_named(vintage.source).replaces_all)
    return vintage


async def _demand_newer(vintage: Vintage, store: StoredEconomy) -> None:
    """A file ends no earlier than the edition in use, stored or shipped: a cut one would take newer periods away.

    A publisher may withdraw a period; a file does not say whether it did.

    Raises:
        InputError: it does.
    """
    known = [data[vintage.source] for data in (await stored_data(store), shipped_data()) if vintage.source in data]
    newest = _newest(vintage.observations)
    if known and newest < (ours := max(each.newest for each in known)):
        raise InputError(
            f"the edition of {vintage.source} ends with {newest}, and the one in use with {ours}",
            remedy="take a newer and complete one; the one in use stays",
        )


def _newest(observations: Iterable[Observation]) -> date:
    return max(each.period for each in observations)


def _read(path: Path) -> tuple[bytes, float]:
    """The content of a file, and when it was last changed."""
    try:
        if path.stat().st_size > _MOST_FILE_BYTES:
            raise InputError(f"{path} is longer than {_MOST_FILE_BYTES} bytes, which no edition is")
        return path.read_bytes(), path.stat().st_mtime
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}") from None


def _never(source: Source) -> SourceState:
    """The state of a source that was never asked: what is shipped of it, if anything."""
    shipped = shipped_data().get(source.name)
    return shipped.state if shipped else SourceState(source.name, "", 0.0, origin=SourceOrigin.FETCHED)


def _measurable(vintage: Vintage) -> None:
    """Compute what will be published of an edition before it is stored.

    Raises:
        InputError: it has nothing to publish.
    """
    state = SourceState(vintage.source, vintage.hash, vintage.fetched_at, origin=SourceOrigin.FETCHED)
    try:
        side = ai_side({vintage.source: SourceData(state, vintage.observations)})
    except (ArithmeticError, ValueError) as error:
        raise InputError(f"the edition of {vintage.source} cannot be measured: {error}") from None
    if not any(each.source == vintage.source for each in side.measures.values()):
        raise InputError(f"the edition of {vintage.source} has no complete period")


def due(state: SourceState | None, source: Source, now: float) -> bool:
    """Whether a source is asked again: some days after the last request, an hour after a failed one.

    Also if the last request lies in the future: the clock was ahead, or that of another monitor of the database is.
    """
    if state is None or state.checked_at is None:
        return True
    return not 0 <= now - state.checked_at < (3600 if state.error else source.every_days * 86_400)
