"""Custody: pools that have their rewards spent together, and how each pool takes its rewards.

Only the output that gets more than half of a reward is followed, so an output of a few satoshi unites nothing, and only
its owner can spend it. What remains are blocks of one pool that are attributed to another. In the null model each block
is, independently, with a probability of 0.5 %: where rewards of two pools come together, those of the pool with fewer
are the other's. Blocks that anyone could have signed do not count at all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from statistics import quantiles
from typing import Final

from monitor.analysis.distributions import beta_below
from monitor.analysis.groups.rewards import Rewards
from monitor.model import Evidence, EvidenceKind, PayoutStyle, PoolSlug, TracedReward

MISATTRIBUTED: Final = 0.005
"""Probability that a block counts for a certain other pool, in the null model. The largest case that is known is 0.04 %
of a year: 22 blocks of 2023 with one pool's tag and another's address."""
SIGNIFICANT: Final = 0.001
"""Highest probability under the null model, adjusted for the number of pairs."""
LEAST_REWARDS: Final = 3
"""Of the pool with fewer."""
_LEAST_SHARE: Final = {EvidenceKind.CO_SPENT: 0.05, EvidenceKind.SAME_SCRIPT: 0.05, EvidenceKind.SWEPT: 0.5}
"""Of the rewards of the smaller pool while it lasts. Pools may pay the same customer or exchange now and then, so a
script counts as theirs only where most rewards are sent to it."""
_GAP_SECONDS: Final = 90 * 86_400
"""After so long without a common reward, a new one begins a new finding."""
_STEADY: Final = 3
"""Blocks in a row that pay a new script, for a change of script."""
_CHANGES: Final = 10
_DAY: Final = 86_400


# -- which pools belong together ---------------------------------------------------------------------------------------


def custody_evidence(rewards: Iterable[TracedReward]) -> list[Evidence]:
    """What the rewards say of pairs of pools."""
    usable = Rewards(each for each in rewards if each.script is not None and each.sure)
    spent = Rewards(each for each in usable if each.txid is not None)
    spenders = defaultdict[str | None, set[PoolSlug]](set)
    for each in spent:
        spenders[each.txid].add(each.pool)
    alone = Rewards(each for each in spent if len(spenders[each.txid]) == 1)  # others are co-spent
    return [
        *_linked(EvidenceKind.SAME_SCRIPT, usable, lambda each: each.script),
        *_linked(EvidenceKind.CO_SPENT, spent, lambda each: each.txid),
        *_linked(EvidenceKind.SWEPT, alone, lambda each: each.swept_to),
    ]


def _linked(kind: EvidenceKind, rewards: Rewards, mark_of: Callable[[TracedReward], object]) -> Iterator[Evidence]:
    own = defaultdict[PoolSlug, Rewards](Rewards)
    by_mark = defaultdict[object, defaultdict[PoolSlug, Rewards]](lambda: defaultdict(Rewards))
    for each in rewards:
        own[each.pool].append(each)
        if (mark := mark_of(each)) is not None:
            by_mark[mark][each.pool].append(each)
    guests = defaultdict[tuple[PoolSlug, PoolSlug], list[TracedReward]](list)
    for owners in by_mark.values():
        owner = min(owners, key=lambda pool: (-len(owners[pool]), pool))
        for pool in owners.keys() - {owner}:  # two guests may both be the owner's, so they say nothing of each other
            guests[min(pool, owner), max(pool, owner)] += owners[pool]
    pairs = len(own) * (len(own) - 1) // 2
    for pools, found in sorted(guests.items()):
        for part in _eras(found):
            since, until = part[0].time, part[-1].time
            share = len(part) / min(_within(own[pool], since, until) or len(part) for pool in pools)
            # Wrong ones are anywhere, and what they have in common is by chance close together.
            of = sum(_within(own[pool], since - _GAP_SECONDS // 2, until + _GAP_SECONDS // 2) for pool in pools)
            p = min(1.0, pairs * by_misattribution(len(part), of))
            if len(part) >= LEAST_REWARDS and share >= _LEAST_SHARE[kind] and p <= SIGNIFICANT:
                text = _text(kind, pools, len(part), marks=len({mark_of(each) for each in part}))
                yield Evidence(kind, pools, since, until=until, similarity=min(1.0, share), n=len(part), p=p, text=text)


def by_misattribution(found: int, of: int) -> float:
    """Probability that so many, or more, of these blocks are attributed to the wrong one of two pools."""
    return float(beta_below(MISATTRIBUTED, found, of - found + 1)) if found else 1.0


def _within(rewards: Rewards, since: int, until: int) -> int:
    return sum(since <= each.time <= until for each in rewards)


def _eras(rewards: list[TracedReward]) -> Iterator[list[TracedReward]]:
    rewards = sorted(rewards, key=lambda each: each.time)
    start = 0
    for at in range(1, len(rewards) + 1):
        if at == len(rewards) or rewards[at].time - rewards[at - 1].time > _GAP_SECONDS:
            yield rewards[start:at]
            start = at


def _text(kind: EvidenceKind, pools: tuple[PoolSlug, PoolSlug], count: int, *, marks: int) -> str:
    both = f"{count} rewards of {pools[0]} or {pools[1]}"
    several = f"{marks} transactions" if kind is EvidenceKind.CO_SPENT else f"{marks} scripts"
    where = several if marks > 1 else several[:-1].replace("1", "one")
    match kind:
        case EvidenceKind.CO_SPENT:
            return f"{both} were spent together with more of the other's, by {where}"
        case EvidenceKind.SWEPT:
            return f"{both} were spent to where more of the other's went, {where}"
        case _:
            return f"{both} were paid to where more of the other's were, {where}"


# -- how a pool takes its rewards --------------------------------------------------------------------------------------


def payout_styles(rewards: Iterable[TracedReward]) -> list[PayoutStyle]:
    """Each pool's, most blocks first; `rewards` are in the order of time."""
    own = defaultdict[PoolSlug, Rewards](Rewards)
    for each in rewards:
        own[each.pool].append(each)
    return sorted((_style(pool, found) for pool, found in own.items()), key=lambda each: (-each.blocks, each.pool))


def _style(pool: PoolSlug, rewards: Rewards) -> PayoutStyle:
    styles = Counter(each.style for each in rewards)
    paid = Rewards(each for each in rewards if each.script is not None)
    changes = _changes(paid)
    days = [(each.spent_at - each.time) / _DAY for each in rewards if each.spent_at is not None]
    (style, _), *_ = styles.most_common(1)
    return PayoutStyle(
        pool, len(rewards), style, styles=dict(styles),
        scripts=len({each.script for each in paid}),
        script_since=_since(paid), changes=tuple((time, script.hex()) for time, script in changes[:_CHANGES]),
        spent=len(days), days_until_spent=_quartiles(days),
    )  # fmt: skip


def _changes(paid: Rewards) -> list[tuple[int, bytes]]:
    """Where another script is paid several times in a row, newest first; not the first one."""
    steady: list[tuple[int, bytes]] = []
    run = 0
    for at, each in enumerate(paid):
        run = run + 1 if at and paid[at - 1].script == each.script else 1
        if run == _STEADY and each.script and (not steady or steady[-1][1] != each.script):
            steady.append((paid[at - run + 1].time, each.script))
    return steady[:0:-1]


def _since(paid: Rewards) -> int | None:
    """When the script of the newest block was paid first."""
    return next((each.time for each in paid if each.script == paid[-1].script), None)


def _quartiles(days: list[float]) -> tuple[float, float, float] | None:
    if len(days) < 2:
        return (days[0],) * 3 if days else None
    lower, middle, upper = quantiles(days, method="inclusive")
    return lower, middle, upper
