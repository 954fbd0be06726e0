"""What alerts ask of rooms that they do not know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from monitor.model import Alert, Dispatch


class Outbox(Protocol):
    """The stored queue of changes, as each receiver sees it."""

    async def join(self, receiver: str) -> None:
        """Make a receiver known; one that is new begins with what changes from now on."""

    async def waiting(self, receiver: str, limit: int) -> list[Dispatch]:
        """Changes that this receiver has not acknowledged, oldest first."""

    async def done(self, receiver: str, number: int) -> None:
        """The receiver has acknowledged all changes up to this one."""


class Memory(Protocol):
    """What survives a restart."""

    async def standing(self) -> list[Alert]:
        """Every alert that is not quiet, as it stood last."""

    async def note(self, standing: Sequence[Alert], changed: Sequence[Alert]) -> None:
        """Remember how alerts stand, and queue what receivers must be told, in one transaction."""


class Pulse(Protocol):
    """How the intake of blocks is doing."""

    @property
    def waiting(self) -> str | None:
        """Why there is no news from the node; None while it answers."""

    @property
    def heard_at(self) -> float | None:
        """When the node last said which block is its best, Unix time."""

    async def node_behind(self) -> int:
        """Blocks of which the node has the header, and not yet the rest.

        Raises:
            NodeError: it does not say.
        """
