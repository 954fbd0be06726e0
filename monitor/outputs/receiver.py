"""Base class of all receivers of alerts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from monitor.model import Alert, Dispatch


class Receiver(ABC):
    """A destination of firing and resolved alerts."""

    batch = 1
    """Maximum number of changes per delivery."""
    timeout = 15.0
    """Timeout of a delivery, seconds."""
    repeat_seconds: float | None = None
    """Interval for repeating the current alerts; None: never."""

    def __init__(self, name: str) -> None:
        self.name = name
        """Key in the outbox: stable across restarts, without secrets."""

    @abstractmethod
    async def deliver(self, changes: Sequence[Dispatch]) -> str:
        """Send these changes, oldest first; returns the result in a few words.

        Raises:
            ReceiverAway: not accepted, retry later.
            ReceiverRefused: rejected.
        """

    @abstractmethod
    async def probe(self) -> str:
        """Check that it is reachable, without sending an alert; returns the result in a few words.

        Raises:
            ReceiverAway: unreachable.
            ReceiverRefused: access denied.
        """

    async def deliver_test(self, change: Dispatch) -> str:
        """Send a test alert, without a running daemon. Returns and raises as `deliver`."""
        return await self.deliver([change])

    async def repeat(self, alerts: Sequence[Alert]) -> None:  # noqa: B027 -- optional
        """Send the current alerts again. Raises as `deliver`."""

    async def run(self) -> None:  # noqa: B027 -- optional
        """Work beside the deliveries, for as long as the daemon runs."""

    async def close(self) -> None:  # noqa: B027 -- optional
        """Close connections."""
