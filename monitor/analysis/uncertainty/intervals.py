"""How sure a number is: blocks are a sample of the hashrate behind them, and a small one.

Everything here rests on Jeffreys' priors: Beta(1/2, 1/2) for a proportion, Gamma(1/2, 0) for the rate of a Poisson
process. docs/adr/0016-posterior.md has the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from monitor.analysis.distributions import beta_below, beta_quantiles, gamma_quantiles

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
    lower, upper = beta_quantiles(TAILS, x + PRIOR, n - x + PRIOR)
    lower[x == 0] = 0.0
    upper[x == n] = 1.0
    return list(zip(lower.tolist(), upper.tolist(), strict=True))


def probabilities_above(threshold: ArrayLike, found: Sequence[int], total: Sequence[int] | int) -> list[float]:
    """Probability that the share behind each of `found` blocks among `total` exceeds `threshold`, by the same law.

    One threshold, or each its own.
    """
    x = np.asarray(found, dtype=np.float64)
    # The other side of the mirrored law: small probabilities keep their digits.
    n = np.asarray(total, dtype=np.float64)
    return [float(chance) for chance in beta_below(np.subtract(1, threshold), n - x + PRIOR, x + PRIOR)]


def rate_factors(found: Sequence[int]) -> list[tuple[float, float]]:
    """The 95 % credible interval of the rate at which each of `found` blocks came, as factors of the rate counted.

    Blocks come as a Poisson process, so the rate is Gamma(x + 1/2) over the time: equal tails, over x.
    """
    x = np.asarray(found, dtype=np.float64)
    lower, upper = gamma_quantiles(TAILS, x + PRIOR) / x
    return list(zip(lower.tolist(), upper.tolist(), strict=True))
