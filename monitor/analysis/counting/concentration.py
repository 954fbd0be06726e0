"""Counts, with the names: who has which share of a window, how sure that is, and how concentrated it makes mining."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import product, repeat

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.counts import Counts
from monitor.analysis.counting.rows import ALONE, FIRST, UNKNOWN
from monitor.analysis.counting.time_index import Integers
from monitor.analysis.indices import indices
from monitor.analysis.uncertainty.share_probability import certainties
from monitor.model import Concentration, Indices, Rate, Share, Shares, Window


def concentrate(
    ledger: BlockTable,
    windows: Sequence[Window],
    rates: Mapping[str, Rate | None] | None = None,
    *,
    levels: Collection[str] | None = None,
    with_indices: bool = True,
) -> tuple[Concentration, ...]:
    """The concentration at every level, and within it over every window, in the order given.

    Args:
        ledger: the blocks.
        windows: which of them to count.
        rates: the network's hashrate, by window name: each entity has it in proportion to the work of its blocks.
        levels: names of the ledger's levels; None for all.
        with_indices: whether more than the shares is asked for; without, the rest is left out as of an empty window.
    """
    chosen = [place for place, level in enumerate(ledger.levels) if levels is None or level.name in levels]
    table = ledger.table(windows)
    blocks, work = table.blocks[chosen], table.work[chosen]
    told = [rates.get(window.name) if rates else None for window in windows]
    hashrates = work * (np.array([rate.value if rate else np.nan for rate in told]) / work.sum(axis=2))[..., None]
    named = [(ledger.levels[place].name, ledger.entities(place)) for place in chosen]
    totals, heads = blocks.sum(axis=2).ravel().tolist(), blocks[..., :FIRST].reshape(-1, FIRST).tolist()
    readings = _readings(blocks) if with_indices else repeat((None, None))
    found = []
    for (level, at), total, (unknown, alone), (split, merged) in zip(
        product(range(len(chosen)), range(len(windows))), totals, heads, readings, strict=False
    ):
        name, entities = named[level]
        shares = partial(_shares, entities, blocks[level, at], hashrates[level, at] if told[at] else None)
        found.append(
            Concentration(
                name,
                windows[at],
                total,
                unknown=unknown,
                alone=alone,
                shares=Shares(shares),
                split=split,
                merged=merged,
            )
        )
    return tuple(found)


def concentration(
    known: Mapping[str, int], unknown: int, *, alone: int = 0, level: str, window: Window
) -> Concentration:
    """The concentration of one level over one window.

    Args:
        known: blocks of each entity; one without blocks is left out.
        unknown: unattributed blocks. They are part of the total that shares refer to.
        alone: blocks of miners each for himself.
        level: its name.
        window: what was counted.
    """
    blocks = np.array([unknown, alone, *known.values()])
    total = int(blocks.sum())
    [(split, merged)] = _readings(blocks)
    shares = Shares(partial(_shares, list(known), blocks))
    return Concentration(level, window, total, unknown=unknown, alone=alone, shares=shares, split=split, merged=merged)


def _readings(blocks: Integers) -> Iterator[tuple[Indices | None, Indices | None]]:
    """The indices of each set of blocks by code: each unknown block its own miner's, and all of them one miner's."""
    unknown, alone = blocks[..., UNKNOWN], blocks[..., ALONE]
    split, merged = blocks.copy(), blocks.copy()
    split[..., :FIRST] = merged[..., ALONE] = 0
    found = indices(Counts.ranked(np.stack((split, merged)), np.stack((unknown + alone, alone))))
    half = len(found) // 2
    for apart, together, many in zip(found[:half], found[half:], unknown.ravel().tolist(), strict=True):
        yield apart, together if many > 1 else apart


def _shares(entities: Sequence[str], blocks: Integers, hashrates: NDArray[np.float64] | None = None) -> Iterator[Share]:
    """Of the entities that the codes of `blocks` from `FIRST` on stand for, in this order."""
    total = int(blocks.sum())
    rates = repeat(None) if hashrates is None else hashrates[FIRST:].tolist()
    counted = zip(blocks[FIRST:].tolist(), entities, rates, strict=False)
    ranked = sorted((-many, entity, rate) for many, entity, rate in counted if many)
    for (minus, entity, rate), sure in zip(ranked, certainties((-many, total) for many, *_ in ranked), strict=True):
        yield Share(
            entity, -minus, -minus / total, lower=sure.lower, upper=sure.upper, above=sure.above,
            hashrate=None if rate is None else Rate(rate, rate * sure.slowest, rate * sure.fastest),
        )  # fmt: skip
