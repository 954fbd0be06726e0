"""The journal of what happened, the newest entries of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from monitor.model import EntryKind, JournalEntry
from monitor.store.dialects import insert
from monitor.store.schema import journal
from monitor.store.transactions import StorePart, reads, writes

_KEPT = 1000
"""Entries; older ones are deleted."""


def _note(connection: Connection, entries: Sequence[JournalEntry]) -> None:
    """Add entries; one that is there already stays as it is."""
    if not entries:
        return
    statement = insert(connection, journal).on_conflict_do_nothing(index_elements=["key"])
    connection.execute(statement, [each._asdict() for each in entries])
    oldest = select(journal.c.at).order_by(journal.c.at.desc()).offset(_KEPT).limit(1).scalar_subquery()
    connection.execute(delete(journal).where(journal.c.at <= oldest))


def _newest(connection: Connection, *, limit: int = _KEPT) -> list[JournalEntry]:
    """The newest entries, newest first."""
    rows = connection.execute(select(journal).order_by(journal.c.at.desc(), journal.c.key).limit(limit)).mappings()
    return [JournalEntry(**{**row, "kind": EntryKind(row["kind"])}) for row in rows]


class StoredJournal(StorePart):
    """The journal's part of the store."""

    note = writes(_note)
    newest = reads(_newest)
