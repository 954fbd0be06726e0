"""Counts, with the names: who has which share of a window, how sure that is, and how concentrated it makes mining."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from monitor.analysis.counts import Counts
from monitor.analysis.indices import indices
from monitor.analysis.intervals import share_intervals
from monitor.analysis.ledger import FIRST, Ledger
from monitor.analysis.windows import covered
from monitor.model import Concentration, Share, Window


def concentrate(ledger: Ledger, windows: Sequence[Window]) -> tuple[Concentration, ...]:
    """The concentration at every level, and within it over every window, in the order given."""
    counted = [(window, ledger.rows["entity"][covered(ledger.rows, window)]) for window in windows]
    found = []
    for number, level in enumerate(ledger.levels):
        entities = ledger.entities(number)
        for window, codes in counted:
            unknown, alone, *known = np.bincount(codes[:, number], minlength=len(entities) + FIRST).tolist()
            blocks = dict(zip(entities, known, strict=True))
            found.append(concentration(blocks, unknown, alone=alone, level=level.name, window=window))
    return tuple(found)


def concentration(
    known: Mapping[str, int], unknown: int, *, alone: int = 0, level: str, window: Window
) -> Concentration:
    """The concentration of one level over one window.

    Args:
        known: blocks of each entity; one without blocks is left out.
        unknown: blocks of nobody known. They are part of the whole that shares are shares of.
        alone: blocks of miners each for himself.
        level: its name.
        window: what was counted.
    """
    sizes = list(known.values())
    blocks = sum(sizes) + unknown + alone
    return Concentration(
        level=level,
        window=window,
        blocks=blocks,
        unknown=unknown,
        alone=alone,
        shares=_shares(known, total=blocks),
        split=indices(Counts.of(sizes, singles=unknown + alone)),
        merged=indices(Counts.of([*sizes, unknown], singles=alone)),
    )


def _shares(known: Mapping[str, int], *, total: int) -> tuple[Share, ...]:
    ranked = sorted(((entity, blocks) for entity, blocks in known.items() if blocks), key=lambda one: (-one[1], one[0]))
    intervals = share_intervals([blocks for _, blocks in ranked], total)
    return tuple(
        Share(entity, blocks, share=blocks / total, lower=lower, upper=upper)
        for (entity, blocks), (lower, upper) in zip(ranked, intervals, strict=True)
    )
