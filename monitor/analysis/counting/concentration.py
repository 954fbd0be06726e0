"""Counts, with the names: who has which share of a window, how sure that is, and how concentrated it makes mining."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.counts import Counts
from monitor.analysis.counting.rows import ALONE, FIRST, UNKNOWN
from monitor.analysis.counting.time_index import Integers
from monitor.analysis.counting.windows import completeness
from monitor.analysis.indices import indices
from monitor.analysis.uncertainty.share_probability import certainties
from monitor.model import Concentration, Indices, PoolSlug, Rate, Share, Window


def concentrate(
    table: BlockTable,
    windows: Sequence[Window],
    rates: Mapping[str, Rate | None] | None = None,
    *,
    levels: Collection[str] | None = None,
    with_indices: bool = True,
    with_intervals: bool = True,
) -> tuple[Concentration, ...]:
    """The concentration at every level, or those named, and within it over every window, in the order given.

    With the network's hashrate by window name, each entity has it in proportion to the work of its blocks. Indices that
    are not asked for are left out, as for an empty window; intervals of shares are NaN.
    """
    chosen = [place for place, level in enumerate(table.levels) if levels is None or level.name in levels]
    counts = table.counts(windows)
    blocks, work = counts.blocks[chosen], counts.work[chosen]
    known = [rates.get(window.name) if rates else None for window in windows]
    hashrates = work * (np.array([rate.value if rate else np.nan for rate in known]) / work.sum(axis=2))[..., None]
    totals = blocks.sum(axis=2).ravel().tolist()
    hidden = [table.nameless(place) for place in chosen]
    nameless = [
        {pool: int(blocks[level, at, code]) for pool, code in hidden[level].items() if blocks[level, at, code]}
        for level, at in product(range(len(chosen)), range(len(windows)))
    ]
    whole = completeness(table, windows) * len(chosen)
    heads = blocks[..., :FIRST].reshape(-1, FIRST).tolist()
    readings = _readings(blocks, [list(each.values()) for each in hidden]) if with_indices else repeat((None, None))
    entities = [table.entities(place) for place in chosen]
    counted = [
        _Counted(entities[level], blocks[level, at], total, hashrates=hashrates[level, at] if known[at] else None)
        for (level, at), total in zip(product(range(len(chosen)), range(len(windows))), totals, strict=True)
    ]
    certain = _shares(counted, intervals=with_intervals)
    return tuple(
        Concentration(
            table.levels[place].name,
            window,
            total,
            unknown=unknown + sum(pools.values()),
            alone=alone,
            shares=share,
            split=split,
            merged=merged,
            nameless=pools,
            complete=complete,
        )
        for (place, window), total, (unknown, alone), pools, share, (split, merged), complete in zip(
            product(chosen, windows),
            totals,
            heads,
            nameless,
            certain,
            readings,
            whole,
            strict=False,
        )
    )


def concentration(
    known: Mapping[str, int],
    unknown: int,
    *,
    alone: int = 0,
    nameless: Mapping[PoolSlug, int] | None = None,
    level: str,
    window: Window,
) -> Concentration:
    """The concentration of one level over one window.

    Args:
        known: blocks of each entity; one without blocks is left out.
        unknown: unattributed blocks. They are part of the total that shares refer to.
        alone: blocks of miners each for himself.
        nameless: blocks of pools with an unknown entity; part of `unknown`.
        level: its name.
        window: what was counted.
    """
    pools = nameless or {}
    blocks = np.array([unknown - sum(pools.values()), alone, *known.values(), *pools.values()])
    total, named = int(blocks.sum()), FIRST + len(known)
    [(split, merged)] = _readings(blocks[None], [list(range(named, len(blocks)))])
    [shares] = _shares([_Counted(list(known), blocks[:named], total)])
    return Concentration(
        level, window, total, unknown=unknown, alone=alone, shares=shares, split=split, merged=merged, nameless=pools
    )


def _readings(blocks: Integers, nameless: Sequence[Sequence[int]]) -> Iterator[tuple[Indices | None, Indices | None]]:
    """The indices of each set of `blocks` (levels, ..., codes): unknown ones split, and merged.

    `nameless` are the codes of pools with an unknown entity, for each level.
    """
    split, merged = blocks.copy(), blocks.copy()
    for level, codes in enumerate(nameless):
        merged[level, ..., UNKNOWN] += blocks[level][..., codes].sum(axis=-1)
        merged[level][..., codes] = 0
    apart_, alone, unknown = blocks[..., UNKNOWN], blocks[..., ALONE], merged[..., UNKNOWN].copy()
    split[..., :FIRST] = merged[..., ALONE] = 0
    found = indices(Counts.ranked(np.stack((split, merged)), np.stack((apart_ + alone, alone))))
    half = len(found) // 2
    for apart, together, many in zip(found[:half], found[half:], unknown.ravel().tolist(), strict=True):
        yield apart, together if many > 1 else apart


class _Counted(NamedTuple):
    """The counts of one level over one window."""

    entities: Sequence[str]
    """Those that the codes of `blocks` from `FIRST` on stand for, in this order."""
    blocks: Integers
    total: int
    hashrates: NDArray[np.float64] | None = None
    """Of each code; None where the network's is unknown."""

    def ranked(self) -> list[tuple[int, str, float | None]]:
        """Minus the blocks, the name and the hashrate of each entity with blocks, largest first."""
        rates = repeat(None) if self.hashrates is None else self.hashrates[FIRST:].tolist()
        counted = zip(self.blocks[FIRST:].tolist(), self.entities, rates, strict=False)
        return sorted((-many, entity, rate) for many, entity, rate in counted if many and entity)


def _shares(counted: Sequence[_Counted], *, intervals: bool = True) -> Iterator[tuple[Share, ...]]:
    """The shares of each level and window; what is certain of them is computed of all at once."""
    ranked = [each.ranked() for each in counted]
    pairs = ((-many, each.total) for each, rows in zip(counted, ranked, strict=True) for many, *_ in rows)
    certain = iter(certainties(pairs, intervals=intervals))
    for each, rows in zip(counted, ranked, strict=True):
        yield tuple(
            Share(
                entity, -minus, -minus / each.total, lower=sure.lower, upper=sure.upper, above=sure.above,
                hashrate=None if rate is None else Rate(rate, rate * sure.slowest, rate * sure.fastest),
            )
            for (minus, entity, rate), sure in zip(rows, certain, strict=False)
        )  # fmt: skip
