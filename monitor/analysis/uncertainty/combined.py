"""95 % intervals of everything that is uncertain together: sampling, unknown blocks, and memberships.

The interval of a number is the union, over all that the memberships allow, of its sampling intervals. What they allow:
every alternative of the uncertain memberships; and blocks that nothing claims for an entity, or only an attribution of
low confidence, which may be anyone's. At the level `pool` these are some unknown pool's instead, one's or many's.

The alternatives are too many for random draws, so the sampling part is computed in closed form for all of them: of a
share, Beta quantiles at the smallest and the largest number of blocks (`intervals`); of the indices, `closed_form`.

The intervals of `posterior` for what is counted are included in both indices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from monitor.analysis.uncertainty.alternatives import Alternatives
from monitor.analysis.uncertainty.closed_form import IndexBounds, index_bounds, union
from monitor.analysis.uncertainty.current_share import FORTNIGHT
from monitor.analysis.uncertainty.extremes import extremes
from monitor.analysis.uncertainty.intervals import share_intervals
from monitor.model import Combined, Concentration, CurrentShare, Estimate, Interval


def combined(several: Sequence[Alternatives], estimates: Sequence[Estimate]) -> tuple[Combined, ...]:
    """One for each level and window with at least two blocks.

    `several` are all that memberships allow, and `estimates` the sampling intervals of what is counted.
    """
    enough = [(known, sampled) for known, sampled in zip(several, estimates, strict=True) if sampled.split]
    shares = share_bounds([known for known, _ in enough])
    wide = index_unions([known for known, _ in enough])
    return tuple(
        _combined(known, sampled, wider=wider, shares=found)
        for (known, sampled), wider, found in zip(enough, wide, shares, strict=True)
    )


def share_bounds(several: Sequence[Alternatives]) -> list[dict[str, Interval]]:
    """The interval of each entity's share, for each level and window with blocks."""
    ends = [(known.found.blocks, known.least.tolist(), known.most.tolist()) for known in several]
    pairs = list({(x, n) for n, *both in ends for x in chain(*both)})
    sure = dict(zip(pairs, share_intervals(*zip(*pairs, strict=True)) if pairs else (), strict=True))
    return [
        {
            entity: Interval(sure[low, n][0], sure[high, n][1])
            for entity, low, high in zip(known.entities, least, most, strict=True)
        }
        for known, (n, least, most) in zip(several, ends, strict=True)
    ]


def index_unions(several: Sequence[Alternatives]) -> list[IndexBounds | None]:
    """What the memberships allow each level and window, of two blocks or more; None where that is what is counted."""
    uncertain = [at for at, known in enumerate(several) if known.anyones or known.certain[:, 1].any()]
    found = dict(zip(uncertain, index_bounds([extremes(several[at]) for at in uncertain]), strict=True))
    return [found.get(at) for at in range(len(several))]


def widened(
    current: Iterable[CurrentShare], found: Sequence[Concentration], known: Iterable[Combined]
) -> Iterator[CurrentShare]:
    """The shares now, with all that is uncertain about them: theirs are of what counts, with luck and drift alone.

    Either end moves as far as it does in the window with the number of blocks nearest to a fortnight's, of those in
    which the entity has blocks. Entities without a counted block follow: theirs is what they may have in that window.
    `found` was counted in the windows, and `known` has their intervals.
    """
    counted: dict[str, dict[str, CurrentShare]] = {one.level: {} for one in found}
    for each in current:
        counted.setdefault(each.level, {})[each.entity] = each
    intervals = {(each.level, each.window): each.shares for each in known}
    nearest: dict[str, Mapping[str, Interval]] = {}
    margins: dict[tuple[str, str], tuple[float, float]] = {}
    for one in sorted(found, key=lambda one: abs(one.blocks - FORTNIGHT)):  # the nearest first
        wide = intervals.get((one.level, one.window.name), {})
        nearest.setdefault(one.level, wide)
        for share in one.shares:
            if ends := wide.get(share.entity):
                margins.setdefault((one.level, share.entity), (share.lower - ends.lower, ends.upper - share.upper))
    for level, entities in counted.items():
        for now in entities.values():
            below, above = margins.get((level, now.entity), (0.0, 0.0))
            yield now._replace(lower=max(now.lower - below, 0.0), upper=min(now.upper + above, 1.0))
        possible = {entity: ends.upper for entity, ends in nearest.get(level, {}).items() if entity not in entities}
        for entity, upper in sorted(possible.items(), key=lambda each: (-each[1], each[0])):
            yield CurrentShare(level, entity, 0.0, lower=0.0, upper=upper, blocks=Interval(0.0, 0.0), evidence=0.0)


def largest(published: Iterable[CurrentShare]) -> dict[str, Interval]:
    """The interval of the share that the largest entity of each level, whichever it is, has now; of those with any.

    `published` are the shares now, `widened`.
    """
    ends: dict[str, list[CurrentShare]] = defaultdict(list)
    for now in published:
        ends[now.level].append(now)
    return {
        level: Interval(max(each.lower for each in several), max(each.upper for each in several))
        for level, several in ends.items()
        if any(each.is_counted for each in several)
    }


def _combined(
    known: Alternatives, sampled: Estimate, *, wider: IndexBounds | None, shares: dict[str, Interval]
) -> Combined:
    likely = [each for each in (sampled.split, sampled.merged) if each]
    spread, few = [each.hhi for each in likely], [each.nakamoto for each in likely]
    if wider:
        spread.append(wider.hhi)
        few.append(wider.nakamoto)
    return Combined(
        known.found.level, known.found.window.name, hhi=union(spread), nakamoto=union(few), shares=shares
    )  # fmt: skip
