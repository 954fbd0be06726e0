"""The page of the stratum watch: what pools work on, and who shares templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.model import JobPosition, Ratio, StratumView, TemplateSimilarity

_MATRIX = 24
"""Pools of the matrix: those that have most in common."""
POSITIONS = {
    JobPosition.TIP: "the newest block",
    JobPosition.BEHIND: "an older block",
    JobPosition.BRANCH: "another branch",
    JobPosition.UNKNOWN: "a block that no node has",
}
"""In words."""


@dataclass(frozen=True)
class StratumPage:
    """A view, arranged for the page."""

    view: StratumView

    @property
    def matrix(self) -> Sequence[str]:
        """The pools of the matrix: those of each group beside each other, then the others that are similar to any."""
        grouped = [pool for group in self.view.groups for pool in group]
        similar = [pool for each in self.view.similar for pool in each.pools]
        return list(dict.fromkeys([*grouped, *similar]))[:_MATRIX]

    @property
    def pairs(self) -> dict[tuple[str, str], TemplateSimilarity]:
        """Similarities by pair, in both orders."""
        return {
            pair: each for each in self.view.similar for pair in (each.pools, (each.pools[1], each.pools[0]))
        }  # fmt: skip

    def group_of(self, pool: str) -> int | None:
        """The number of the pool's group by evidence, from 1."""
        return next((number for number, group in enumerate(self.view.groups, 1) if pool in group), None)


def shade(similarity: Ratio) -> int:
    """The step of a similarity on a scale from 0 to 4."""
    return min(4, int(similarity.value * 5))
