"""Stored alerts, and the queue of changes that each receiver has not acknowledged yet.

Alerts and queue are written in one transaction, so a restart neither repeats nor loses a change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from monitor.model import Alert, AlertState, Dispatch, Severity
from monitor.store.schema import alert_changes, alerts, receivers
from monitor.store.transactions import StorePart, reads, writes

_KEPT = 10_000
"""Maximum length of the queue; older changes are deleted, even if a receiver has not acknowledged them."""


def _load(connection: Connection) -> list[Alert]:
    """All alerts except inactive ones."""
    return [_alert(row.alert) for row in connection.execute(select(alerts.c.alert).order_by(alerts.c.key))]


def _save(connection: Connection, standing: Sequence[Alert], changed: Sequence[Alert]) -> None:
    """Replace the stored alerts, and queue those that started firing or were resolved, in this order."""
    connection.execute(delete(alerts))
    if standing:
        connection.execute(insert(alerts), [{"key": each.key, "alert": asdict(each)} for each in standing])
    for each in changed:  # one by one, so that their numbers are in order
        connection.execute(insert(alert_changes).values(alert=asdict(each)))
    if changed:
        _trim(connection)


def _register(connection: Connection, receiver: str) -> None:
    """Add a receiver; a new one gets the changes from now on."""
    if connection.execute(select(receivers.c.name).where(receivers.c.name == receiver)).first() is None:
        newest = connection.execute(select(func.max(alert_changes.c.number))).scalar() or 0
        connection.execute(insert(receivers).values(name=receiver, done=newest))


def _pending(connection: Connection, receiver: str, limit: int) -> list[Dispatch]:
    """Changes that this receiver has not acknowledged, oldest first."""
    done = select(receivers.c.done).where(receivers.c.name == receiver).scalar_subquery()
    query = select(alert_changes).where(alert_changes.c.number > done).order_by(alert_changes.c.number).limit(limit)
    return [Dispatch(row.number, _alert(row.alert)) for row in connection.execute(query)]


def _acknowledge(connection: Connection, receiver: str, number: int) -> None:
    """Record that the receiver has acknowledged all changes up to this one."""
    connection.execute(
        update(receivers).where(receivers.c.name == receiver, receivers.c.done < number).values(done=number)
    )
    _trim(connection)


def _trim(connection: Connection) -> None:
    """Delete changes that every receiver has acknowledged, and those beyond the maximum length."""
    newest = connection.execute(select(func.max(alert_changes.c.number))).scalar() or 0
    lowest = connection.execute(select(func.min(receivers.c.done))).scalar()
    done = max(newest - _KEPT, -1 if lowest is None else lowest)
    connection.execute(delete(alert_changes).where(alert_changes.c.number <= done))


def _alert(document: Mapping[str, Any]) -> Alert:
    return Alert(**{
        **document, "severity": Severity(document["severity"]), "state": AlertState(document["state"])
    })  # fmt: skip


class StoredAlerts(StorePart):
    """The alerts' part of the store."""

    load = reads(_load)
    save = writes(_save)
    # The delivery queue; see `monitor.alerts.delivery.worker.Outbox`.
    register = writes(_register)
    claim = writes(_pending)  # a write: only the writer of the database may deliver
    acknowledge = writes(_acknowledge)
