"""Evidence that pools belong together, whatever it comes from, and the memberships that it proposes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from monitor.model.names import PoolSlug


class EvidenceKind(StrEnum):
    """What two pools have in common."""

    CO_SPENT = "co_spent"
    """Their rewards are spent by the same transactions."""
    SWEPT = "swept"
    """Their rewards are spent to the same script."""
    SAME_SCRIPT = "same_script"
    """Their coinbases pay the same script."""
    STRUCTURE = "structure"
    """Their coinbases are built alike, and unlike those of others."""
    OMISSIONS = "omissions"
    """Their blocks pass over, prioritise or add the same transactions."""
    STRATUM = "stratum"
    """They announce the same template to miners."""

    @property
    def level(self) -> str:
        """The level at which it unites pools."""
        return "custodian" if self in _CUSTODY else "template"

    @property
    def is_weak(self) -> bool:
        """Whether it suggests a group, but does not show one: pools may have the same software, not the same owner."""
        return self is EvidenceKind.STRUCTURE


_CUSTODY: Final = {EvidenceKind.CO_SPENT, EvidenceKind.SWEPT, EvidenceKind.SAME_SCRIPT}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two pools had something in common for a while."""

    kind: EvidenceKind
    pools: tuple[PoolSlug, PoolSlug]
    """In the order of the alphabet."""
    since: int
    """When it was seen first, Unix time."""
    until: int
    """When it was seen last, Unix time."""
    similarity: float
    """0 to 1; what it is a share of depends on the kind, and `text` says it."""
    n: int
    """Number of blocks or jobs that it rests on."""
    p: float
    """Probability of as much or more if the pools have nothing to do with each other; adjusted for the number of pairs.
    """
    text: str
    """In a sentence."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A dated membership that evidence suggests."""

    level: str
    """`template` or `custodian`."""
    pool: PoolSlug
    group: str
    since: date
    """First day (UTC)."""
    until: date | None
    """First day on which it no longer holds; None while the evidence is recent."""
    confidence: str
    """`low` for weak evidence, `medium` for one kind of strong evidence, `high` for two kinds of any."""
    evidence: tuple[Evidence, ...]
    """What links the pool to others of the group in this time, the strongest first."""


class TracedReward(NamedTuple):
    """What became of a block's reward."""

    time: int
    """Header time of the block."""
    pool: PoolSlug
    sure: bool
    """Whether the block may count as evidence about the pool: no one else could have signed it for free."""
    style: str
    """See `PayoutStyle.style`."""
    script: bytes | None
    """What gets most of it; None if nothing does."""
    txid: str | None = None
    """The transaction that spends that output; None if none was seen."""
    swept_to: bytes | None = None
    """The script that gets most of that transaction; None if none does."""
    spent_at: int | None = None
    """Header time of its block."""


@dataclass(frozen=True, slots=True)
class PayoutStyle:
    """How a pool takes its rewards, over a window of blocks."""

    pool: PoolSlug
    blocks: int
    style: str
    """`custodial` (one output takes nearly all), `split` (a few take it), `in_the_coinbase` (miners are paid there)."""
    styles: Mapping[str, int]
    """Blocks of each style."""
    scripts: int
    """Different scripts that took most of a reward."""
    script_since: int | None
    """Header time of the first block that paid the present script; None where miners are paid in the coinbase."""
    changes: tuple[tuple[int, str], ...] = ()
    """Header times at which the main script changed for good, and the new script in hex; newest first."""
    spent: int = 0
    """TracedRewards that were seen to be spent."""
    days_until_spent: tuple[float, float, float] | None = None
    """Lower quartile, median and upper quartile, of those that were spent; None of none."""


@dataclass(frozen=True, slots=True)
class CustodyState:
    """How far rewards have been followed to where they are spent."""

    off: str | None = "the daemon is starting"
    """Why they are not followed; None while they are."""
    scanned: int = 0
    """Blocks searched for spends."""
    missing: int = 0
    """Blocks that are still to be searched."""
    spends: int = 0
    """Spends of rewards that were found."""


@dataclass(frozen=True, slots=True)
class BuildersView:
    """Which pools build templates together, and who holds their rewards, as far as evidence says."""

    custody: CustodyState = CustodyState()
    measured_template: bool = False
    """Whether the level `template` counts by `proposals` instead of the list."""
    evidence: tuple[Evidence, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    counted_as: Mapping[PoolSlug, str] = field(default_factory=dict)
    """The template group by which each pool is counted now; those without one are left out."""
    styles: tuple[PayoutStyle, ...] = ()
    """Most blocks first."""
    at: int = 0
    """Header time of the newest block that it covers."""
    edition: int = 0
    """Higher with each computation."""

    @property
    def current(self) -> list[Evidence]:
        """The evidence behind the proposals that hold now, the strongest first."""
        found = {each for proposal in self.proposals if proposal.until is None for each in proposal.evidence}
        return sorted(found, key=lambda each: (each.kind.is_weak, each.p, each.pools))

    def groups(self, level: str) -> dict[str, list[Proposal]]:
        """The groups of a level that hold now, largest first, each with its members."""
        found = dict[str, list[Proposal]]()
        for each in self.proposals:
            if each.level == level and each.until is None:
                found.setdefault(each.group, []).append(each)
        return dict(sorted(found.items(), key=lambda entry: (-len(entry[1]), entry[0])))

    @property
    def new_groups(self) -> dict[str, int]:
        """Template groups with more pools than are counted together, and how many more; without weak evidence."""
        found = dict[str, int]()
        for group, members in self.groups("template").items():
            strong = {each.pool for each in members if each.confidence != "low"}
            united = [self.counted_as.get(pool, pool) for pool in strong]
            most = max(map(united.count, united), default=0)
            if len(strong) > most:
                found[group] = len(strong) - most
        return found
