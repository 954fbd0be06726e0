"""The indices of concentration, each a number about one set of counts.

Integers as long as there are integers: where a formula allows it, the sums are exact and one division is the only
rounding. docs/glossary.md says what each index means.
"""

from __future__ import annotations

from functools import lru_cache
from math import fsum, log1p, log2

from monitor.analysis.counts import Counts
from monitor.model import Indices

_SCALE = 10_000
"""HHI of a monopoly: shares are squared as percentages."""
_TOP = (1, 2, 3)


@lru_cache(maxsize=1024)
def indices(counts: Counts | None) -> Indices | None:
    """Every index of `counts`; None of nothing.

    Remembered: windows and levels often have the same counts without the names, and a block changes few of them.
    """
    if counts is None:
        return None
    return Indices(
        hhi=hhi(counts),
        hhi_unbiased=hhi_unbiased(counts),
        nakamoto=nakamoto(counts),
        gini=gini(counts),
        entropy_bits=entropy_bits(counts),
        effective_entities=effective_entities(counts),
        theil=theil(counts),
        top_share={n: top_share(counts, n) for n in _TOP},
    )


def hhi(counts: Counts) -> float:
    """Herfindahl-Hirschman index, 10,000 / entities .. 10,000: the sum of squared shares in percent.

    O. C. Herfindahl, Concentration in the Steel Industry, 1950; A. O. Hirschman, The Paternity of an Index, 1964.
    """
    return _SCALE * _squares(counts) / counts.blocks**2


def hhi_unbiased(counts: Counts) -> float | None:
    """HHI of the shares behind the sample, 0 .. 10,000; None for a single block.

    (n H - 1) / (n - 1) on the scale of 0 to 1: the chance that two different blocks of the n have the same miner.
    E. H. Simpson, Measurement of Diversity, Nature 163, 1949.
    """
    if counts.blocks == 1:
        return None
    return _SCALE * (_squares(counts) - counts.blocks) / (counts.blocks * (counts.blocks - 1))


def effective_entities(counts: Counts) -> float:
    """How many equal entities have this HHI, 1 .. entities: 10,000 / HHI.

    M. Laakso, R. Taagepera, "Effective" Number of Parties, Comparative Political Studies 12, 1979.
    """
    return counts.blocks**2 / _squares(counts)


def nakamoto(counts: Counts) -> int:
    """The fewest entities with more than half of the blocks: exactly half is not enough.

    B. S. Srinivasan, L. Lee, Quantifying Decentralization, 2017.
    """
    entities, missing = 0, counts.blocks  # twice the blocks to cover; the majority lies beyond
    for size, many in counts.groups:
        if missing < 2 * size * many:
            return entities + missing // (2 * size) + 1
        entities, missing = entities + many, missing - 2 * size * many
    raise AssertionError("all the blocks are more than half of them")


def gini(counts: Counts) -> float:
    """Gini coefficient of the blocks per entity, 0 (all equal) .. 1 - 1 / entities.

    With entities ranked from the smallest: 2 sum(rank * blocks) / (entities * blocks) - (entities + 1) / entities.
    C. Gini, Variabilità e mutabilità, 1912.
    """
    n, ranked, rank = counts.entities, 0, 0  # `ranked`: twice the sum of rank * blocks
    for size, many in reversed(counts.groups):
        ranked += size * many * (2 * rank + many + 1)
        rank += many
    return (ranked - (n + 1) * counts.blocks) / (n * counts.blocks)


def entropy_bits(counts: Counts) -> float:
    """Shannon entropy of the shares, 0 .. log2(entities) bits.

    C. E. Shannon, A Mathematical Theory of Communication, 1948.
    """
    total = counts.blocks
    return fsum(many * size * log2(total / size) for size, many in counts.groups) / total


def theil(counts: Counts) -> float:
    """Theil's T of the blocks per entity, 0 (all equal) .. ln(entities) nats: ln(entities) less the entropy in nats.

    H. Theil, Economics and Information Theory, 1967.
    """
    total, n = counts.blocks, counts.entities
    # ln(size / mean), from the exact distance to the mean: near equality a plain logarithm has no digits left.
    return fsum(many * size * log1p((size * n - total) / total) for size, many in counts.groups) / total


def top_share(counts: Counts, n: int) -> float:
    """Share of the `n` largest entities together, 0 .. 1."""
    covered = 0
    for size, many in counts.groups:
        if many >= n:
            return (covered + size * n) / counts.blocks
        covered, n = covered + size * many, n - many
    return covered / counts.blocks


def _squares(counts: Counts) -> int:
    return sum(many * size**2 for size, many in counts.groups)
