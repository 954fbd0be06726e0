"""How sure a share is: blocks are a sample of the hashrate behind them, and a small one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import betaincinv  # scipy.stats says the same and takes twice as long to import

_PRIOR = 0.5
"""Jeffreys' prior of a proportion: Beta(1/2, 1/2)."""
_TAIL = 0.025
"""Probability beyond each end of a 95 % interval."""


def share_intervals(found: Sequence[int], total: int) -> list[tuple[float, float]]:
    """95 % credible interval of the share behind each of `found` blocks among `total`.

    Equal tails of Beta(x + 1/2, n - x + 1/2). An end is 0 or 1 where nothing or everything was found, so that the
    interval always holds the share itself: L. D. Brown, T. T. Cai, A. DasGupta, Interval Estimation for a Binomial
    Proportion, Statistical Science 16, 2001, section 4.1.
    """
    x = np.asarray(found, dtype=np.float64)
    a, b = x + _PRIOR, total - x + _PRIOR
    lower = np.where(x == 0, 0.0, betaincinv(a, b, _TAIL))
    upper = np.where(x == total, 1.0, betaincinv(a, b, 1 - _TAIL))
    return list(zip(lower.tolist(), upper.tolist(), strict=True))
