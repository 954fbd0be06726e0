"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.errors import Exit, PoolMonitorError


class Grade(StrEnum):
    """Severity of a finding."""

    GOOD = "good"
    BETTER = "better"
    """It works, and the remedy would improve it."""
    BAD = "bad"
    """The daemon cannot run."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check."""

    grade: Grade
    what: str
    remedy: str | None = None
    exit_code: Exit = Exit.STOPPED


def bad(error: PoolMonitorError, name: str = "") -> Finding:
    """An error that stops the daemon, of what is called `name`."""
    return Finding(
        Grade.BAD,
        sentence(name + error.problem),
        sentence(error.remedy) if error.remedy else None,
        exit_code=error.exit_code,
    )


def sentence(text: str) -> str:
    """A text with a capital letter and a full stop."""
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith('?') else '.'}"
