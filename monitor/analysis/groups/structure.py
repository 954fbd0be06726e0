"""Structure: pools that build their blocks alike, and unlike the others.

Of each trait two pools share a part of their blocks. A shared value counts as many bits as it is rare among the pools
of the time; what they do not share counts against them. What all pools have in common is worth nothing, and what is
found nowhere else is worth most. Traits depend on each other, so bits are no probability: what a score is worth is how
often pairs that have nothing to do with each other reach it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import log2
from typing import Final, NamedTuple

from monitor.model import Evidence, EvidenceKind, PoolSlug

PERIOD_SECONDS: Final = 30 * 86_400
LEAST_BLOCKS: Final = 5
"""Of a pool in a period, and as many of which a trait is known, for it to be compared."""
LEAST_BITS: Final = 7.0
LEAST_SIMILARITY: Final = 0.8
MOST_CHANCE: Final = 0.05
"""Share of the pairs without a known connection that may have such a score, or a higher one."""
_AGAINST_BITS: Final = 4.0
"""What blocks that are not alike count, for each trait."""
_USED: Final = 0.1
"""Share of its blocks from which on a pool is said to use a value."""


@dataclass(slots=True)
class Profile:
    """The traits of a pool's blocks in a period."""

    blocks: int = 0
    times: tuple[int, int] = (2**62, 0)
    """Header times of the first and of the last block."""
    values: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, time: int, traits: Mapping[str, str]) -> None:
        """Add a block."""
        self.blocks += 1
        self.times = min(self.times[0], time), max(self.times[1], time)
        for name, value in traits.items():
            self.values[name][value] += 1

    def share(self, name: str, value: str) -> float:
        """Share of the blocks with a value, of those of which the trait is known."""
        found = self.values.get(name)
        return found[value] / found.total() if found else 0.0

    @property
    def known(self) -> set[str]:
        """The traits that can be compared: one that is known of a few blocks only says little."""
        least = min(LEAST_BLOCKS, self.blocks)
        return {name for name, found in self.values.items() if found.total() >= least}


class Likeness(NamedTuple):
    """How alike two pools build."""

    bits: float
    similarity: float
    """Mean share of the blocks that are alike, over the traits."""
    rare: tuple[str, ...]
    """The shared values that say most, as `trait: value`."""


class Structures:
    """Collects blocks by pool and period."""

    def __init__(self, *, period_seconds: int = PERIOD_SECONDS, least: int = LEAST_BLOCKS) -> None:
        self.period_seconds = period_seconds
        self._least = least
        self._profiles: dict[int, dict[PoolSlug, Profile]] = {}

    def add(self, pool: PoolSlug, time: int, traits: Mapping[str, str]) -> None:
        """Add a block with its header time."""
        period = self._profiles.setdefault(time // self.period_seconds, {})
        period.setdefault(pool, Profile()).add(time, traits)

    @property
    def periods(self) -> Mapping[int, Mapping[PoolSlug, Profile]]:
        """By number of the period, the pools with enough blocks."""
        return {
            number: {pool: each for pool, each in sorted(pools.items()) if each.blocks >= self._least}
            for number, pools in sorted(self._profiles.items())
        }


def likenesses(
    profiles: Mapping[PoolSlug, Profile], entity_of: Callable[[PoolSlug], str]
) -> dict[tuple[PoolSlug, PoolSlug], Likeness]:
    """Every pair of pools of a period, by the traits that are known of both.

    A value is as rare as it is among the other pools of which the trait is known: not every pool has audited blocks.

    Args:
        profiles: of the pools, in the order of the alphabet.
        entity_of: the known group of a pool, else the pool itself. What a known group has in common is no less rare for
            that.
    """
    users = defaultdict[tuple[str, str], set[str]](set)
    entities = defaultdict[str, set[str]](set)
    known = {pool: profile.known for pool, profile in profiles.items()}
    for pool, profile in profiles.items():
        for name in known[pool]:
            entities[name].add(entity_of(pool))
            for value in profile.values[name]:
                if profile.share(name, value) >= _USED:
                    users[name, value].add(entity_of(pool))
    found_pairs = {}
    for one, other in combinations(profiles, 2):
        both = {entity_of(one), entity_of(other)}

        def rarity(name: str, value: str, both: set[str] = both) -> float:
            return -log2((len(users[name, value] - both) + 0.5) / (len(entities[name] - both) + 1))

        found_pairs[one, other] = _likeness(
            profiles[one], profiles[other], traits=sorted(known[one] & known[other]), rarity=rarity
        )
    return found_pairs


def _likeness(one: Profile, other: Profile, *, traits: Sequence[str], rarity: Callable[[str, str], float]) -> Likeness:
    bits, shared = 0.0, 0.0
    worth = list[tuple[float, str]]()
    for name in traits:
        common = 0.0
        for value in one.values[name].keys() & other.values[name].keys():
            part = min(one.share(name, value), other.share(name, value))
            common += part
            bits += part * rarity(name, value)
            worth.append((part * rarity(name, value), f"{name}: {value}"))
        bits -= (1 - common) * _AGAINST_BITS
        shared += common
    rare = tuple(text for much, text in sorted(worth, reverse=True)[:3] if much > 1)
    return Likeness(bits, shared / len(traits) if traits else 0.0, rare)


def structure_evidence(
    structures: Structures, entity_of: Callable[[PoolSlug, int], str] = lambda pool, _: pool
) -> list[Evidence]:
    """Pairs that build alike, with the periods in which they do.

    The null model: two entities without a connection. Its scores are those of all other pairs of known groups and lone
    pools in the period, each pair's highest. The probability is not adjusted for the number of pairs: at 5 %, one pair
    in twenty without a connection is found, which is why this evidence alone only proposes.

    `entity_of` gives the known group of a pool at a time, else the pool itself.
    """
    found = defaultdict[tuple[PoolSlug, PoolSlug], list[_Hit]](list)
    for number, profiles in structures.periods.items():
        entities = {pool: entity_of(pool, number * structures.period_seconds) for pool in profiles}
        scores = likenesses(profiles, entities.__getitem__)
        null = dict[frozenset[str], float]()
        for pair, likeness in scores.items():
            key = frozenset(entities[pool] for pool in pair)
            if len(key) > 1:
                null[key] = max(null.get(key, likeness.bits), likeness.bits)
        for pair, likeness in scores.items():
            own = frozenset(entities[pool] for pool in pair)
            chance = by_chance(likeness.bits, [bits for key, bits in null.items() if key != own])
            if likeness.bits >= LEAST_BITS and likeness.similarity >= LEAST_SIMILARITY and chance <= MOST_CHANCE:
                found[pair].append(_Hit(number, likeness, chance, profiles=tuple(profiles[pool] for pool in pair)))
    return [_evidence(pair, run) for pair, hits in sorted(found.items()) for run in _runs(hits)]


class _Hit(NamedTuple):
    """Two pools build alike in a period."""

    number: int
    likeness: Likeness
    chance: float
    profiles: tuple[Profile, ...]


def by_chance(bits: float, null: Sequence[float]) -> float:
    """Probability that two entities without a connection are so alike, by the scores of others."""
    return (sum(each >= bits for each in null) + 1) / (len(null) + 1)


def _runs(hits: Sequence[_Hit]) -> Iterable[list[_Hit]]:
    """Periods that follow each other; a pause of one is bridged."""
    run = [hits[0]]
    for each in hits[1:]:
        if each.number - run[-1].number > 2:
            yield run
            run = []
        run.append(each)
    yield run


def _evidence(pair: tuple[PoolSlug, PoolSlug], run: Sequence[_Hit]) -> Evidence:
    best = max((hit.likeness for hit in run), key=lambda each: each.bits)
    similarity = sum(hit.likeness.similarity for hit in run) / len(run)
    text = (
        f"{pair[0]} and {pair[1]} build {similarity:.0%} alike, worth {best.bits:.0f} bits; "
        f"rare among others: {'; '.join(best.rare) or 'nothing alone'}"
    )
    return Evidence(
        EvidenceKind.STRUCTURE, pair,
        min(each.times[0] for each in run[0].profiles),
        until=max(each.times[1] for each in run[-1].profiles),
        similarity=similarity, n=sum(each.blocks for hit in run for each in hit.profiles),
        p=min(hit.chance for hit in run), text=text,
    )  # fmt: skip
