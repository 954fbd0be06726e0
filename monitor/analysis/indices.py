"""The indices of concentration, each a number for each set of counts.

Integers as long as there are integers: where a formula allows it, the sums are exact and one division is the only
rounding. docs/glossary.md says what each index means. Without blocks the values are meaningless.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.counts import Counts
from monitor.analysis.counting.time_index import Integers
from monitor.model import Indices

Values = NDArray[np.float64]

_SCALE = 10_000.0
"""HHI of a monopoly: shares are squared as percentages."""


def indices(counts: Counts) -> list[Indices | None]:
    """Every index of each set of `counts`, in their order; None of a set of nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = [
            hhi(counts), hhi_unbiased(counts), nakamoto(counts), gini(counts), entropy_bits(counts),
            effective_entities(counts), theil(counts),
        ]  # fmt: skip
        tops = [top_share(counts, n) for n in (1, 2, 3)]
    sets = zip(*(np.ravel(column).tolist() for column in (counts.blocks, *columns, *tops)), strict=True)
    return [
        Indices(
            raw,
            unbiased if blocks > 1 else None,
            fewest,
            gini=uneven,
            entropy_bits=bits,
            effective_entities=effective,
            theil=nats,
            top_share={1: a, 2: b, 3: c},
        )
        if blocks
        else None
        for blocks, raw, unbiased, fewest, uneven, bits, effective, nats, a, b, c in sets
    ]


def hhi(counts: Counts) -> Values:
    """Herfindahl-Hirschman index, 10,000 / entities .. 10,000: the sum of squared shares in percent.

    O. C. Herfindahl, Concentration in the Steel Industry, 1950; A. O. Hirschman, The Paternity of an Index, 1964.
    """
    return _SCALE * counts.squares / counts.blocks**2


def hhi_unbiased(counts: Counts) -> Values:
    """HHI of the shares behind the sample, 0 .. 10,000; not a number for a single block.

    (n H - 1) / (n - 1) on the scale of 0 to 1: the chance that two different blocks of the n have the same miner.
    E. H. Simpson, Measurement of Diversity, Nature 163, 1949.
    """
    unbiased: Values = _SCALE * (counts.squares - counts.blocks) / (counts.blocks * (counts.blocks - 1))
    return unbiased


def effective_entities(counts: Counts) -> Values:
    """How many equal entities have this HHI, 1 .. entities: 10,000 / HHI.

    M. Laakso, R. Taagepera, "Effective" Number of Parties, Comparative Political Studies 12, 1979.
    """
    return counts.blocks**2 / counts.squares


def nakamoto(counts: Counts) -> Integers:
    """The fewest entities with more than half of the blocks: exactly half is not enough.

    B. S. Srinivasan, L. Lee, Quantifying Decentralization, 2017.
    """
    missing = counts.blocks - 2 * counts.covered[..., -1]  # that many and more, at two for each of the singles
    fewest: Integers = np.where(
        missing < 0,
        (2 * counts.covered <= counts.blocks[..., None]).sum(axis=-1) + 1,
        counts.entities - counts.singles + missing // 2 + 1,
    )
    return fewest


def gini(counts: Counts) -> Values:
    """Gini coefficient of the blocks per entity, 0 (all equal) .. 1 - 1 / entities.

    With entities ranked from the smallest: 2 sum(rank * blocks) / (entities * blocks) - (entities + 1) / entities.
    C. Gini, Variabilità e mutabilità, 1912.
    """
    n, singles, blocks = counts.entities, counts.singles, counts.blocks
    ahead = counts.sizes @ np.arange(counts.sizes.shape[-1])  # ranks from the smallest: n less those ahead
    ranked = 2 * (n * (blocks - singles) - ahead) + singles * (singles + 1)
    coefficient: Values = (ranked - (n + 1) * blocks) / (n * blocks)
    return coefficient


def entropy_bits(counts: Counts) -> Values:
    """Shannon entropy of the shares, 0 .. log2(entities) bits.

    C. E. Shannon, A Mathematical Theory of Communication, 1948.
    """
    blocks = counts.blocks
    bits = counts.sizes * np.log2(blocks[..., None] / np.maximum(counts.sizes, 1))
    entropy: Values = (_sum(bits) + counts.singles * np.log2(blocks)) / blocks
    return entropy


def theil(counts: Counts) -> Values:
    """Theil's T of the blocks per entity, 0 (all equal) .. ln(entities) nats: ln(entities) less the entropy in nats.

    H. Theil, Economics and Information Theory, 1967.
    """
    n, blocks = counts.entities, counts.blocks
    # ln(size / mean), from the exact distance to the mean: near equality a plain logarithm has no digits left.
    distance = (np.maximum(counts.sizes, 1) * n[..., None] - blocks[..., None]) / blocks[..., None]
    nats = _sum(counts.sizes * np.log1p(distance)) + counts.singles * np.log1p((n - blocks) / blocks)
    redundancy: Values = nats / blocks
    return redundancy


def top_share(counts: Counts, n: int) -> Values:
    """Share of the `n` largest entities together, 0 .. 1."""
    places = counts.sizes.shape[-1]
    largest = counts.covered[..., min(n, places) - 1]
    more = np.minimum(counts.singles, np.maximum(0, n - (counts.entities - counts.singles)))
    share: Values = (largest + more) / counts.blocks
    return share


def _sum(values: NDArray[Any]) -> Values:
    """Over the places, one after the other: then those of nobody, however many, change no digit."""
    total: Values = values.cumsum(axis=-1)[..., -1]
    return total
