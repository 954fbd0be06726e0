"""The numbers of the newest snapshot: shares, indices, changes, signals, recurring unidentified miners."""

from __future__ import annotations

from pydantic import Field

from monitor import model
from monitor.model import Snapshot
from monitor.outputs.schemas.blocks import Tip, UnknownMiners
from monitor.outputs.schemas.concentration import (
    Changes,
    Concentration,
    CurrentShares,
    Shares,
    WindowConcentration,
    WindowShares,
)
from monitor.outputs.schemas.confirmations import ACCEPTED, Confirmations
from monitor.outputs.schemas.signals import Signals
from monitor.outputs.web.routes.endpoint import AsOf, Level, TableQuery, Window, WindowQuery, get
from monitor.outputs.web.sources import Sources


class LevelOnlyQuery(TableQuery):
    """A level."""

    level: Level = None
    """what blocks are counted for; `pool` without it"""


class LevelQuery(LevelOnlyQuery):
    """A level, and one of its windows or all of them."""

    window: Window = None
    """one window only, as configured: `24h`"""

    def chosen(self, snapshot: Snapshot) -> list[model.Concentration]:
        """The windows."""
        level = self.level or snapshot.concentration[0].level
        windows = [each for each in snapshot.concentration if each.level == level]
        return [each for each in windows if self.window in {None, each.window.name}]


@get("/api/v1/shares", rows="windows.shares", example={"level": "country", "window": "30d"})
async def shares(query: LevelQuery, sources: Sources) -> Shares:
    """Who mined how much, with intervals."""
    snapshot = sources.snapshot
    windows = [WindowShares.of_window(each, snapshot) for each in query.chosen(snapshot)]
    return Shares(tip=Tip.of(snapshot, snapshot.pool_names), windows=windows)


@get("/api/v1/shares/now", rows="shares", example={"level": "template"})
async def shares_now(query: LevelOnlyQuery, sources: Sources) -> CurrentShares:
    """Shares of the hashrate now: estimates for the coming fortnight, with the usual drift in their intervals.

    Entities without a counted block have what they may have in the window with a number of blocks nearest to a
    fortnight's.
    """
    snapshot = sources.snapshot
    return CurrentShares.of_level(query.level or snapshot.concentration[0].level, snapshot)


@get("/api/v1/concentration", rows="windows", example={"window": "30d"})
async def concentration(query: LevelQuery, sources: Sources) -> Concentration:
    """How concentrated mining is."""
    snapshot = sources.snapshot
    windows = [WindowConcentration.of_window(each, snapshot) for each in query.chosen(snapshot)]
    return Concentration(tip=Tip.of(snapshot, snapshot.pool_names), windows=windows)


class ConfirmationsQuery(AsOf):
    """What a payee accepts."""

    level: Level = None
    """what blocks are counted for; all levels without it"""
    risk: float = Field(ACCEPTED, gt=0, lt=1, allow_inf_nan=False)
    """the largest acceptable probability of a reversal, between 0 and 1; default 0.001"""
    amount: float | None = Field(None, gt=0, le=21_000_000, allow_inf_nan=False, examples=[10])
    """the payment, in bitcoin"""


@get("/api/v1/confirmations", example={"amount": 10})
async def confirmations(query: ConfirmationsQuery, sources: Sources) -> Confirmations:
    """How many confirmations a payment needs: the risk that the largest entity of a level reverses it, if it tried.

    The glossary has the formulas, at confirmation risk. An entity need not try, and others may join it.
    """
    snapshot = sources.snapshot
    return Confirmations.of_snapshot(snapshot, level=query.level, risk=query.risk, amount=query.amount)


@get("/api/v1/changes", rows="changes")
async def changes(query: TableQuery, sources: Sources) -> Changes:  # noqa: ARG001 -- the sources are as of it
    """Significant changes of shares of hashrate, newest first."""
    return Changes.of_snapshot(sources.snapshot)


@get("/api/v1/signals", example={"window": "30d"})
async def signals(query: WindowQuery, sources: Sources) -> Signals:
    """What blocks say beyond shares: streaks, luck, empty blocks, rewards, signalling, races."""
    return Signals.of_snapshot(sources.snapshot, query.window)


@get("/api/v1/unknown", rows="miners")
async def unknown(query: TableQuery, sources: Sources) -> UnknownMiners:  # noqa: ARG001 -- the sources are as of it
    """Recurring unidentified miners, with the evidence that their blocks have in common."""
    return UnknownMiners.of({"miners": sources.snapshot.unknown_miners})
