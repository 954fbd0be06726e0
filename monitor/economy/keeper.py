"""Keeps the view of both economies current: fetches if configured, and computes when a source or the day changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, NoReturn, Protocol

import structlog

from monitor.config import EconomySection
from monitor.economy import mining
from monitor.economy.mining import MiningSpan
from monitor.economy.sources.known import SOURCES
from monitor.economy.update import due, stored_data, update
from monitor.economy.view import AiSide, ai_side, make_view, wanted_spans
from monitor.errors import InputError
from monitor.logs import log_failure
from monitor.model import EconomyView, MiningSide, SeriesQuery, TimeSeries, day_of
from monitor.store.reading import Reading
from monitor.store.store import Store
from monitor.vitals import Vitals

_TICK_SECONDS: Final = 60.0
"""How soon an edition is noticed that a command has taken."""
_YEAR_DAYS: Final = 330
"""Mining's direction is recorded for a whole year only: while history is fetched it would change by itself."""

log = structlog.get_logger()


class MiningHistory(Protocol):
    """Series of the stored blocks."""

    @property
    def edition(self) -> str | None:
        """None while there are none."""

    async def series(self, asked: SeriesQuery) -> TimeSeries:
        """The series of a metric.

        Raises:
            InputError: the request is invalid, or no block is counted yet.
        """


class EconomyKeeper:
    """Publishes a view at the start, after each new edition, and each day.

    Args:
        section: the configuration.
        store: has the editions and the blocks.
        history: the series of the blocks.
        complete: whether the wanted history is stored, or as far as it can be.
        publish: takes each view.
        vitals: counts failures.
        writes: whether this process writes the database: another one only shows what that one has fetched.
        clock: Unix time.
    """

    def __init__(  # noqa: PLR0913 -- its inputs and outputs, by name
        self,
        section: EconomySection,
        store: Store,
        history: MiningHistory,
        *,
        complete: Callable[[], bool],
        publish: Callable[[EconomyView], None],
        vitals: Vitals,
        writes: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._section = section
        self._store = store
        self._history = history
        self._complete = complete
        self._publish = publish
        self._vitals = vitals
        self._writes = writes
        self._clock = clock
        self._side: tuple[object, AiSide] | None = None
        self._made_of: object = None

    async def run(self) -> NoReturn:
        """Keep the view current for ever."""
        while True:
            await self.step()
            await asyncio.sleep(_TICK_SECONDS)

    async def step(self) -> None:
        """Fetch what is due, and publish a view if anything has changed."""
        if self._section.update == "daily" and self._writes():
            await self._fetch()
        now = self._clock()
        states = await self._store.economy.states()
        day = day_of(now)
        editions = tuple(sorted((each.source, each.vintage) for each in states.values()))
        checked = tuple(sorted((each.source, each.checked_at, each.error) for each in states.values()))
        made_of = (editions, checked, day, self._history.edition is not None, self._complete())
        if made_of == self._made_of:
            return
        if self._side is None or self._side[0] != editions:
            data = await stored_data(self._store.economy)
            self._side = editions, await asyncio.to_thread(ai_side, data)
        side = self._side[1].with_states(states)
        found = {span: each for span in wanted_spans(side, day) if (each := await self._mining(span))}
        view = make_view(side, found, now=now, updated=self._section.update == "daily")
        self._publish(await self._with_changes(view))
        self._made_of = made_of

    async def _fetch(self) -> None:
        states = await self._store.economy.states()
        for source in SOURCES:
            now = self._clock()
            if not due(states.get(source.name), source, now):
                continue
            try:
                vintage = await update(source, self._store.economy, proxy=self._section.proxy, now=now)
            except InputError as error:
                self._vitals.errors.labels("economy").inc()
                log.warning("economy source failed", source=source.name, error=str(error))
            except Exception as error:  # noqa: BLE001 -- whatever is wrong with one source, the others and the view go on
                self._vitals.errors.labels("economy").inc()
                log_failure("economy source failed", error, source=source.name)
            else:
                log.info("economy source asked", source=source.name, vintage=vintage.hash if vintage else "unchanged")

    async def _mining(self, span: MiningSpan) -> MiningSide | None:
        """A span as far as it is stored."""
        stored = await self._store.reading(Reading.span)
        asked = mining.query(span, stored) if stored else None
        if asked is None:
            return None
        try:
            series = await self._history.series(asked)
        except InputError:  # no block is counted yet
            return None
        found = await asyncio.to_thread(mining.side, span, series)
        return found if found.series else None

    async def _with_changes(self, view: EconomyView) -> EconomyView:
        """The view with the times at which directions changed, which outlast a restart."""
        before = await self._store.economy.directions()
        now = changes(before, view)
        if now != before and self._writes():
            await self._store.economy.note_directions(now)
        return replace(view, changed={name: since for name, (_, since) in now.items() if since})


def changes(before: Mapping[str, tuple[str, float]], view: EconomyView) -> dict[str, tuple[str, float]]:
    """The direction of each side and when it changed to that, 0 if it never did."""
    now = dict(before)
    for name, slope in view.slopes.items():
        if name == "mining" and (slope.last - slope.first).days < _YEAR_DAYS:
            continue
        direction, since = before.get(name, (str(slope.direction), 0.0))
        now[name] = (direction, since) if direction == slope.direction else (str(slope.direction), view.made_at)
    return now
