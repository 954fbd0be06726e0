"""Which pools announce the same templates, from when to when, and how probable that is by chance.

Of each block on which two pools announced templates, one asks whether they had at least half of them in common. Two
pools with nodes of their own may have the same template, too, where few transactions arrive. So a shared block has by
chance the largest of these probabilities:

- Neither pool is closer to the other than to all others: if h of the n other pools have the templates of one pool, it
  is chance which, and a given one is among them with probability h / n. So a block on which all share says nothing, and
  neither does one with only two pools.
- Both nodes have all transactions at once, and make templates at times of their own. With x transactions for each
  template, the one in force when a node looked lasts for the time of 2 transactions on average; so the other node has
  looked meanwhile with probability 2 / x at most, and at half of the templates with 4 / x (Markov's inequality). x is
  the number of transactions in the next block, by that of the templates of the pool that made more.

With mean probability q, at least s of n blocks are shared with probability exp(-n KL(s/n, q)) at most, also if it
differs from block to block: W. Hoeffding, Probability inequalities for sums of bounded random variables (1963), theorem
1. Blocks are the unit, and not jobs, since the jobs on one block are alike in what makes templates equal.

Periods are found as changes of a pool's policy are: by the likelihood of two rates before and after against one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import comb, exp, log
from typing import Final, NamedTuple

import numpy as np

from monitor.analysis.audit.policies import split
from monitor.analysis.audit.rates import ratios
from monitor.analysis.groups.groups import connected
from monitor.analysis.uncertainty.holm import holm
from monitor.model import (
    Evidence,
    EvidenceKind,
    PoolPair,
    PoolSlug,
    Ratio,
    SharedTemplates,
    StratumRound,
    TemplateSimilarity,
)

SIGNIFICANT: Final = 0.001
"""The largest p of evidence."""
_LEAST_ROUNDS: Final = 10
"""Blocks of a period."""
_LEAST_SIMILARITY: Final = 0.5
"""The lower end of its interval, in a period: pools that share have nearly all templates in common."""
_CALM: Final = 4
"""Of templates for each transaction: see above."""


class _Meeting(NamedTuple):
    """A block on which two pools announced templates."""

    at: float
    both: int
    """Templates that both had."""
    possible: int
    """Templates of the pool that had fewer."""
    chance: float
    """Of sharing, by the null model."""

    @property
    def is_shared(self) -> bool:
        return 2 * self.both >= self.possible


def similarities(rounds: Sequence[StratumRound]) -> list[TemplateSimilarity]:
    """How much of their templates pools have in common, the most similar pair first; pairs without any are left out."""
    met = _meetings(rounds)
    found = [
        TemplateSimilarity(pair, similarity, jobs=sum(each.both for each in meetings), rounds=len(meetings))
        for (pair, meetings), similarity in zip(met.items(), _similarities([*met.values()]), strict=True)
    ]
    return sorted(found, key=lambda each: (-each.similarity.value, -each.jobs, each.pools))


def shared_templates(rounds: Sequence[StratumRound]) -> list[SharedTemplates]:
    """The evidence that pools worked on the same templates, the newest period first; `rounds` are oldest first."""
    meetings = _meetings(rounds)
    periods = [(pair, part) for pair, found in meetings.items() for part in _periods(found)]
    pools = {pool for each in rounds for pool, turn in each.pools.items() if turn.templates}
    rest = max(0, comb(len(pools), 2) - len({pair for pair, _ in periods}))  # compared as well, and nothing was found
    chances = holm(np.array([*(_by_chance(part) for _, part in periods), *[1.0] * rest]))
    found = [
        SharedTemplates(
            pair,
            part[0].at,
            part[-1].at,
            jobs=sum(each.both for each in part),
            rounds=len(part),
            similarity=similarity,
            p=float(chance),
        )
        for (pair, part), similarity, chance in zip(
            periods, _similarities([part for _, part in periods]), chances[: len(periods)], strict=True
        )
        if chance <= SIGNIFICANT and similarity.lower >= _LEAST_SIMILARITY
    ]
    return sorted(found, key=lambda each: (-each.until, each.pools))


def evidence(shared: Sequence[SharedTemplates]) -> list[Evidence]:
    """The same in the form of all evidence that pools belong together, from which memberships are proposed."""
    return [
        Evidence(
            EvidenceKind.STRATUM,
            (PoolSlug(each.pools[0]), PoolSlug(each.pools[1])),
            since=int(each.since),
            until=int(each.until),
            similarity=each.similarity.value,
            n=each.jobs,
            p=each.p,
            text=f"announced {each.jobs:,} equal templates on {each.rounds:,} blocks, "
            f"{100 * each.similarity.value:.1f} % of those that both could have",
        )
        for each in shared
    ]


def groups(shared: Sequence[SharedTemplates], since: float) -> list[tuple[str, ...]]:
    """Pools that work on the same templates, also by way of a third, in periods that last until `since` or longer."""
    return sorted(tuple(sorted(group)) for group in connected(each.pools for each in shared if each.until >= since))


def _meetings(rounds: Sequence[StratumRound]) -> dict[PoolPair, list[_Meeting]]:
    """By pair, all blocks on which both announced templates; pairs that never had one in common are left out."""
    found: dict[PoolPair, list[_Meeting]] = {pair: [] for each in rounds for pair in each.shared}
    for each in rounds:
        templates = {pool: turn.templates for pool, turn in sorted(each.pools.items()) if turn.templates}
        possible = {
            (one, other): min(templates[one], templates[other])
            for one, other in found
            if one in templates and other in templates
        }
        close = dict.fromkeys(templates, 0)
        for pair, both in each.shared.items():
            if pair in possible and 2 * both >= possible[pair]:
                for pool in pair:
                    close[pool] += 1
        for pair, most in possible.items():
            alike = max(close[pool] for pool in pair) / (len(templates) - 1)
            calm = _CALM * max(templates[pool] for pool in pair) / max(1, each.transactions)
            chance = min(1.0, max(alike, calm))
            meeting = _Meeting(each.at, each.shared.get(pair, 0), possible=most, chance=chance)
            found[pair].append(meeting)
    return found


def _periods(meetings: Sequence[_Meeting]) -> Iterator[Sequence[_Meeting]]:
    """The periods in which two pools shared on most blocks, without the blocks before the first and after the last."""
    shared = np.array([each.is_shared for each in meetings], dtype=np.float64)
    places = [0, *split(shared), len(meetings)]
    for start, end in pairwise(places):
        at = [number for number in range(start, end) if meetings[number].is_shared]
        if at and at[-1] + 1 - at[0] >= _LEAST_ROUNDS:
            yield meetings[at[0] : at[-1] + 1]


def _by_chance(meetings: Sequence[_Meeting]) -> float:
    """Probability of so many shared blocks, or more, at most."""
    n, found = len(meetings), sum(each.is_shared for each in meetings)
    rate, chance = found / n, sum(each.chance for each in meetings) / n
    if rate <= chance or chance == 0:
        return 1.0
    divergence = rate * log(rate / chance) + ((1 - rate) * log((1 - rate) / (1 - chance)) if rate < 1 else 0.0)
    return exp(-n * divergence)


def _similarities(several: Sequence[Sequence[_Meeting]]) -> list[Ratio]:
    return ratios([([each.both for each in found], [each.possible for each in found]) for found in several])
