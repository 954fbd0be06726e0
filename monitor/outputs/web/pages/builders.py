"""The view of the page about template builders and custody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from monitor.model import BuildersView, Evidence, PoolSlug, Proposal

LEVELS: Final = {"template": "Template builders", "custodian": "Custody"}
KINDS: Final = {
    "co_spent": "spent together", "swept": "spent to one script", "same_script": "paid to one script",
    "structure": "built alike", "omissions": "pass over the same", "stratum": "announce the same",
}  # fmt: skip
"""In words."""
STYLES: Final = {"custodial": "to one script", "split": "to a few scripts", "in_the_coinbase": "to miners directly"}
_MONTHS: Final = 12
_POOLS: Final = 14


class Cell(NamedTuple):
    """What two pools have in common in a month."""

    evidence: Evidence | None
    own: bool = False


@dataclass(frozen=True)
class BuildersPage:
    """One level in one month."""

    view: BuildersView
    level: str
    months: Sequence[str]
    """As 2026-11, newest first."""
    month: str | None
    evidence: Sequence[Evidence]
    """Of the month, the strongest first."""

    @classmethod
    def of(cls, view: BuildersView, *, level: str | None, month: str | None, then: str | None = None) -> BuildersPage:
        """The page of a view; the first level and the newest month, or that of `then`, in place of unknown ones."""
        level = level if level in LEVELS else "template"
        found = [each for each in view.evidence if each.kind.level == level]
        months = sorted({name for each in found for name in _months(each)}, reverse=True)[:_MONTHS]
        month = month if month in months else then or next(iter(months), None)
        held = sorted(
            (each for each in found if month in _months(each)), key=lambda each: (each.kind.is_weak, each.p, each.pools)
        )
        return cls(view, level, months, month, evidence=held)

    @property
    def pools(self) -> Sequence[PoolSlug]:
        """The pools of the matrix: those of one group side by side."""
        groups = {each.pool: each.group for each in self.members}
        weight = Counter(pool for each in self.evidence for pool in each.pools)
        largest = sorted(weight, key=lambda pool: (-weight[pool], pool))[:_POOLS]
        return sorted(largest, key=lambda pool: (groups.get(pool, "~"), pool))

    def cell(self, one: PoolSlug, other: PoolSlug) -> Cell:
        """The strongest evidence about two pools."""
        pair = (min(one, other), max(one, other))
        return Cell(next((each for each in self.evidence if each.pools == pair), None), own=one == other)

    @property
    def members(self) -> Sequence[Proposal]:
        """The proposals that hold in the month, group by group."""
        return [
            each for each in self.view.proposals
            if each.level == self.level and self.month and _month(each.since) <= self.month
            and (each.until is None or _month(each.until) >= self.month)
        ]  # fmt: skip

    @property
    def groups(self) -> Mapping[str, Sequence[Proposal]]:
        """By group, its members in the month."""
        found = dict[str, list[Proposal]]()
        for each in self.members:
            found.setdefault(each.group, []).append(each)
        return found


def _months(evidence: Evidence) -> list[str]:
    """The months that it touches, the last ones first."""
    first, last = (datetime.fromtimestamp(each, UTC) for each in (evidence.since, evidence.until))
    count = (last.year - first.year) * 12 + last.month - first.month
    ends = [last.year * 12 + last.month - 1 - back for back in range(min(count, _MONTHS) + 1)]
    return [f"{each // 12}-{each % 12 + 1:02}" for each in ends]


def _month(day: object) -> str:
    return str(day)[:7]
