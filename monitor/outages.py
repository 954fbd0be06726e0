"""Tracks the outage of something that is asked or sent to, and limits its log messages to one a minute."""

from __future__ import annotations

import time

_REMIND_SECONDS = 60.0


class Outage:
    """Duration of an outage, and when to log it: at once, then once a minute, and at its end."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._logged_at = 0.0

    def failed(self) -> int | None:
        """Record a failure; returns the seconds since the first one if it is to be logged."""
        now = time.monotonic()
        if self._since is None:
            self._since, self._logged_at = now, now - _REMIND_SECONDS
        if now - self._logged_at < _REMIND_SECONDS:
            return None
        self._logged_at = now
        return round(now - self._since)

    def recovered(self) -> int | None:
        """Record a success; returns the duration of the outage in seconds, None if there was none."""
        if self._since is None:
            return None
        lasted, self._since = round(time.monotonic() - self._since), None
        return lasted
