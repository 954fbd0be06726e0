"""95 % intervals of everything that is uncertain together: sampling, unknown blocks, and memberships.

The interval of a number is the union, over all that the memberships allow, of its sampling intervals. What they allow:
every alternative of the uncertain memberships; and blocks that nothing claims for an entity, or only an attribution of
low confidence, which may be anyone's. At the level `pool` these are some unknown pool's instead, one's or many's.

The alternatives are too many for random draws, so the sampling part is computed in closed form for all of them:

- a share: Beta quantiles at the smallest and the largest number of blocks (`intervals`);
- HHI: mean and variance of a sum of squares under the Dirichlet posterior, the mean moved to the unbiased index
  (`posterior` has the reasons), the quantiles of a gamma distribution with these moments (E. B. Wilson, M. M. Hilferty,
  The Distribution of Chi-Square, PNAS 17, 1931);
- Nakamoto coefficient: the fewest entities whose largest (smallest) number of blocks together may be (is) a majority.

The draws of `posterior` for what is counted are included in both indices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import ceil, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.counts import Counts
from monitor.analysis.counting.levels import POOL
from monitor.analysis.counting.time_index import Integers
from monitor.analysis.indices import hhi, hhi_unbiased, nakamoto
from monitor.analysis.uncertainty.alternatives import Alternatives
from monitor.analysis.uncertainty.current_share import FORTNIGHT
from monitor.analysis.uncertainty.intervals import PRIOR, share_intervals
from monitor.model import Combined, Concentration, CurrentShare, Estimate, Interval

_SCALE: Final = 10_000
_NORMAL: Final = 1.959964
"""Standard deviations from the middle to either end of 95 %."""

_Values = NDArray[np.float64]


def combined(several: Sequence[Alternatives], estimates: Sequence[Estimate]) -> tuple[Combined, ...]:
    """One for each level and window with at least two blocks.

    Args:
        several: all that memberships allow, for each level and window.
        estimates: the sampling intervals of what is counted, in the same order.
    """
    enough = [(known, sampled) for known, sampled in zip(several, estimates, strict=True) if sampled.split]
    bounds = [_bounds(known) for known, _ in enough]
    pairs = {(x, known.found.blocks) for (known, _), ends in zip(enough, bounds, strict=True) for x in chain(*ends)}
    sure = dict(zip(pairs, share_intervals(*zip(*pairs, strict=True)) if pairs else (), strict=True))
    found = []
    for (known, sampled), (least, most) in zip(enough, bounds, strict=True):
        n = known.found.blocks
        shares = {
            entity: Interval(sure[low, n][0], sure[high, n][1])
            for entity, low, high in zip(known.entities, least, most, strict=True)
        }
        found.append(_combined(known, sampled, shares))
    return tuple(found)


def widened(
    current: Iterable[CurrentShare], found: Iterable[Concentration], known: Iterable[Combined]
) -> Iterator[CurrentShare]:
    """The shares now, with all that is uncertain about them: theirs are of what counts, with luck and drift alone.

    Either end moves as far as it does in the window whose number of blocks is nearest to a fortnight's, of those in
    which the entity has blocks.

    Args:
        current: the shares now.
        found: what was counted in the windows.
        known: the intervals of the same levels and windows.
    """
    intervals = {(each.level, each.window): each.shares for each in known}
    margins: dict[tuple[str, str], tuple[float, float]] = {}
    for one in _nearest_first(found):
        wide = intervals.get((one.level, one.window.name), {})
        for share in one.shares:
            if ends := wide.get(share.entity):
                margins.setdefault((one.level, share.entity), (share.lower - ends.lower, ends.upper - share.upper))
    for now in current:
        below, above = margins.get((now.level, now.entity), (0.0, 0.0))
        yield now._replace(lower=max(now.lower - below, 0.0), upper=min(now.upper + above, 1.0))


def largest(
    current: Sequence[CurrentShare], found: Iterable[Concentration], known: Iterable[Combined]
) -> dict[str, Interval]:
    """The interval of the share that the largest entity of each level, whichever it is, has now; of those with any.

    Args:
        current: the shares now, `widened`. Entities without a counted block have what they may have in the window whose
            number of blocks is nearest to a fortnight's.
        found: what was counted in the windows.
        known: the intervals of the same levels and windows.
    """
    counted = {(each.level, each.entity) for each in current}
    nearest = {one.level: one.window.name for one in reversed(_nearest_first(found))}
    ends: dict[str, list[Interval]] = defaultdict(list)
    for now in current:
        ends[now.level].append(Interval(now.lower, now.upper))
    for each in known:
        for entity, one in each.shares.items():
            if each.window == nearest.get(each.level) and (each.level, entity) not in counted:
                ends[each.level].append(one)
    return {
        level: Interval(max(each.lower for each in several), max(each.upper for each in several))
        for level, several in ends.items()
    }


def _nearest_first(found: Iterable[Concentration]) -> list[Concentration]:
    return sorted(found, key=lambda one: abs(one.blocks - FORTNIGHT))


def _combined(known: Alternatives, sampled: Estimate, shares: dict[str, Interval]) -> Combined:
    spread, fewest = _indices(known, sampled)
    return Combined(known.found.level, known.found.window.name, hhi=spread, nakamoto=fewest, shares=shares)


def _bounds(known: Alternatives) -> tuple[list[int], list[int]]:
    """The smallest and the largest number of blocks of each entity."""
    sure = known.sure[:, : len(known.entities)]
    most = sure.max(axis=0) + _free(known) if _anyones(known) else known.counts.max(axis=0)
    return sure.min(axis=0).tolist(), most.tolist()


def _anyones(known: Alternatives) -> bool:
    """Whether a block that nothing claims may be anyone's."""
    return known.found.level != POOL.name


def _free(known: Alternatives) -> int:
    """The blocks that nothing claims for sure: as many in every alternative."""
    claimed = known.sure.shape[1] - len(known.unclaimed)
    return int(known.found.blocks - known.found.alone - known.sure[0, :claimed].sum())


def _indices(known: Alternatives, sampled: Estimate) -> tuple[Interval, Interval]:
    """The intervals of HHI and Nakamoto coefficient."""
    readings = [each for each in (sampled.split, sampled.merged) if each]
    spread, few = [each.hhi for each in readings], [each.nakamoto for each in readings]
    # Luck puts some ahead, so draws may leave out what was counted of miners that are all as large.
    for counted in (known.found.split, known.found.merged):
        if counted:
            spread.append(Interval(counted.headline_hhi, counted.headline_hhi))
            few.append(Interval(counted.nakamoto, counted.nakamoto))
    if _anyones(known) or (known.sure < known.counts).any():
        least, most = _extremes(known)
        lower, upper, blocks = _hhi_ends(least)[0], _hhi_ends(most)[1], known.found.blocks
        fewest = [_fewest(most.covered.max(axis=0), blocks, -_NORMAL), nakamoto(most).min().item()]
        many = [_fewest(least.covered.min(axis=0), blocks, _NORMAL), nakamoto(least).max().item()]
        # The counted numbers of each alternative are within, too: the raw index is the largest of them.
        spread += [Interval(lower.min().item(), upper.max().item())]
        spread += [Interval(hhi_unbiased(least).min().item(), hhi(most).max().item())]
        few += [Interval(min(fewest), max(many))]
    return _union(spread), _union(few)


def _extremes(known: Alternatives) -> tuple[Counts, Counts]:
    """Each alternative as little and as much concentrated as it can be."""
    least = known.sure
    if _anyones(known):
        named, claimed = len(known.entities), least.shape[1] - len(known.unclaimed)
        most = np.column_stack((least[:, :named], least[:, named:claimed].sum(axis=1)))
        most[np.arange(len(most)), most.argmax(axis=1)] += _free(known)
    else:
        most = _with_one_unknown(known.counts[0], known.counts[0] - least[0], known.unattributed)
    return (
        Counts.ranked(least, known.found.blocks - least.sum(axis=1)),
        Counts.ranked(most, np.full(len(most), known.found.alone)),
    )


def _with_one_unknown(counts: Integers, doubtful: Integers, unknown: int) -> Integers:
    """The counts if one unknown miner had all unknown blocks, and the doubtful ones of some entities.

    A row for each choice of these entities that may be the most concentrated. The sum of squares grows with the square
    of the blocks that move, less (2 counts - doubtful) for each of them: those with the least to lose move first.
    """
    order = np.argsort(2 * counts - doubtful, kind="stable")
    moved = np.tril(np.tile(doubtful[order], (len(order) + 1, 1)), -1)
    return np.column_stack((counts[order] - moved, unknown + moved.sum(axis=1)))


def _hhi_ends(counts: Counts) -> tuple[_Values, _Values]:
    """The 95 % interval of the HHI behind each set of counts."""
    x, n = counts.sizes.astype(np.float64), counts.blocks.astype(np.float64)
    prior = 1 / ((x > 0).sum(axis=-1) + 1)
    alpha = np.where(x > 0, x + prior[:, None], 0)
    total = n + 1
    second = alpha * (alpha + 1)
    fourth = (second * (alpha + 2) * (alpha + 3)).sum(axis=-1)
    squares, norm = second.sum(axis=-1), total * (total + 1)
    mean = squares / norm
    variance = (fourth + squares**2 - (second**2).sum(axis=-1)) / (norm * (total + 2) * (total + 3)) - mean**2
    unbiased = (x * (x - 1)).sum(axis=-1) / (n * (n - 1))
    ninth = np.maximum(variance, 0) / np.maximum(9 * unbiased**2, 1e-300)  # 1 / (9 shape) of the gamma distribution
    lower, upper = (unbiased * np.maximum(1 - ninth + z * np.sqrt(ninth), 0) ** 3 for z in (-_NORMAL, _NORMAL))
    return _SCALE * lower, _SCALE * np.minimum(upper, 1)


def _fewest(covered: Integers, blocks: int, z: float) -> int:
    """The fewest entities that have a majority of the hashrate with the probability of a normal quantile `z` or more.

    Args:
        covered: the blocks of the largest one, two, three entities together, and so on.
        blocks: all of them. Those in no entity are miners of one block each.
        z: standard deviations. Beta(a, b) exceeds 1/2 with that probability where a - b is so many roots of a + b.
    """
    k = np.arange(1, len(covered) + 1)
    ahead = 2 * covered - blocks + PRIOR * (2 * k - len(covered) - 1)
    margin = z * sqrt(blocks + PRIOR * (len(covered) + 1))
    if len(enough := np.flatnonzero(ahead >= margin)):
        return int(enough[0]) + 1
    return len(covered) + max(1, ceil((margin - float(ahead[-1])) / 2))


def _union(intervals: Sequence[Interval]) -> Interval:
    return Interval(min(each.lower for each in intervals), max(each.upper for each in intervals))
