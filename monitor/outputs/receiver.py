"""What all receivers of alerts have in common, whichever output they belong to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from monitor.model import Alert, Dispatch


class Receiver(ABC):
    """Somebody who is told when an alert fires or is resolved."""

    batch = 1
    """How many changes it takes at once."""
    timeout = 15.0
    """Seconds after which it counts as away."""
    repeat_seconds: float | None = None
    """How often it wants to hear what still stands; None: never."""

    def __init__(self, name: str) -> None:
        self.name = name
        """Under which the outbox knows it. The same tomorrow, and no secret in it."""

    @abstractmethod
    async def deliver(self, changes: Sequence[Dispatch]) -> str:
        """Tell it of these changes, oldest first; what it answered, in a few words.

        Raises:
            ReceiverAway: it did not take them; again later.
            ReceiverRefused: it will not take them.
        """

    @abstractmethod
    async def probe(self) -> str:
        """Whether it is there, without telling it anything; what was found, in a few words.

        Raises:
            ReceiverAway: it is not.
            ReceiverRefused: it does not let us in.
        """

    async def trial(self, change: Dispatch) -> str:
        """Tell it of an alert that is only a test, though nothing else runs. Answers and raises as `deliver` does."""
        return await self.deliver([change])

    async def repeat(self, alerts: Sequence[Alert]) -> None:  # noqa: B027 -- most want nothing of it
        """Say again how alerts stand. Raises as `deliver` does."""

    async def close(self) -> None:  # noqa: B027 -- most hold nothing
        """Let go of what it holds."""
