"""When a source is asked again."""

from __future__ import annotations

import pytest

from monitor.economy.sources.known import SOURCES
from monitor.economy.update import due
from monitor.model import SourceOrigin, SourceState

SOURCE = SOURCES[0]
DAY = 86_400.0
NOW = 1_800_000_000.0


def state(checked_at: float | None, error: str | None = None) -> SourceState:
    return SourceState(
        SOURCE.name,
        "hash",
        NOW,
        origin=SourceOrigin.FETCHED,
        checked_at=checked_at,
        succeeded_at=checked_at,
        error=error,
    )


@pytest.mark.parametrize(
    ("checked_at", "error", "is_due"),
    [
        (None, None, True),
        (NOW - SOURCE.every_days * DAY, None, True),
        (NOW - SOURCE.every_days * DAY + 1, None, False),
        (NOW - 3600, "no answer", True),
        (NOW - 3599, "no answer", False),
        (NOW + 3 * DAY, None, True),  # a monitor whose clock is ahead has asked
    ],
)
def test_it_is_due_after_its_days_or_an_hour_after_a_failure(
    checked_at: float | None, error: str | None, *, is_due: bool
) -> None:
    assert due(state(checked_at, error), SOURCE, NOW) is is_due


def test_one_that_was_never_asked_is_due() -> None:
    assert due(None, SOURCE, NOW)
