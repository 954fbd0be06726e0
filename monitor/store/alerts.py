"""Alerts as the store remembers them: how each stands, and what its receivers are still to be told.

A change of state and its place in the queue of the receivers are one transaction, so neither is ever there without the
other: a restart repeats nothing and forgets nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, delete, func, insert, select, update

from monitor.model import Alert, AlertState, Dispatch, Severity
from monitor.store.schema import alert_changes, alerts, receivers

_KEPT = 10_000
"""Changes that wait for a receiver who never comes back; older ones are let go."""

_T = TypeVar("_T")


class _Run(Protocol):
    """How work gets to the database."""

    def __call__(self, work: Callable[[Connection], _T]) -> Awaitable[_T]: ...


class StoredAlerts:
    """The alerts' part of the store. Every call is one transaction."""

    def __init__(self, write: _Run, read: _Run) -> None:
        self._write = write
        self._read = read

    # -- how they stand ------------------------------------------------------------------------------------------------

    async def standing(self) -> list[Alert]:
        """Every alert that is not quiet, as it stood last."""
        return await self._read(_standing)

    async def note(self, standing: Sequence[Alert], changed: Sequence[Alert]) -> None:
        """Remember how alerts stand now, and queue what receivers must be told of it.

        Args:
            standing: every alert that is not quiet; one that is missing here is forgotten.
            changed: those that began or ceased to fire, in order.
        """
        await self._write(lambda connection: _note(connection, standing, changed))

    # -- what is to be told; see `monitor.alerts.ports.Outbox` -------------------------------------------------

    async def join(self, receiver: str) -> None:
        """Make a receiver known; one that is new begins with what changes from now on."""
        await self._write(lambda connection: _join(connection, receiver))

    async def waiting(self, receiver: str, limit: int) -> list[Dispatch]:
        """Changes that this receiver has not acknowledged, oldest first."""
        return await self._read(lambda connection: _waiting(connection, receiver, limit))

    async def done(self, receiver: str, number: int) -> None:
        """The receiver has acknowledged all changes up to this one."""
        await self._write(lambda connection: _done(connection, receiver, number))


def _standing(connection: Connection) -> list[Alert]:
    return [_alert(row.alert) for row in connection.execute(select(alerts.c.alert).order_by(alerts.c.key))]


def _note(connection: Connection, standing: Sequence[Alert], changed: Sequence[Alert]) -> None:
    connection.execute(delete(alerts))
    if standing:
        connection.execute(insert(alerts), [{"key": each.key, "alert": asdict(each)} for each in standing])
    for each in changed:  # one by one, so that their numbers are in order
        connection.execute(insert(alert_changes).values(alert=asdict(each)))
    if changed:
        _tidy(connection)


def _join(connection: Connection, receiver: str) -> None:
    if connection.execute(select(receivers.c.name).where(receivers.c.name == receiver)).first() is None:
        newest = connection.execute(select(func.max(alert_changes.c.number))).scalar() or 0
        connection.execute(insert(receivers).values(name=receiver, done=newest))


def _waiting(connection: Connection, receiver: str, limit: int) -> list[Dispatch]:
    done = select(receivers.c.done).where(receivers.c.name == receiver).scalar_subquery()
    query = select(alert_changes).where(alert_changes.c.number > done).order_by(alert_changes.c.number).limit(limit)
    return [Dispatch(row.number, _alert(row.alert)) for row in connection.execute(query)]


def _done(connection: Connection, receiver: str, number: int) -> None:
    connection.execute(
        update(receivers).where(receivers.c.name == receiver, receivers.c.done < number).values(done=number)
    )
    _tidy(connection)


def _tidy(connection: Connection) -> None:
    """Let go of what every receiver has, and of what has waited for too long."""
    newest = connection.execute(select(func.max(alert_changes.c.number))).scalar() or 0
    told = connection.execute(select(func.min(receivers.c.done))).scalar()
    done = max(newest - _KEPT, -1 if told is None else told)
    connection.execute(delete(alert_changes).where(alert_changes.c.number <= done))


def _alert(document: Mapping[str, Any]) -> Alert:
    return Alert(**{
        **document, "severity": Severity(document["severity"]), "state": AlertState(document["state"])
    })  # fmt: skip
