"""Combined intervals against alternative memberships, and coverage of the entropy and the top shares.

    .venv/bin/python scripts/coverage_combined.py FILE

Prints its sections of docs/accuracy.md; `scripts/coverage.py` includes them. FILE has a row for each block, with
height, time and pool, as CSV or Parquet. Seeded: the same file gives the same tables.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from monitor.analysis import BlockTable, UncertainMembership, concentrate, concentration, estimate
from monitor.analysis.counting.counts import Counts
from monitor.analysis.counting.levels import Level
from monitor.analysis.indices import hhi, nakamoto
from monitor.analysis.uncertainty.alternatives import Alternatives, alternatives
from monitor.analysis.uncertainty.combined import combined
from monitor.model import BlockRow, Combined, Estimate, Interval, Window
from monitor.processing.files import read
from monitor.processing.levels import levels
from monitor.processing.uncertain_memberships import questions
from monitor.registry.loading import load_registry

MONTH: Final = Window.parse("30d")
TODAY: Final = datetime(2026, 11, 29, tzinfo=UTC)
"""A day on which every shipped template group was last seen more than a year ago, some of them hints aside."""
SIZES: Final = (144, 1008)


class Shown(NamedTuple):
    """One level: what memberships allow, and what is published."""

    known: Alternatives
    sampled: Estimate
    published: Combined

    @property
    def entity(self) -> str:
        """The entity with the widest published interval."""
        return max(self.published.shares, key=lambda each: self._width(self.published.shares[each]))

    @staticmethod
    def _width(interval: Interval) -> float:
        return interval.upper - interval.lower


def sections(rows: Sequence[BlockRow], samples: int) -> Iterator[str]:
    """The lines of the sections.

    Args:
        rows: blocks of some years, lowest first.
        samples: how many are drawn for each row of a table.
    """
    yield from _indices(rows, samples)
    last = datetime.fromtimestamp(rows[-1].time, UTC)
    yield f"""
## Combined intervals against alternative memberships

The 30 days to {last:%Y-%m-%d}, with the memberships of that day and as if mined in the 30 days to
{TODAY:%Y-%m-%d}, when the template groups were last seen more than a year before. *Alternatives*: how many are
combined, and the range of what they count, unknown blocks apart (`split`). *Published*: the combined interval, which
must hold all of them. *Sampling*: the interval of what counts. The entity is the most uncertain one.

| memberships of | level | alternatives | HHI, alternatives | sampling | published | Nakamoto | published |\
 entity | share, alternatives | published |
|---|---|---:|---:|---:|---:|---:|---:|---|---:|---:|"""
    for day in (last, TODAY):
        for shown in show(_moved(rows, day)):
            yield _row(f"{day:%Y-%m-%d}", shown)
    yield f"""
**Coverage** of the combined interval, and in brackets of the sampling interval of what counts, if each level's least or
most concentrated alternative of the second kind is the truth: {samples:,} samples of 1,008 blocks each.

| level | truth | entity | its share | HHI | Nakamoto |
|---|---|---|---:|---:|---:|"""
    yield from _coverage(_moved(rows, TODAY), samples)


def show(rows: Sequence[BlockRow], window: Window = MONTH) -> list[Shown]:
    """The levels other than `pool` over the window that ends at the last of the blocks."""
    registry = load_registry()
    return _shown(rows, window, levels(registry), questions(registry))


def _shown(
    rows: Sequence[BlockRow], window: Window, known: Sequence[Level], open_: Sequence[UncertainMembership]
) -> list[Shown]:
    table = BlockTable.of(rows, known)
    found = concentrate(table, [window], levels=[level.name for level in known[1:]])
    several = list(alternatives(table, found, open_))
    sampled = [estimate(each, seed=[7]) for each in found]
    return [Shown(*each) for each in zip(several, sampled, combined(several, sampled), strict=True)]


def _moved(rows: Sequence[BlockRow], end: datetime) -> list[BlockRow]:
    """The last month of the blocks, at the times that make it end then."""
    assert MONTH.seconds
    last = rows[-1].time
    return [
        replace(row, time=row.time - last + int(end.timestamp())) for row in rows if row.time > last - MONTH.seconds
    ]


def _extremes(known: Alternatives) -> tuple[Counts, Counts]:
    """Every alternative with unknown blocks apart, and with those that nothing claims as the largest entity's."""
    pools = np.tile(np.array(known.unclaimed, np.int64), (len(known.counts), 1))
    apart = np.column_stack((known.counts, known.disputed, pools))
    together = known.counts.copy()
    together[np.arange(len(together)), together.argmax(axis=1)] += sum(known.unclaimed) + known.unattributed
    blocks = known.found.blocks
    return (
        Counts.ranked(apart, blocks - apart.sum(axis=1)),
        Counts.ranked(np.column_stack((together, known.disputed)), np.full(len(together), known.found.alone)),
    )


def _row(day: str, shown: Shown) -> str:
    known, sampled, published = shown
    assert sampled.split
    assert sampled.merged
    apart, together = _extremes(known)
    entity = shown.entity
    shares = known.counts[:, known.entities.index(entity)] / known.found.blocks
    spread, fewest = hhi(apart), nakamoto(apart)
    for index in (spread, hhi(together)):
        assert published.hhi.lower <= index.min()
        assert index.max() <= published.hhi.upper
    assert published.nakamoto.lower <= nakamoto(together).min()
    assert fewest.max() <= published.nakamoto.upper
    assert published.shares[entity].lower <= shares.min()
    assert shares.max() <= published.shares[entity].upper
    cells = (
        day, known.found.level, f"{len(known.counts):,}",
        f"{spread.min():,.0f} to {spread.max():,.0f}",
        f"{sampled.split.hhi.lower:,.0f} to {sampled.merged.hhi.upper:,.0f}",
        f"**{published.hhi.lower:,.0f} to {published.hhi.upper:,.0f}**",
        f"{fewest.min()} to {fewest.max()}",
        f"**{published.nakamoto.lower} to {published.nakamoto.upper}**", entity,
        f"{shares.min():.1%} to {shares.max():.1%}",
        f"**{published.shares[entity].lower:.1%} to {published.shares[entity].upper:.1%}**",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _coverage(rows: Sequence[BlockRow], samples: int) -> Iterator[str]:
    registry = load_registry()
    known_levels, open_ = levels(registry), questions(registry)
    truths = _shown(rows, MONTH, known_levels, open_)
    drawn = list(_samples(rows, samples))
    published = [_shown(sample, Window("all", blocks=len(sample)), known_levels, open_) for sample in drawn]
    for at, shown in enumerate(truths):
        truth, entity = shown.known, shown.entity
        apart, together = _extremes(truth)
        column = truth.counts[:, truth.entities.index(entity)]
        more = sum(truth.unclaimed) + truth.unattributed
        for name, counts, pick, extra in (
            ("least concentrated", apart, int(hhi(apart).argmin()), 0),
            ("most concentrated", together, int(hhi(together).argmax()), more),
        ):
            is_largest = column[pick] == truth.counts[pick].max()
            share = (column[pick] + (extra if is_largest else 0)) / truth.found.blocks
            numbers = share, hhi(counts)[pick].item(), nakamoto(counts)[pick].item()
            held = np.mean([_held(each[at], entity, numbers) for each in published], axis=0) * 100
            cells = [f"{wide:.0f} ({narrow:.0f})" for wide, narrow in held.reshape(3, 2)]
            yield f"| {truth.found.level} | {name} | {entity} | {' | '.join(cells)} |"


def _held(shown: Shown, entity: str, numbers: tuple[float, float, float]) -> list[bool]:
    _, sampled, published = shown
    assert sampled.split
    share = next((each for each in shown.known.found.shares if each.entity == entity), None)
    counted = Interval(share.lower, share.upper) if share else Interval(0, 0)
    pairs = (
        (published.shares.get(entity, Interval(0, 0)), counted),
        (published.hhi, sampled.split.hhi),
        (published.nakamoto, sampled.split.nakamoto),
    )
    return [each.lower <= number <= each.upper for pair, number in zip(pairs, numbers, strict=True) for each in pair]


def _samples(rows: Sequence[BlockRow], samples: int, blocks: int = 1008) -> Iterator[list[BlockRow]]:
    """Random blocks of the window, with replacement, in order of time."""
    chance = np.random.default_rng(11)
    for _ in range(samples):
        chosen = sorted(chance.integers(len(rows), size=blocks).tolist(), key=lambda at: rows[at].time)
        yield [replace(rows[at], height=height) for height, at in enumerate(chosen)]


def _indices(rows: Sequence[BlockRow], samples: int) -> Iterator[str]:
    yield f"""
## Entropy and top shares

Constant shares, {samples:,} samples of {" / ".join(f"{blocks:,}" for blocks in SIZES)} blocks, unknown blocks split.
The interval of the effective entities (10,000 / HHI) holds the truth when that of the HHI does. The Gini coefficient
and Theil's index have no interval: both depend on how many entities found no block, which no sample shows.

| true shares | entropy | largest | largest 2 | largest 3 |
|---|---:|---:|---:|---:|"""
    years = Counter(datetime.fromtimestamp(row.time, UTC).year for row in rows)
    for year in sorted(year for year, blocks in years.items() if blocks > 50_000):
        pools = Counter(row.pool for row in rows if datetime.fromtimestamp(row.time, UTC).year == year)
        unknown = pools.pop(None, 0) / years[year]
        shares = np.array(sorted(pools.values(), reverse=True)) / years[year]
        found = zip(*(_index_coverage(shares, unknown, blocks, samples) for blocks in SIZES), strict=True)
        held = (" / ".join(f"{each:.1f}" for each in index) for index in found)
        yield f"| pool {year} | {' | '.join(held)} |"


def _index_coverage(shares: np.ndarray, unknown: float, blocks: int, samples: int) -> list[float]:
    chance = np.random.default_rng([13, blocks])
    entropy = -(shares * np.log2(shares)).sum() + unknown * np.log2(blocks)
    truth = [entropy, *shares.cumsum()[:3]]
    held = []
    for number in range(samples):
        *named, nobody = chance.multinomial(blocks, [*shares, unknown]).tolist()
        counts = {str(at): each for at, each in enumerate(named) if each}
        found = estimate(concentration(counts, nobody, level="", window=MONTH), seed=[number]).split
        assert found
        intervals = [found.entropy_bits, *found.top_share.values()]
        held.append([each.lower <= number <= each.upper for each, number in zip(intervals, truth, strict=True)])
    return [100 * float(each) for each in np.mean(held, axis=0)]


if __name__ == "__main__":
    print("\n".join(sections(read(Path(sys.argv[1])).blocks, 400)))
