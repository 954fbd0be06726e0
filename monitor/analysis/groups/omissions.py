"""Omissions: pools that pass over the same transactions.

A transaction waits until some block takes it, so all blocks before pass over it; which pools found them is chance.
Pools with a common template show by what the next block does: when one pool has passed over something, a pool with the
same template does so too, and others take it.

The unit is a block that could have taken what another pool passed over before; it follows that pool if it passes over
half of that, or more. How often one pool follows another is compared with two controls: how often it follows others (it
may pass over much of everything), and how often others follow the same pool (the transactions may be known to few).
Both are Fisher's exact test: of all permutations of the blocks, the share with as many or more. The larger of both
probabilities counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from monitor.analysis.audit.rates import as_often_by_chance
from monitor.model import AuditRow, Evidence, EvidenceKind, PassedOver, PoolSlug

SIGNIFICANT: Final = 0.01
"""Highest probability under the null model, adjusted for the number of pairs."""
LEAST_BLOCKS: Final = 3
"""That follow."""
LEAST_SIMILARITY: Final = 0.5
"""Share of the chances to follow that were taken."""
_STEP_SECONDS: Final = 15 * 86_400

Pair: TypeAlias = tuple[PoolSlug, PoolSlug]


class Chance(NamedTuple):
    """A block that could have taken what a pool passed over before."""

    leader: PoolSlug
    pool: PoolSlug
    """Of the block."""
    time: int
    follows: bool


def chances(passed_over: Sequence[PassedOver], audited: Sequence[AuditRow]) -> list[Chance]:
    """Every chance to follow another pool, in order; what is given begins with the lowest block."""
    blocks = {row.height: (row.pool, row.time) for row in audited if row.pool is not None}
    missed = defaultdict[str, dict[int, PoolSlug]](dict)
    for each in passed_over:
        missed[each.txid][each.height] = each.pool
    counts = defaultdict[tuple[int, PoolSlug], list[bool]](list)
    for by_height in missed.values():
        first, last = min(by_height), max(by_height)
        for height in range(first + 1, last + 2):
            if height not in blocks or (height not in by_height and height < last):
                continue  # not audited, or not there for another reason: no chance
            own, _ = blocks[height]
            for leader in {pool for before, pool in by_height.items() if before < height} - {own}:
                counts[height, leader].append(height in by_height)
    return [
        Chance(leader, *blocks[height], follows=2 * sum(outcomes) >= len(outcomes))
        for (height, leader), outcomes in sorted(counts.items())
    ]


def omissions_evidence(passed_over: Sequence[PassedOver], audited: Sequence[AuditRow]) -> list[Evidence]:
    """Pairs of pools of which each, or one, follows the other.

    They are looked for in windows of 30 days, of which each begins in the middle of the one before: groups change.
    """
    windows = defaultdict[int, list[Chance]](list)
    for each in chances(passed_over, audited):
        step = each.time // _STEP_SECONDS
        for number in (step - 1, step):
            windows[number].append(each)
    runs = defaultdict[Pair, list[_Hit]](list)
    for number, some in sorted(windows.items()):
        for pair, hit in _following(some, windows=len(windows)):
            if runs[pair] and number - runs[pair][-1].windows[-1] <= 2:
                runs[pair][-1] = runs[pair][-1].joined(hit, number)
            else:
                runs[pair].append(hit._replace(windows=(number,)))
    return [_evidence(pair, run) for pair, found in sorted(runs.items()) for run in found]


class _Hit(NamedTuple):
    """A pair in a window, or in several that touch each other."""

    following: frozenset[Chance]
    all: frozenset[Chance]
    p: float
    windows: tuple[int, ...] = ()

    def joined(self, other: _Hit, number: int) -> _Hit:
        both = self.all | other.all
        p = min(self.p, other.p)
        return _Hit(self.following | other.following, both, p, windows=(*self.windows, number))


def _following(some: Sequence[Chance], *, windows: int) -> Iterator[tuple[Pair, _Hit]]:
    groups = defaultdict[Pair, list[Chance]](list)
    for each in some:
        groups[each.leader, each.pool].append(each)
    for pair in sorted({(min(pools), max(pools)) for pools in groups}):
        directions = [pools for pools in (pair, pair[::-1]) if pools in groups]
        both = [each for pools in directions for each in groups[pools]]
        following = [each for each in both if each.follows]
        if len(following) >= LEAST_BLOCKS and len(following) >= LEAST_SIMILARITY * len(both):
            p = min(1.0, windows * len(groups) * min(_by_chance(*pools, groups) for pools in directions))
            if p <= SIGNIFICANT:
                yield pair, _Hit(frozenset(following), frozenset(both), p)


def _by_chance(leader: PoolSlug, pool: PoolSlug, groups: Mapping[Pair, Sequence[Chance]]) -> float:
    """Probability that a pool follows another so often, if it follows all alike, or all follow that one alike."""
    own = groups[leader, pool]
    others_followed = [each for pair, some in groups.items() if pair[1] == pool and pair[0] != leader for each in some]
    other_followers = [each for pair, some in groups.items() if pair[0] == leader and pair[1] != pool for each in some]
    # A pool without chances to follow others has no first control; the second is always demanded.
    return max(_fisher(own, other_followers), _fisher(own, others_followed) if others_followed else 0.0)


def _fisher(own: Sequence[Chance], control: Sequence[Chance]) -> float:
    if not control:
        return 1.0
    follows = sum(each.follows for each in own)
    everywhere = follows + sum(each.follows for each in control)
    return as_often_by_chance(follows, len(own), of=everywhere, among=len(own) + len(control))


def _evidence(pair: Pair, hit: _Hit) -> Evidence:
    times = sorted(each.time for each in hit.following)
    text = (
        f"{pair[0]} and {pair[1]} passed over what the other had passed over before in {len(hit.following)} of "
        f"{len(hit.all)} blocks that could have taken it"
    )
    return Evidence(
        EvidenceKind.OMISSIONS, pair, times[0], until=times[-1],
        similarity=len(hit.following) / len(hit.all), n=len(hit.following), p=hit.p, text=text,
    )  # fmt: skip
