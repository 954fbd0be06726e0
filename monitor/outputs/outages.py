"""Whoever is away: for how long, and when it is time to say so again."""

from __future__ import annotations

import time

_REMIND_SECONDS = 60.0


class Absence:
    """Says so at once, then once a minute, and once that it is over."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._said = 0.0

    def goes_on(self) -> int | None:
        """It failed again: for how many seconds it has, if it is time to say so."""
        now = time.monotonic()
        if self._since is None:
            self._since, self._said = now, now - _REMIND_SECONDS
        if now - self._said < _REMIND_SECONDS:
            return None
        self._said = now
        return round(now - self._since)

    def ends(self) -> int | None:
        """It is there: how many seconds it was not; None where it was not away."""
        if self._since is None:
            return None
        lasted, self._since = round(time.monotonic() - self._since), None
        return lasted
