"""Days in UTC, and when they begin."""

from __future__ import annotations

from datetime import UTC, date, datetime


def day_of(seconds: float) -> date:
    """The day of a time in seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).date()


def beginning(day: date) -> int:
    """The first second of a day, since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
