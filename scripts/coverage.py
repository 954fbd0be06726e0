"""Coverage of the published intervals, and false alarms of the test for changes.

    .venv/bin/python scripts/coverage.py FILE > docs/accuracy.md; .venv/bin/python scripts/forgery.py

FILE has a row for each block, with height, time and pool, as CSV or Parquet. Its shares of each year are the true
shares: samples are drawn from them, estimated as in the daemon, and compared with them. It is seeded, so the same
file gives the same page. Takes some minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import coverage_combined
import coverage_drift
import numpy as np
from generated import wrapped
from truths import MADE_UP, Truth, worlds

from monitor.analysis import concentration, estimate
from monitor.analysis.counting.counts import Counts
from monitor.analysis.indices import nakamoto
from monitor.analysis.uncertainty.change_points import BIN, THRESHOLD, find
from monitor.analysis.uncertainty.intervals import TAILS, share_intervals
from monitor.model import IndexIntervals, Interval, Window
from monitor.processing.files import read

SIZES = (144, 1008, 2016)
WINDOW = Window.parse("1b")
ENOUGH = 5 / 2016
"""Entities below this share have no block in most windows, and so no interval."""


class Outcome(NamedTuple):
    """Coverage of each interval."""

    shares: float
    """Of all entities with at least `ENOUGH`."""
    found: float
    """Of all entities that found a block."""
    hhi_split: float
    hhi_merged: float
    nakamoto: float


def main() -> None:
    """Print the page."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("file", type=Path)
    asked.add_argument("--samples", type=int, default=4000, help="for each row of a table")
    given = asked.parse_args()
    truths = list(worlds(given.file))
    pools = [truth for truth in truths if truth.name.startswith("pool")]
    page = [_HEAD, *_coverage([*truths, *MADE_UP], given.samples), *_priors([*pools, *MADE_UP], given.samples // 4)]
    page += coverage_combined.sections(read(given.file).blocks, given.samples // 10)
    page += coverage_drift.sections(given.file, truths, given.samples // 20)
    page += _changes(pools[-1], given.samples // 40)
    sys.stdout.write(wrapped("\n".join(page)))


def coverage(truth: Truth, blocks: int, samples: int, *, seed: int = 1) -> Outcome:
    """Draw `samples` of `blocks` blocks and compute the coverage of each interval."""
    chance = np.random.default_rng([seed, blocks])
    hhi = 10_000 * float((truth.shares**2).sum())
    merged = hhi + 10_000 * truth.unknown**2
    coefficient = nakamoto_of(truth)
    table = np.array(share_intervals(range(blocks + 1), blocks))
    asked = truth.shares >= ENOUGH
    held = []
    for number in range(samples):
        *named, unknown = chance.multinomial(blocks, truth.mix).tolist()
        lower, upper = table[named].T
        shares = (lower <= truth.shares) & (truth.shares <= upper)
        told = published(named, unknown, seed=(seed, number))
        held.append(
            [
                shares[asked].mean(), shares[np.array(named) > 0].mean(), _holds(told["split"].hhi, hhi),
                _holds(told["merged"].hhi, merged), _holds(told["split"].nakamoto, coefficient),
            ]
        )  # fmt: skip
    return Outcome(*np.mean(held, axis=0).tolist())


def published(named: Sequence[int], unknown: int, *, seed: Sequence[int]) -> dict[str, IndexIntervals]:
    """The published estimates, by reading of the unknown blocks."""
    counts = {str(at): count for at, count in enumerate(named)}
    found = estimate(concentration(counts, unknown, level="", window=WINDOW), seed=seed)
    assert found.split
    assert found.merged
    return {"split": found.split, "merged": found.merged}


def nakamoto_of(truth: Truth) -> int:
    """In shares of a billion."""
    return nakamoto(Counts.of((truth.shares * 1e9).astype(int).tolist(), singles=int(truth.unknown * 1e9))).item()


def _holds(interval: Interval, truth: float) -> bool:
    return interval.lower <= truth <= interval.upper


_HEAD = """\
<!-- Made by `scripts/coverage.py`: change it there. -->
# How accurate the estimates are

In nearly every row below the published 95 % interval holds the truth in at least 92 % of the cases. Unless stated
otherwise, figures are the per cent of cases in which an interval holds the truth, in simulations: samples are drawn
from the shares of each year of mainnet, with the long tail of small pools, and estimated as in the daemon.
[Terms](glossary.md), [methods](adr/0016-posterior.md).

```
.venv/bin/python scripts/coverage.py BLOCKS.parquet
```
"""


def _coverage(truths: Sequence[Truth], samples: int) -> Iterator[str]:
    luck = 100 * (0.95 * 0.05 / samples) ** 0.5
    yield f"""\
## 95 % intervals

Constant shares, {samples:,} samples of each size (standard error: {luck:.1f}): {_in_turn(map("{:,}".format, SIZES))}
blocks. *Share*: all entities with at least {ENOUGH:.2%} of the hashrate. *Share, found*: all that found a block, as
published; a very small miner that found one was lucky, which its interval cannot reflect. The Nakamoto coefficient is
an integer, so its coverage cannot be exactly 95 %; it is left out where more than half of the blocks are unknown, as
single blocks would be counted.

| true shares | entities | share | share, found | HHI, split | HHI, merged | Nakamoto |
|---|---:|---:|---:|---:|---:|---:|"""
    for truth in truths:
        found = zip(*(coverage(truth, blocks, samples) for blocks in SIZES), strict=True)
        *held, coefficient = (_in_turn(f"{100 * each:.1f}" for each in index) for index in found)
        coefficient = coefficient if truth.unknown < 1 / 2 else "-"
        yield f"| {truth.name} | {len(truth.shares)} | {' | '.join(held)} | {coefficient} |"


def _in_turn(cells: Iterable[str]) -> str:
    return " / ".join(cells)


def _priors(truths: Sequence[Truth], samples: int) -> Iterator[str]:
    yield f"""
## Other methods

Why the published method: the same for 144 blocks, split, over {samples:,} samples. *Every pool*: a prior of ½ for each
pool, whether it found a block or not. *Perks*: a prior of 1 in total, divided among the pools that found a block and
one for the rest. *½*: a prior of ½ for each pool that found a block, and for the rest. *½, corrected*: the bias of each
draw is corrected by a polynomial. *Published*: Perks, shifted to the unbiased mean; for the Nakamoto coefficient, *½*.

| true shares | HHI: every pool | Perks | ½ | ½, corrected | published | Nakamoto: every pool | Perks | published |
|---|---:|---:|---:|---:|---:|---:|---:|---:|"""
    for truth in truths:
        held = " | ".join(f"{100 * each:.1f}" for each in alternatives(truth, samples))
        yield f"| {truth.name} | {held} |"


def alternatives(truth: Truth, samples: int) -> Iterable[float]:
    """Coverage of other posteriors, in the order of the table."""
    chance, blocks = np.random.default_rng(2), 144
    hhi, coefficient = float((truth.shares**2).sum()), nakamoto_of(truth)
    held = []
    for number in range(samples):
        *named, rest = chance.multinomial(blocks, truth.mix).tolist()
        seen = [n for n in named if n]
        every = _draws(chance, [*named, rest], 1 / 2)
        perks = _draws(chance, [*seen, rest], 1 / (len(seen) + 1))
        half = _draws(chance, [*seen, rest], 1 / 2)
        told = published(named, rest, seed=(2, number))["split"]
        squares = [(draws**2).sum(axis=0) for draws in (every, perks, half)]
        total = blocks + (len(seen) + 1) / 2
        each = total * (total + 1) * half**2 - 3 * total * half + 3 / 4  # has the expectation x (x - 1)
        squares.append(each.sum(axis=0) / (blocks * (blocks - 1)))
        counts = [((-np.sort(-draws, axis=0)).cumsum(axis=0) <= 1 / 2).sum(axis=0) + 1 for draws in (every, perks)]
        held.append(
            [
                *(_inside(draws, hhi) for draws in squares), _holds(told.hhi, 10_000 * hhi),
                *(_inside(each, coefficient) for each in counts), _holds(told.nakamoto, coefficient),
            ]
        )  # fmt: skip
    return [float(each) for each in np.mean(held, axis=0)]


def _draws(chance: np.random.Generator, counts: Sequence[int], prior: float) -> np.ndarray:
    """Shares of all but the last of `counts`."""
    gammas = np.array([chance.standard_gamma(count + prior, 1000) for count in counts])
    shares: np.ndarray = gammas / gammas.sum(axis=0)
    return shares[:-1]


def _inside(draws: np.ndarray, truth: float) -> bool:
    lower, upper = np.quantile(draws, TAILS, method="inverted_cdf")
    return bool(lower <= truth <= upper)


def _changes(truth: Truth, years: int) -> Iterator[str]:
    chance = np.random.default_rng(4)
    false = sum(len(find(chance.multinomial(BIN, truth.mix, size=365)[:, :-1])) for _ in range(years))
    yield f"""
## Changes of a share

The test computes the log likelihood ratio of a change every {BIN} blocks (a day), with the threshold of {THRESHOLD:g}.
**False alarms**: {false} in {years} years of constant shares, {false / years:.2f} per year over all
{len(truth.shares)} entities ({truth.name}). **Delay** after a change, over 200 changes each:

| share before | after | median delay, days | detected within 30 days |
|---:|---:|---:|---:|"""
    for share in (0.3, 0.15, 0.05, 0.02):
        for factor in (1 / 2, 2 / 3, 3 / 2, 2):
            if share * factor < 1 / 2:
                delays = [_delay(chance, share, share * factor) for _ in range(200)]
                quick = sum(delay <= 30 for delay in delays) / len(delays)
                yield f"| {share:.0%} | {share * factor:.1%} | {np.median(delays):g} | {quick:.0%} |"


def _delay(chance: np.random.Generator, before: float, after: float) -> float:
    """Days until detection; infinite if it takes more than half a year."""
    counts = chance.binomial(BIN, np.repeat([before, after], 182))
    return min((each.told + 1 - 182 for each in find(counts[:, None]) if each.told >= 182), default=float("inf"))


if __name__ == "__main__":
    main()
