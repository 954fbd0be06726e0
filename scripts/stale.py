"""Stale rates of pools beside what their size explains, over five years: writes docs/stale.md and its picture.

    .venv/bin/python scripts/stale.py BLOCKS STALE POOLS

BLOCKS has a row for each block, with height, time and pool, as CSV or Parquet; STALE and POOLS are lists of stale
blocks as `pool-monitor stale import` reads them. STALE has a column `sources` in addition, POOLS names pools. The page
in the repository is made of mainnet's blocks of 2021 to 2025. Nothing in it is written by hand.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import matplotlib.ticker
import numpy as np
from generated import wrapped

from monitor.analysis.signals.races import at_least
from monitor.analysis.signals.stale_rates import stale_chances
from monitor.analysis.uncertainty.holm import holm
from monitor.analysis.uncertainty.intervals import PRIOR, TAILS, share_intervals
from monitor.model import BlockRow
from monitor.processing.files import read
from monitor.processing.stale_lists import ListedBlock
from monitor.processing.stale_lists import read as read_list

mpl.use("agg")

DOCS = Path(__file__).resolve().parent.parent / "docs"
LABELS_FROM = date(2022, 9, 1)
"""Until then the table of blocks lacks many labels, see docs/history.md: a pool without its counted blocks would have
too high a rate."""
BURST = (date(2025, 9, 11), date(2025, 9, 13))
"""Foundry USA lost about twenty blocks within these two days, known from merge-mined chains."""
LARGE = 0.1
"""Share from which a pool counts as a large one."""
LEAST_EXPECTED = 1.0


@dataclass(frozen=True)
class Stale:
    """A stale block beside the counted ones."""

    row: BlockRow
    """The counted block at its height."""
    pool: str | None
    by_tag: bool
    by_rsk: bool
    merge_mined_only: bool
    """Whether only merge-mined chains have it."""


@dataclass
class Tested:
    """Stale blocks of pools beside those expected, summed over the years."""

    title: str
    blocks: Counter[str] = field(default_factory=Counter)
    stale: Counter[str] = field(default_factory=Counter)
    unlabelled: int = 0
    chances: dict[str, list[float]] = field(default_factory=dict)
    """For each pool, the chance of each labelled stale block to be its own."""
    adjusted: dict[str, float] = field(default_factory=dict)

    @property
    def all_blocks(self) -> int:
        """Counted blocks, with those of unknown pools."""
        return sum(self.blocks.values())

    def found(self, pools: Iterable[str]) -> tuple[int, int, float]:
        """Stale blocks, all blocks found, and expected stale blocks of pools together."""
        names = [*pools]
        gone = sum(self.stale[pool] for pool in names)
        return gone, gone + sum(self.blocks[pool] for pool in names), sum(sum(self.chances[pool]) for pool in names)


def tested(title: str, rows: Sequence[BlockRow], stale: Sequence[Stale], *, used: Callable[[BlockRow], bool]) -> Tested:
    """Compare stale blocks with theory, year by year, as shares change."""
    made = Tested(title)
    for year in sorted({when(row).year for row in rows}):
        blocks = Counter(row.pool or "" for row in rows if when(row).year == year and used(row))
        gone = [each for each in stale if when(each.row).year == year and used(each.row)]
        own = Counter(each.pool for each in gone if each.pool)
        made.unlabelled += sum(each.pool is None for each in gone)
        made.blocks.update(blocks)
        made.stale.update(own)
        pools = sorted({*blocks, *own})
        found = np.array([blocks[pool] + own[pool] for pool in pools], dtype=np.float64)
        named = np.array([bool(pool) for pool in pools])
        chances = stale_chances(found / max(found.sum(), 1), named)
        for pool, chance in zip(pools, chances.tolist(), strict=True):
            made.chances.setdefault(pool, []).extend([chance] * own.total())
    large_enough = [pool for pool, chances in made.chances.items() if pool and sum(chances) >= LEAST_EXPECTED]
    p_values = [two_sided(made.stale[pool], made.chances[pool]) for pool in large_enough]
    made.adjusted = dict(zip(large_enough, holm(np.array(p_values)).tolist(), strict=True))
    return made


def two_sided(seen: int, chances: Sequence[float]) -> float:
    """Twice the smaller tail of a sum of unequal yes-or-no's."""
    return min(1.0, 2 * min(at_least(seen, chances), 1 - at_least(seen + 1, chances)))


def main(arguments: list[str]) -> int:
    """Write the page."""
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    blocks, listed, pools = map(Path, arguments)
    rows = read(blocks).blocks
    stale = joined(rows, listed, pools)
    complete = [row for row in rows if when(row) >= LABELS_FROM]
    views = (
        tested("all", rows, stale, used=lambda _: True),
        tested("complete labels", complete, stale, used=is_complete),
        tested("seen by nodes", complete, [each for each in stale if not each.merge_mined_only], used=is_complete),
    )
    draw(views)
    (DOCS / "stale.md").write_text(wrapped("\n".join(page(rows, stale, views))), "utf-8")
    return 0


def is_complete(row: BlockRow) -> bool:
    """Whether the labels of its time are complete, and it is not of the burst."""
    return when(row) >= LABELS_FROM and not BURST[0] <= when(row) < BURST[1]


def when(row: BlockRow) -> date:
    """The day of a block, UTC."""
    return datetime.fromtimestamp(row.time, UTC).date()


def joined(rows: Sequence[BlockRow], listed: Path, pools: Path) -> list[Stale]:
    """The stale blocks of a list at the heights of the blocks, with their pools."""
    beside = {row.height: row for row in rows}
    by_tag: dict[str, str] = {}
    by_rsk: dict[str, str] = {}
    for each in read_list(pools):
        if isinstance(each, ListedBlock) and each.pool:
            (by_tag if each.by_tag else by_rsk).setdefault(each.ref.hash, each.pool)
    with listed.open(encoding="utf-8", newline="") as opened:
        sources = {row["hash"]: row["sources"].split("|") for row in csv.DictReader(opened)}
    return [
        Stale(
            beside[each.ref.height],
            by_tag.get(own) or by_rsk.get(own),
            own in by_tag,
            by_rsk=own in by_rsk,
            merge_mined_only=all(source.startswith(("auxpow:", "mmr-")) for source in sources[own]),
        )
        for each in read_list(listed)
        if isinstance(each, ListedBlock) and each.ref.height in beside
        for own in [each.ref.hash]
    ]


def draw(views: Sequence[Tested]) -> None:
    """The rate of each pool against its share, with the curve of theory."""
    figure, axes = plt.subplots(1, len(views), figsize=(12, 4), sharex=True, sharey=True, layout="constrained")
    for axis, view in zip(axes, views, strict=True):
        for pool in view.adjusted:
            gone, found, _ = view.found([pool])
            [(lower, upper)] = share_intervals([gone], found)
            share = view.blocks[pool] / view.all_blocks
            low = view.adjusted[pool] < 0.05
            axis.plot([share] * 2, [1e4 * lower, 1e4 * upper], color="#3f90da", linewidth=1.2)
            axis.plot(share, 1e4 * gone / found, "o", color="#bd1f01" if low else "#3f90da", markersize=4)
        curve = []
        for pool in sorted(view.adjusted, key=lambda pool: view.blocks[pool]):
            _, found, expected = view.found([pool])
            curve.append((view.blocks[pool] / view.all_blocks, 1e4 * expected / found))
        axis.plot(*zip(*curve, strict=True), color="#565e69", linewidth=1.2, linestyle="--")
        axis.set_title(view.title, fontsize=10)
        axis.set_xlabel("share of blocks")
        axis.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
        axis.set_ylim(0, 45)
        axis.grid(visible=True, color="#dddddd", linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("stale per 10,000 blocks found")
    figure.savefig(DOCS / "images" / "stale-rates.png", dpi=110, metadata={"Software": None})
    plt.close(figure)


def page(rows: Sequence[BlockRow], stale: Sequence[Stale], views: Sequence[Tested]) -> Iterator[str]:
    """docs/stale.md."""
    everything = views[0]
    yield f"""\
<!-- Made by `scripts/stale.py`: change it there. -->
# Do small pools lose more blocks?

The data neither show it nor rule it out: a stale block has a known pool only if its coinbase was kept, which need not
be equally likely for all pools. No source is complete, so there are three selections of the {len(stale):,} stale blocks
known among the {len(rows):,} blocks of mainnet from {when(rows[0])} to {when(rows[-1])}:

- **all**: every known stale block. Until {LABELS_FROM}
  [the table of blocks lacks labels](history.md#labels-that-are-missing), so the rates of BTC.com, F2Pool, Poolin and
  Huobi are too high.
- **complete labels**: from {LABELS_FROM}, without {BURST[0]} and the day after, when Foundry USA lost about twenty
  blocks in one incident.
- **seen by nodes**: of these, without the stale blocks that only merge-mined chains have. Hardly any node received
  those, and only pools that merge-mine have any.

Pools above {LARGE:.0%} of the blocks are *large*. Rates are per 10,000 blocks found. They are lower bounds, as not all
stale blocks are known.

| selection | large pools | rate | rate of the others | ratio | by size | ratio, unknown as others | pools that differ |
|---|---:|---:|---:|---:|---:|---:|---|"""
    for view in views:
        yield f"| {view.title} | {in_short(view)} |"
    yield """
*By size*: what the formula below expects. *Unknown*: stale blocks without a known pool. *Pools that differ* from what
size explains, with the corrected p-value. In brackets: 95 % interval, of sampling alone.

![Stale rate against share, with the rate that size explains](images/stale-rates.png)

The dashed line is what size explains; bars are 95 % intervals (Jeffreys). Red: corrected p-value below 0.05.

```
.venv/bin/python scripts/stale.py BLOCKS.parquet STALE.csv POOLS.csv
```

Sources: the block table of <https://github.com/sorukumar/bitcoin-mining-pools> (state of April 2026, BSD 2-Clause); the
stale blocks of <https://github.com/bitcoin-data/stale-blocks> (CC0) and its forks, and of
<https://github.com/deadmanoz/merge-mining-research>, which finds them in merge-mined chains.

## What size explains

Suppose that all blocks travel equally fast, in a time d, and that no pool holds any back. T is the mean time between
blocks, and pool i has the share s<sub>i</sub>.

1. Pool j finds a competing block in the d before or after a block of pool i with the probability 2 s<sub>j</sub> d / T.
2. Until the next block, i and j mine on their own blocks; of the others half have heard of either first. So i loses
   with the probability (1 - s<sub>i</sub> + s<sub>j</sub>) / 2.
3. The product, summed over all j other than i: a block of i goes stale with the probability
   **(d / T) (1 - 2 s<sub>i</sub> + H)**, where H is the sum of all squared shares.

With H = 0.15, a pool of 1 % loses 1.13 and one of 30 % loses 0.55 in these units. A factor of 0.99 / 0.70 = 1.4 of that
is because a pool never races itself; the rest is because a large pool decides its own races. A simulation confirms the
formula (`tests/unit/analysis/test_stale_rates.py`). Forks by propagation delay: C. Decker, R. Wattenhofer, *Information
Propagation in the Bitcoin Network*, IEEE P2P 2013; races with half of the others on either block: I. Eyal, E. G. Sirer,
*Majority Is Not Enough*, Financial Cryptography 2014, with gamma = 1/2.

d is not known: it is set, for each year, so that the expected number of stale blocks with a known pool is the observed
one. Given this number, a pool's stale blocks are a sum of independent trials; blocks of one branch are not quite
independent. The p-value is twice the smaller tail, corrected (Holm) for the number of pools that expect at least one
stale block.
"""
    for view in views:
        yield f"""\
## Pools: {view.title}

{view.stale.total():,} stale blocks with a known pool, {view.unlabelled:,} without, {view.all_blocks:,} counted blocks.

| pool | share | blocks | stale | rate | 95 % | by size | corrected p-value |
|---|---:|---:|---:|---:|---:|---:|---:|"""
        for pool in sorted(view.adjusted, key=lambda each: -view.blocks[each]):
            yield table_row(view, pool)
        others = [pool for pool in view.chances if pool and pool not in view.adjusted]
        gone, found, expected = view.found(others)
        [(lower, upper)] = share_intervals([gone], max(found, 1))
        yield (
            f"| {len(others)} others | {found / view.all_blocks:.1%} | {found - gone:,} | {gone} "
            f"| {1e4 * gone / max(found, 1):.1f} | {1e4 * lower:.1f} to {1e4 * upper:.1f} "
            f"| {1e4 * expected / max(found, 1):.1f} | |\n"
        )
    yield """\
## Years

Per 10,000 blocks of the best chain. A change may be one of the sources.

| year | stale | per 10,000 | without a known pool | only in merge-mined chains |
|---|---:|---:|---:|---:|"""
    years = Counter(when(row).year for row in rows)
    for year, blocks in sorted(years.items()):
        gone_then = [each for each in stale if when(each.row).year == year]
        if blocks > 1000:
            yield (
                f"| {year} | {len(gone_then)} | {1e4 * len(gone_then) / blocks:.1f} "
                f"| {sum(each.pool is None for each in gone_then)} "
                f"| {sum(each.merge_mined_only for each in gone_then)} |"
            )
    yield """
## How the pools are known

*By tag* of the coinbase, with the list of pools that attributes counted blocks: comparable, but not independent of the
list. *By RSK address*, which receives the reward of RSK: independent, but only for pools that merge-mine RSK, and it
may be the operator's (Binance Pool and BTC.com use addresses of AntPool).

| pool | stale | by tag | by RSK address | by both |
|---|---:|---:|---:|---:|"""
    for pool, gone in everything.stale.most_common(12):
        mine = [each for each in stale if each.pool == pool]
        yield (
            f"| {pool} | {gone} | {sum(each.by_tag for each in mine)} | {sum(each.by_rsk for each in mine)} "
            f"| {sum(each.by_tag and each.by_rsk for each in mine)} |"
        )
    labelled = [each for each in stale if each.pool]
    yield (
        f"| all | {len(labelled)} | {sum(each.by_tag for each in labelled)} | {sum(each.by_rsk for each in labelled)} "
        f"| {sum(each.by_tag and each.by_rsk for each in labelled)} |"
    )


def in_short(view: Tested) -> str:
    """The cells of a selection: the rate of small pools over that of large ones, beside theory."""
    large = [pool for pool in view.chances if pool and view.blocks[pool] >= LARGE * view.all_blocks]
    small = [pool for pool in view.chances if pool and pool not in large]
    (lost, of, expected), (lost_small, of_small, expected_small) = view.found(large), view.found(small)
    draw = np.random.default_rng(1)
    drawn = [
        draw.beta(gone + PRIOR, all_ - gone + PRIOR, 100_000) for gone, all_ in ((lost_small, of_small), (lost, of))
    ]
    lower, upper = np.quantile(drawn[0] / drawn[1], TAILS)
    surprising = [f"{pool} ({value:.2g})" for pool, value in view.adjusted.items() if value < 0.05]
    factor = lost_small / of_small * of / lost
    with_unknown = (lost_small + view.unlabelled) / (of_small + view.unlabelled) * of / lost
    return (
        f"{len(large)} | {1e4 * lost / of:.1f} | {1e4 * lost_small / of_small:.1f} "
        f"| {factor:.2f} ({lower:.2f} to {upper:.2f}) | {expected_small / of_small * of / expected:.2f} "
        f"| {with_unknown:.2f} | {', '.join(surprising) or 'none'}"
    )


def table_row(view: Tested, pool: str) -> str:
    """A pool."""
    gone, found, expected = view.found([pool])
    [(lower, upper)] = share_intervals([gone], found)
    return (
        f"| {pool} | {view.blocks[pool] / view.all_blocks:.1%} | {view.blocks[pool]:,} | {gone} "
        f"| {1e4 * gone / found:.1f} | {1e4 * lower:.1f} to {1e4 * upper:.1f} | {1e4 * expected / found:.1f} "
        f"| {view.adjusted[pool]:.2g} |"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
