"""Shares that simulated worlds have: those of mainnet in each year, and made-up ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from monitor.processing.files import read
from monitor.processing.levels import levels
from monitor.registry.loading import load_registry


class Truth(NamedTuple):
    """True shares of a simulation, largest first, and the share of unknown miners."""

    name: str
    shares: np.ndarray
    unknown: float
    members: tuple[tuple[float, int], ...] = ()
    """The pools behind it, largest first: share, and the index in `mix` of the entity that it counts for."""

    @property
    def mix(self) -> list[float]:
        """All shares, the unknown one last."""
        return [*self.shares, self.unknown]


MADE_UP = (
    Truth("60 pools, each a tenth smaller", 0.9 ** np.arange(60) / (0.9 ** np.arange(60)).sum(), 0.0),
    Truth("60 pools, by Zipf's law", 1 / np.arange(1, 61) / (1 / np.arange(1, 61)).sum(), 0.0),
)
"""Longer tails than mainnet has now."""


def worlds(file: Path) -> Iterator[Truth]:
    """The shares of each year, by pool; of the last year, at the other levels too."""
    rows, known = read(file).blocks, levels(load_registry())
    years = defaultdict(list)
    for row in rows:
        years[datetime.fromtimestamp(row.time, UTC).year].append(row)
    whole = {year: blocks for year, blocks in years.items() if len(blocks) > 50_000} or {0: rows}
    for level in known:
        for year, blocks in whole.items():
            if level.name == "pool" or year == max(whole):
                pairs = Counter((block.pool, level.entity_of(block)) for block in blocks)
                counts: Counter[str] = Counter()
                for (_, who), n in pairs.items():
                    counts.update({who: n} if isinstance(who, str) else {})
                place = {who: at for at, (who, _) in enumerate(counts.most_common())}
                shares = np.array(sorted(counts.values(), reverse=True)) / len(blocks)
                members = tuple((n / len(blocks), place.get(str(who), -1)) for (_, who), n in pairs.most_common())
                yield Truth(f"{level.name} {year or ''}".strip(), shares, 1 - shares.sum(), members)
