"""How much of the past there is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far back our history goes, and how far it is wanted."""

    first_height: int
    """Where it begins."""
    wanted_height: int
    """Where it should begin: what the windows need, or more than that if somebody said so."""
    tip_height: int
    by: str | None = None
    """By which way what is missing comes; None while nothing comes."""
    reason: str | None = None
    """Why something is missing and does not come, as far as is known."""

    @property
    def missing(self) -> int:
        """How many blocks are wanted and not there."""
        return self.first_height - self.wanted_height

    @property
    def ratio(self) -> float:
        """Share of the wanted blocks that is there."""
        wanted = self.tip_height - self.wanted_height + 1
        return 1 - self.missing / wanted
