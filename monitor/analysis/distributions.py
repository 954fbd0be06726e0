"""Probabilities and quantiles of the beta, gamma and Student's t distribution, for whole arrays.

With x = sin² u, the density of Beta(a, b) in u is proportional to sin(u)^(2a-1) cos(u)^(2b-1); with x = u², that of
Gamma(a) is to u^(2a-1) exp(-u²). For parameters of 1/2 and more either is close to a normal density, and the second
derivative of its logarithm is nowhere above -2c, where c is a + b - 1 or 1. So a tail is a short integral, which
Gauss-Legendre quadrature gives to 11 digits. A quantile is where the logarithm of a tail, which is concave, has a known
value: Halley's method finds it in a few steps. No gamma function is needed, as each integral is divided by the whole.

scipy.special has all of this, and takes as much space as the rest of the core together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, TypeAlias

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]

_DROP: Final = 36.0
"""How far the logarithm of a density falls until the rest of the tail no longer matters."""
_PROBABILITY_NODES, _TAIL_NODES = leggauss(48), leggauss(28)
_CLOSE: Final = 1e-9
"""Of a standard deviation, or of the quantile: the last step of Halley's method is no longer than this."""
_MOST_STEPS: Final = 20
_TINY: Final = 1e-150


@dataclass(frozen=True, slots=True)
class _Density:
    """A density on the numbers from 0 to `end`. The arrays have a last axis of length 1, for the nodes."""

    log: Callable[[Floats], Floats]
    """The logarithm of its ratio to the density at the mode."""
    slope: Callable[[Floats], Floats]
    """The first derivative of the logarithm."""
    least: Floats
    """The least that the second derivative is below 0."""
    mode: Floats
    end: Floats

    @property
    def sides(self) -> Floats:
        """Below and above, along a new first axis."""
        return np.reshape([-1.0, 1.0], (2, *(1 for _ in self.mode.shape)))

    def reach(self, slope: Floats) -> Floats:
        """How far from a point with this slope, downhill, the density has fallen by `_DROP`."""
        return 2 * _DROP / (np.hypot(slope, np.sqrt(2 * _DROP * self.least)) + slope)

    def tail(self, at: Floats, side: Floats, nodes: tuple[Floats, Floats]) -> Floats:
        """The integral from a point outward, divided by the density at the mode; below it (-1) or above it (1)."""
        at, mode = side * at, side * self.mode  # mirrored for the tail below: outward is upward
        near = np.maximum(at, mode - self.reach(np.zeros(1)))
        far = np.maximum(at, mode) + self.reach(np.maximum(-side * self.slope(side * at), 0))
        near, far = (np.clip(side * point, _TINY, self.end) for point in (near, far))
        points, weights = nodes
        half = (far - near) / 2
        values = np.exp(self.log(near + half * (1 + points)))
        # A sum along the nodes, unlike a matrix product, adds in the same order whatever else is computed beside it.
        return np.asarray(np.abs(half) * (values * weights).sum(axis=-1, keepdims=True))


def beta_below(limit: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """Probability that a number from Beta(a, b) is below a limit.

    a and b are 1/2 or more. Exact to 11 digits where 2a and 2b are integers, to 6 where only 1 or more.
    """
    density = _beta(a, b)
    at = np.maximum(np.arcsin(np.sqrt(np.asarray(limit, np.float64))), _TINY)[..., None]
    below, above = density.tail(at, density.sides, _PROBABILITY_NODES)
    return np.asarray((below / (below + above))[..., 0])


def beta_quantiles(chances: Sequence[float], a: ArrayLike, b: ArrayLike) -> Floats:
    """The quantiles of Beta(a, b), a row for each chance. a and b are 1/2 or more."""
    return np.sin(_quantiles(chances, _beta(a, b))) ** 2


def gamma_quantiles(chances: Sequence[float], a: ArrayLike) -> Floats:
    """The quantiles of Gamma(a) with rate 1, a row for each chance. a is 1/2 or more."""
    return _quantiles(chances, _gamma(a)) ** 2


def student_quantiles(chance: float, freedom: ArrayLike) -> Floats:
    """The quantile of Student's t for each number of degrees of freedom. The chance is above 1/2."""
    (at,) = beta_quantiles([2 * (1 - chance)], np.divide(freedom, 2), 0.5)
    return np.asarray(np.sqrt(freedom * (1 - at) / at))


def _beta(a: ArrayLike, b: ArrayLike) -> _Density:
    sines, cosines = (2 * np.asarray(each, np.float64)[..., None] - 1 for each in (a, b))
    mode = np.maximum(np.arctan2(np.sqrt(sines), np.sqrt(cosines)), _TINY)
    sine, cosine = np.sin(mode), np.cos(mode)
    return _Density(
        log=lambda u: sines * np.log(np.sin(u) / sine) + cosines * np.log(np.cos(u) / cosine),
        slope=lambda u: sines / np.tan(u) - cosines * np.tan(u),
        least=np.maximum(sines + cosines, 1e-3),
        mode=mode,
        end=np.full(1, np.pi / 2),
    )


def _gamma(a: ArrayLike) -> _Density:
    power = 2 * np.asarray(a, np.float64)[..., None] - 1
    mode = np.maximum(np.sqrt(power / 2), _TINY)
    return _Density(
        log=lambda u: power * np.log(u / mode) - (u - mode) * (u + mode),
        slope=lambda u: power / u - 2 * u,
        least=np.full(1, 2.0),
        mode=mode,
        end=mode + 20,  # where nothing is left
    )


def _quantiles(chances: Sequence[float], density: _Density) -> Floats:
    wanted = np.reshape(chances, (-1, *(1 for _ in density.mode.shape)))
    side = np.where(wanted < 1 / 2, -1.0, 1.0)
    whole = density.tail(density.mode, density.sides, _TAIL_NODES).sum(axis=0)
    target = np.minimum(wanted, 1 - wanted) * whole
    normal = np.reshape([NormalDist().inv_cdf(chance) for chance in chances], wanted.shape)
    margin = 1e-3 / np.sqrt(density.least)
    at = np.clip(
        density.mode + normal / np.sqrt(2 * density.least),
        density.mode / 20 + margin, density.end - (density.end - density.mode) / 20 - margin,
    )  # fmt: skip
    found = np.zeros(1, np.bool_)  # stays as it is, so that a quantile does not depend on those beside it
    for _ in range(_MOST_STEPS):
        tail = density.tail(at, side, _TAIL_NODES)
        rate = np.exp(density.log(at)) / tail
        newton = side * np.log(tail / target) / rate
        halley = newton / np.maximum(1 + newton / 2 * (density.slope(at) + side * rate), 1 / 2)
        at = np.where(found, at, np.clip(at + halley, at / 2, (at + density.end) / 2))
        found = found | (np.abs(halley) < _CLOSE * np.minimum(at, 1 / np.sqrt(density.least)))
        if found.all():
            break
    return np.asarray(at[..., 0])
