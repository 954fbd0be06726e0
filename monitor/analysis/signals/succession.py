"""Succession test: whether a pool's blocks follow each other, or another pool's, more often than by chance.

A miner who keeps blocks back until he can publish several at once (I. Eyal, E. G. Sirer, Majority Is Not Enough:
Bitcoin Mining Is Vulnerable, Financial Cryptography 2014) follows himself too often; two who tell each other of blocks
before the rest hears of them follow each other. The idea to look for this in the order of blocks is from S.-N. Li,
C. Campajola, C. J. Tessone, Statistical Detection of Selfish Mining in Proof-of-Work Blockchain Systems, Scientific
Reports 14, 2024.

The null model: within a period of a day shares do not change, and every order of its blocks is equally likely.
Of n blocks, a of A's and b of B's, the number of A's that are followed by a B is then hypergeometric: b drawn from n of
which a count; a - 1 where A and B are the same (W. L. Stevens, Distribution of Groups in a Sequence of Alternatives,
Annals of Eugenics 9, 1939). Days apart keep a pool that merely grew from being a suspect; one that comes and goes by
the hour still is. Where one pool's blocks come in clumps, so must the rest: the suspect is who follows himself most
often beyond expectation.

A hypergeometric number is a sum of independent yes-or-no's of unequal chances (V. A. Vatutin, V. G. Mikhailov, Theory
of Probability and Its Applications 27, 1982), and so is the sum over the stretches. It is taken for the binomial with
the same mean and variance: right to 0.001, and to an eighth of a p-value down to 0.0001.
"""

from __future__ import annotations

import numpy as np

from monitor.analysis.distributions import Floats, beta_below
from monitor.analysis.signals.signal_input import Numbers, SignalInput
from monitor.analysis.uncertainty.holm import holm
from monitor.model import SuccessionTest

_LEAST_SHARE = 0.01
"""Smaller pools have too few successions for a test, and each test made weakens the others."""

_STRETCH = 144
"""Blocks of which every order is as likely."""


def succession_tests(past: SignalInput) -> tuple[SuccessionTest, ...]:
    """Every pair of pools with a hundredth of the blocks each, the least likely first.

    The p-values of pools that follow themselves, and those of two pools, are two sets of tests.
    """
    found = past.count(past.longest)
    pools = int(np.count_nonzero(found[:-1] >= max(2, _LEAST_SHARE * found.sum())))
    seen, mean, variance = counts(np.minimum(past.pool, pools), past.height // _STRETCH, pools)
    p_values = tail(seen, mean, variance)
    adjusted, alone = np.empty_like(p_values), np.eye(pools, dtype=np.bool_)
    for tests in (alone, ~alone):
        adjusted[tests] = holm(p_values[tests])
    numbers = (each.ravel().tolist() for each in (seen, mean, p_values, adjusted))
    pairs = ((leader, follower) for leader in past.named[:pools] for follower in past.named[:pools])
    results = (SuccessionTest(*pair, *row) for pair, row in zip(pairs, zip(*numbers, strict=True), strict=True))
    return tuple(sorted(results, key=lambda one: (one.adjusted, one.p_value)))


def counts(codes: Numbers, stretches: Numbers, pools: int) -> tuple[Numbers, Floats, Floats]:
    """How often each pool (a row) is followed by each (a column): seen, and mean and variance by the null model.

    Args:
        codes: pool number of each block; `pools` stands for all others.
        stretches: the period of each block, ascending.
        pools: number of pools that are distinguished.
    """
    wide = pools + 1
    stretch = np.cumsum(np.diff(stretches, prepend=stretches[:1]) != 0)
    blocks = np.bincount(stretch).astype(np.float64)[:, None, None]
    mine = np.bincount(stretch * wide + codes, minlength=len(blocks) * wide).reshape(-1, wide)[:, :pools]
    together = stretch[1:] == stretch[:-1]
    pairs = (codes[:-1] * wide + codes[1:])[together]
    seen = np.bincount(pairs, minlength=wide * wide).reshape(wide, wide)[:pools, :pools]
    leads = np.maximum(mine[:, :, None] - np.eye(pools), 0) / blocks  # the last of one's own follows none of them
    follows = mine[:, None, :]
    mean = follows * leads
    variance = mean * (1 - leads) * (blocks - follows) / np.maximum(blocks - 1, 1)
    return seen, mean.sum(axis=0), variance.sum(axis=0)


def tail(seen: Numbers, mean: Floats, variance: Floats) -> Floats:
    """Probability of `seen` or more, of a binomial with this mean and variance."""
    possible = (mean > 0) & (seen > 0)
    shrink = np.where(possible, mean - variance, 1.0)
    trials, chance = mean**2 / shrink, shrink / np.where(possible, mean, 1.0)
    above = np.maximum(trials - seen + 1, 1)  # more than all trials is as likely as all of them
    return np.where(possible, beta_below(np.clip(chance, 0, 1), np.maximum(seen, 1), above), 1.0)
