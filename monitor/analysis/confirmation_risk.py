"""Confirmation risk: the probability that miners with some share of the hashrate could reverse a payment.

The payee waits for z confirmations. The payer has mined in secret ever since the payment, and goes on until his branch
is longer. By the time of the payee's z blocks he has a negative binomial number of his own, and from k blocks behind he
catches up with probability (q / p)^k, where q is his share and p = 1 - q. One block mined in advance is granted to him,
so that to draw level is enough. From a share of one half on he always succeeds (M. Rosenfeld, Analysis of
Hashrate-Based Double Spending, 2014, https://arxiv.org/abs/1402.2009). Together that is I(4pq; z, 1/2), a regularised
incomplete beta function (C. Grunspan, R. Pérez-Marco, Double Spend Races, International Journal of Theoretical and
Applied Finance 21, 2018, https://arxiv.org/abs/1702.02867), which is 1 - (p - q) times the sum of C(2k, k) (pq)^k over
all k < z.

The white paper (S. Nakamoto, 2008) takes the attacker's blocks for Poisson, as if the payee's had come in exactly the
expected time, which makes the risk too small: 18.9 % for six confirmations at a share of 32.2 %, where it is 21.2 %.

No miner's share is known exactly, and the risk is convex in it. So it is averaged over the posterior of the share as
counted: over luck and drift. What else is uncertain has no probabilities. Its part are the risks at the ends of the
interval of the largest share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import ArrayLike

from monitor.analysis.distributions import Floats
from monitor.analysis.uncertainty.intervals import PRIOR
from monitor.model import ConfirmationRisk, CurrentShare, Interval

MOST: Final = 504
"""Confirmations: half a week's worth."""
_NODES, _WEIGHTS = leggauss(24)
_WIDTH: Final = 7.0
"""Standard deviations on either side of the middle; the rest of the posterior is left out."""


def confirmation_risks(
    current: Iterable[CurrentShare], ends: Mapping[str, Interval] = MappingProxyType({})
) -> tuple[ConfirmationRisk, ...]:
    """The risk from the largest entity of each level.

    `current` are the shares now by what is counted, at each level the largest first; `ends` are the intervals of the
    largest share of each level, with everything that is uncertain.
    """
    counted: dict[str, CurrentShare] = {}
    for each in current:
        counted.setdefault(each.level, each)
    return tuple(_risk(each, ends.get(each.level)) for each in counted.values())


def _risk(current: CurrentShare, ends: Interval | None) -> ConfirmationRisk:
    average = risk(current)
    found = ConfirmationRisk(current.level, current.entity, tuple(average.tolist()))
    if ends is None:
        return found
    lower, upper = reversal([ends.lower, ends.upper]).T
    # Of many confirmations nearly all of the average is from shares that are hardly likely, beyond the interval.
    return replace(
        found,
        lower=tuple(np.minimum(lower, average).tolist()),
        upper=tuple(np.maximum(upper, average).tolist()),
        largest=ends,
    )


def reversal(shares: ArrayLike, most: int = MOST) -> Floats:
    """Probability to reverse 1 to `most` confirmations, a row each, for each share of the hashrate. To 13 decimals."""
    q = np.minimum(shares, 1 / 2)
    k = np.arange(1, most)[:, None]
    growth = 4 * q * (1 - q) * (1 - 1 / (2 * k))  # of C(2k, k) (pq)^k from one k to the next
    terms = np.vstack((np.ones_like(q)[None], growth)).cumprod(axis=0)
    return np.asarray(np.maximum(1 - (1 - 2 * q) * terms.cumsum(axis=0), 0))


def risk(current: CurrentShare) -> Floats:
    """Probability to reverse 1 to `MOST` confirmations, averaged over what is known of the share now."""
    a, b = (max(part * current.evidence, PRIOR) for part in (current.share, 1 - current.share))
    middle, width = np.arcsin(np.sqrt(current.share)), _WIDTH / (2 * np.sqrt(a + b))  # of the arcsine of the root
    lower, upper = np.clip([middle - width, middle + width], 0, np.pi / 2)
    edges = np.clip([lower, np.pi / 4, upper], lower, upper)  # at a half there is a kink
    half = np.diff(edges)[:, None] / 2
    points = (edges[:-1, None] + half * (1 + _NODES)).ravel()
    density = (2 * a - 1) * np.log(np.sin(points)) + (2 * b - 1) * np.log(np.cos(points))
    weights = (half * _WEIGHTS).ravel() * np.exp(density - density.max())
    return np.asarray(reversal(np.sin(points) ** 2) @ weights / weights.sum())
