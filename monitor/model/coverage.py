"""How much of the wanted history is stored."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far back the stored history goes, and how far back it should go."""

    first_height: int
    """Height of the lowest stored block."""
    wanted_height: int
    """Height of the lowest wanted block: as far back as the windows need, or further on request."""
    tip_height: int
    by: str | None = None
    """Source of the missing blocks; None while none are fetched."""
    reason: str | None = None
    """Why missing blocks are not fetched, if known."""
    seconds_left: float | None = None
    """How long the missing blocks will take, by those that came so far; None if that is not known."""

    @property
    def missing(self) -> int:
        """Number of wanted blocks that are not stored."""
        return self.first_height - self.wanted_height

    @property
    def ratio(self) -> float:
        """Share of the wanted blocks that is stored."""
        wanted = self.tip_height - self.wanted_height + 1
        return 1 - self.missing / wanted
