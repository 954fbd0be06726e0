"""From evidence about pairs of pools to dated groups.

Strong evidence unites pools for as long as it was seen, and what was seen lately still holds. Weak evidence never joins
two groups: it proposes a pool for the one group that it points to, with low confidence. Every boundary is a day at
which some evidence begins or ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, TypeVar

from monitor.model import Evidence, EvidenceKind, PoolSlug, Proposal, day_of

_RECENT: Final = {
    "custodian": timedelta(days=90),
    EvidenceKind.STRUCTURE: timedelta(days=30), EvidenceKind.OMISSIONS: timedelta(days=21),
    EvidenceKind.STRATUM: timedelta(days=3),
}  # fmt: skip
"""By kind or level: evidence that was seen within so long before the newest block is taken to hold. Rewards are spent
late, and blocks of small pools are rare."""
_DAY: Final = timedelta(days=1)
_OPEN: Final = date.max
_Pool = TypeVar("_Pool", bound=str)


def proposals(evidence: Iterable[Evidence], *, level: str, sizes: Mapping[PoolSlug, int], now: int) -> list[Proposal]:
    """The memberships that evidence suggests at a level, by pool and time.

    Args:
        evidence: of any kind; that of other levels is left out.
        level: `template` or `custodian`.
        sizes: blocks of each pool. A group has the name of its largest member.
        now: header time of the newest block.
    """
    spans = [(*_days(each, now), each) for each in evidence if each.kind.level == level]
    edges = sorted({day for since, until, _ in spans for day in (since, until)})
    found = list[Proposal]()
    for since, until in pairwise(edges):
        holding = [each for begin, end, each in spans if begin <= since and until <= end]
        for pool, group, links in _members(holding, level=level, sizes=sizes):
            row = Proposal(
                level, pool, group, since=since, until=until, confidence=_confidence(links), evidence=tuple(links)
            )  # fmt: skip
            found.append(row)
    return sorted(_joined(found), key=lambda each: (each.group, each.pool, each.since))


def _days(evidence: Evidence, now: int) -> tuple[date, date]:
    """The first day of evidence, and the first one on which it no longer holds."""
    last, recent = _day(evidence.until), _RECENT.get(evidence.kind) or _RECENT[evidence.kind.level]
    return _day(evidence.since), _OPEN if last + recent >= _day(now) else last + _DAY


def _members(
    holding: Sequence[Evidence], *, level: str, sizes: Mapping[PoolSlug, int]
) -> Iterator[tuple[PoolSlug, str, list[Evidence]]]:
    """The pools in groups, with the evidence that links each to others of its group."""
    strong = connected(each.pools for each in holding if not each.kind.is_weak)
    root = {pool: at for at, members in enumerate(strong) for pool in members}
    loose = [each for each in holding if each.kind.is_weak]
    for pool in sorted({pool for each in loose for pool in each.pools} - root.keys()):
        near = {root[other] for each in loose if pool in each.pools for other in each.pools if other in root}
        if len(near) == 1:  # to several it would be a bridge
            strong[near.pop()].add(pool)
    united = {pool for members in strong for pool in members}
    strong += connected(each.pools for each in loose if not united & {*each.pools})
    for members in strong:
        largest = min(members, key=lambda pool: (-sizes.get(pool, 0), pool))
        for pool in sorted(members):
            links = [each for each in holding if pool in each.pools and members >= {*each.pools}]
            yield pool, group_name(largest, level), sorted(links, key=lambda each: (each.kind.is_weak, each.p))


def group_name(largest: PoolSlug, level: str) -> str:
    """What a measured group is called."""
    return f"{largest}-{'custody' if level == 'custodian' else 'templates'}"


def connected(pairs: Iterable[tuple[_Pool, _Pool]]) -> list[set[_Pool]]:
    """The sets of pools that pairs connect."""
    found = list[set[_Pool]]()
    for pair in pairs:
        apart = [each for each in found if not each & {*pair}]
        found = [*apart, set(pair).union(*(each for each in found if each & {*pair}))]
    return found


def _confidence(links: Sequence[Evidence]) -> str:
    """Of a pool, by its best link: two kinds of evidence about the same pair are better than one."""
    if all(each.kind.is_weak for each in links):
        return "low"
    kinds = {(each.pools, each.kind) for each in links}
    pairs = [pools for pools, _ in kinds]
    return "high" if len({*pairs}) < len(pairs) else "medium"


def _joined(found: Iterable[Proposal]) -> Iterator[Proposal]:
    """Neighbours in time that say the same, as one; the last one is open where its evidence is."""
    by_pool = defaultdict[tuple[PoolSlug, str, str], list[Proposal]](list)
    for each in found:
        rows = by_pool[each.pool, each.group, each.confidence]
        if rows and rows[-1].until == each.since:
            both = tuple(dict.fromkeys((*rows[-1].evidence, *each.evidence)))
            rows[-1] = replace(rows[-1], until=each.until, evidence=both)
        else:
            rows.append(each)
    for rows in by_pool.values():
        for each in rows:
            yield replace(each, until=None) if each.until == _OPEN else each


def _day(time: int) -> date:
    return day_of(time)
