"""How sure a number is: blocks are a sample of the hashrate behind them, and a small one.

Everything here rests on Jeffreys' priors: Beta(1/2, 1/2) for a proportion, Gamma(1/2, 0) for the rate of a Poisson
process. docs/adr/0016-posterior.md has the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.special import betainc, betaincinv, gammaincinv  # scipy.stats says the same, and takes twice as long to load

PRIOR: Final = 0.5
"""What Jeffreys' priors add to a count."""
TAILS: Final = (0.025, 0.975)
"""Between them is the middle 95 %."""


def share_intervals(found: Sequence[int], total: Sequence[int] | int) -> list[tuple[float, float]]:
    """95 % credible interval of the share behind each of `found` blocks among `total`: one total, or each its own.

    Equal tails of Beta(x + 1/2, n - x + 1/2). An end is 0 or 1 where nothing or everything was found, so that the
    interval always holds the share itself: L. D. Brown, T. T. Cai, A. DasGupta, Interval Estimation for a Binomial
    Proportion, Statistical Science 16, 2001, section 4.1.
    """
    x = np.asarray(found, dtype=np.float64)
    n = np.asarray(total, dtype=np.float64)
    a, b = x + PRIOR, n - x + PRIOR
    lower = np.where(x == 0, 0.0, betaincinv(a, b, TAILS[0]))
    upper = np.where(x == n, 1.0, betaincinv(a, b, TAILS[1]))
    return list(zip(lower.tolist(), upper.tolist(), strict=True))


def probabilities_above(threshold: float, found: Sequence[int], total: Sequence[int] | int) -> list[float]:
    """Probability that the share behind each of `found` blocks among `total` exceeds `threshold`, by the same law."""
    x = np.asarray(found, dtype=np.float64)
    # The other side of the mirrored law: small probabilities keep their digits.
    n = np.asarray(total, dtype=np.float64)
    return [float(chance) for chance in betainc(n - x + PRIOR, x + PRIOR, 1 - threshold)]


def rate_factors(found: Sequence[int]) -> list[tuple[float, float]]:
    """The 95 % credible interval of the rate at which each of `found` blocks came, as factors of the rate counted.

    Blocks come as a Poisson process, so the rate is Gamma(x + 1/2) over the time: equal tails, over x.
    """
    x = np.asarray(found, dtype=np.float64)
    lower, upper = (gammaincinv(x + PRIOR, tail) / x for tail in TAILS)
    return list(zip(lower.tolist(), upper.tolist(), strict=True))
