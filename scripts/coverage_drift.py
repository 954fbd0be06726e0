"""Where shares drift: how often intervals hold the share now, trends are false, and luck is more than luck."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import repeat
from math import hypot
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from truths import Truth

from monitor.analysis.counting.rows import FIRST
from monitor.analysis.signals.luck import variances
from monitor.analysis.uncertainty.change_points import BIN as DAY
from monitor.analysis.uncertainty.changes import Sized, sized
from monitor.analysis.uncertainty.current_share import (
    AHEAD,
    BIN,
    FORTNIGHT,
    MOST_BINS,
    LevelPosterior,
    Posterior,
    binned,
    intervals,
    posterior,
)
from monitor.analysis.uncertainty.intervals import share_intervals
from monitor.analysis.uncertainty.trend import line
from monitor.backtest.simulation import DRIFT, STEP
from monitor.processing.files import read

YEAR: Final = 728
"""Steps: 364 days, which is two half-years of whole bins."""
YEAR_DAYS: Final = 365
LEAST: Final = 0.01
"""Smaller shares are not asked about."""
LARGE: Final = 0.1
TIMES: Final = (0, 1, 2, 3)
"""The drift, as a multiple of the one measured."""
WINDOWS: Final = {"7d": 14, "30d": 60, "90d": 180}
"""Steps."""


class Drifting(NamedTuple):
    """A world of drifting shares: a year, and a fortnight to come. The last column are the unknown."""

    shares: np.ndarray
    """(steps, entities)"""
    blocks: np.ndarray
    """The same shape: found in each step."""


def drifting(truth: Truth, times: float, chance: np.random.Generator) -> Drifting:
    """A random walk of the logarithms of the pools' shares, which begin as `truth` has them; counted at its level."""
    mix, places = (np.array(each) for each in zip(*truth.members, strict=True))
    daily = np.full(len(mix), DRIFT[-1])
    daily[: len(DRIFT)] = DRIFT[: len(mix)]
    steps = chance.normal(0, times * daily * (STEP / 144) ** 0.5, (YEAR + FORTNIGHT // STEP, len(mix)))
    shares = mix * np.exp(np.cumsum(steps, axis=0))
    shares /= shares.sum(axis=1, keepdims=True)
    level = np.eye(len(truth.mix))[places]
    return Drifting(shares @ level, (chance.multinomial(STEP, shares) @ level).astype(int))


def known(blocks: np.ndarray) -> Posterior:
    """What the daemon makes of the last steps."""
    counts = blocks[YEAR - MOST_BINS * BIN // STEP : YEAR].reshape(MOST_BINS, -1, blocks.shape[1]).sum(axis=1)
    return posterior(counts, counts.sum(axis=1))


def sections(file: Path, truths: Sequence[Truth], samples: int) -> Iterator[str]:
    """The sections on drift.

    Args:
        file: real blocks.
        truths: true shares to begin with; those of the last year come last.
        samples: simulated years for each row of a table.
    """
    latest = [truth for truth in truths if truth.name.split()[-1] == truths[-1].name.split()[-1]]
    real = bins_of(file)
    yield from _now(latest, real, samples)
    yield from _trends(latest, samples)
    yield from _luck(latest, real, samples)
    yield from _sizes(real)


# -- the share now -----------------------------------------------------------------------------------------------------


class Held(NamedTuple):
    """How often intervals held, in per cent."""

    fortnight: float
    now: float
    blocks: float
    large: float
    """The first for entities of at least `LARGE`."""
    month: float
    """The interval of the mean of 30 days: the share now."""
    year: float
    """And that of a year."""


def held(truth: Truth, times: float, samples: int) -> Held:
    """Of entities with at least `LEAST` now."""
    chance, found = np.random.default_rng([5, samples]), []
    for _ in range(samples):
        shares, blocks = drifting(truth, times, chance)
        estimate = known(blocks)
        now, coming, seen = shares[YEAR - 1], shares[YEAR:].mean(axis=0), blocks[YEAR:].sum(axis=0)
        ends = intervals(estimate.share, estimate.blocks)
        columns = [
            _within(ends, coming), _within(ends, now), forecast(estimate, seen),
            *(_within(_of_window(blocks[YEAR - steps : YEAR]), now) for steps in (60, YEAR)),
        ]  # fmt: skip
        found.append(np.array(columns)[:, (now >= LEAST)])
        found[-1] = np.vstack((found[-1], now[now >= LEAST] >= LARGE))
    fortnight, now_, blocks_, month, year, large = np.hstack(found)
    rows = (fortnight, now_, blocks_, fortnight[large], month, year)
    return Held(*(100 * float(row.mean()) for row in rows))


def forecast(estimate: Posterior, seen: np.ndarray) -> np.ndarray:
    """Whether the interval for the blocks of the fortnight held."""
    lower, upper = intervals(estimate.share, 1 / (1 / estimate.blocks + 1 / FORTNIGHT))
    return _within((lower - 1 / (2 * FORTNIGHT), upper + 1 / (2 * FORTNIGHT)), seen / FORTNIGHT)


def _within(ends: tuple[np.ndarray, np.ndarray], truth: np.ndarray) -> np.ndarray:
    inside: np.ndarray = (ends[0] <= truth) & (truth <= ends[1])
    return inside


def _of_window(blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lower, upper = np.array(share_intervals(blocks.sum(axis=0).tolist(), int(blocks.sum()))).T
    return lower, upper


class Bins(NamedTuple):
    """Real blocks by pool."""

    counts: np.ndarray
    """(bins, pools)"""
    years: np.ndarray
    """Of each bin."""
    codes: np.ndarray
    """The column of each block's pool; unknown ones have the next."""


def bins_of(file: Path) -> Bins:
    """The blocks of a file, in bins up to its last block."""
    rows = read(file).blocks
    names = sorted({row.pool for row in rows if row.pool})
    number: dict[str, int] = {name: code for code, name in enumerate(names)}
    codes = np.array([number.get(row.pool or "", len(names)) for row in rows])
    counts = binned(codes, len(names) + 1)
    years = [datetime.fromtimestamp(row.time, UTC).year for row in rows[len(rows) % BIN :: BIN]]
    return Bins(counts[-len(years) :, :-1], np.array(years), codes)


def _forecasts(real: Bins) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Every two weeks: the year, the shares now, and whether their forecasts held."""
    for at in range(MOST_BINS // 2, len(real.counts) - AHEAD + 1, AHEAD):
        past = real.counts[max(0, at - MOST_BINS) : at]
        seen = past.any(axis=0)
        estimate = posterior(past[:, seen], np.full(len(past), BIN))
        yield int(real.years[at]), estimate.share, forecast(estimate, real.counts[at : at + AHEAD, seen].sum(axis=0))


def _now(truths: Sequence[Truth], real: Bins, samples: int) -> Iterator[str]:
    yield f"""
## The share now

From here on shares drift: their logarithms do random walks, by {DRIFT[0]:.1%} a day for the two largest pools,
{DRIFT[2]:.1%} for the next two and {DRIFT[-1]:.1%} for the rest, as measured on 2025 and 2026, times *drift*; other
levels add them up. {samples:,} years a row, entities of at least {LEAST:.0%}. *Fortnight*: the mean share of the
hashrate over the next {FORTNIGHT:,} blocks, which is what the interval promises. *Large*: the same for those of at
least {LARGE:.0%}. *Now*: the share at the tip. *Blocks*: the wider interval, for the blocks of the fortnight. *30d*,
*1y*: the share now in the intervals of the means over these windows, which promise something else.

| true shares | drift | fortnight | large | now | blocks | 30d: now | 1y: now |
|---|---:|---:|---:|---:|---:|---:|---:|"""
    pools = next(truth for truth in truths if truth.name.startswith("pool"))
    for truth, times in [*zip(repeat(pools), TIMES), *zip((each for each in truths if each != pools), repeat(1))]:
        one = held(truth, times, samples)
        numbers = (one.fortnight, one.large, one.now, one.blocks, one.month, one.year)
        yield f"| {truth.name} | {times} | {' | '.join(f'{each:.1f}' for each in numbers)} |"
    yield f"""
Mainnet itself, every two weeks, from what was known by then: the interval for the blocks of the next fortnight. The
five lifetimes were chosen on these years; nothing else is fitted to them. In 2021 China forbade mining, and
[labels are missing](history.md#labels-that-are-missing).

| year | forecasts | of at least {LEAST:.0%} | of at least {LARGE:.0%} |
|---|---:|---:|---:|"""
    found = defaultdict(list)
    for year, shares, right in _forecasts(real):
        found[year].append(np.array((shares, right)))
    for year, each in sorted(found.items()):
        shares, right = np.hstack(each)
        rows = [100 * right[shares >= limit].mean() for limit in (LEAST, LARGE)]
        yield f"| {year} | {np.count_nonzero(shares >= LEAST):,} | {rows[0]:.1f} | {rows[1]:.1f} |"
    yield """
Outside of 93 to 97 % are shares that do not drift at all, for which the interval is too wide; large pools at twice the
drift; and 2021. A test on blocks after 2025, on which nothing was chosen, lacks a complete public table of them."""


# -- trends ------------------------------------------------------------------------------------------------------------


def false_trends(truth: Truth, times: float, samples: int) -> list[float]:
    """How many trends over 30 days, 90 days and a year are significant, in per cent."""
    chance, found = np.random.default_rng([6, samples]), []
    for _ in range(samples):
        blocks = drifting(truth, times, chance).blocks[:YEAR]
        drift = known(blocks).drift[:-1]
        found.append([_is_trend(blocks[-12 * steps :], drift) for steps in (5, 15, 60)])
    return [100 * float(each) for each in np.mean(found, axis=0)]


def _is_trend(blocks: np.ndarray, drift: np.ndarray) -> bool:
    slices = blocks.reshape(12, -1, blocks.shape[1]).sum(axis=1)
    fitted = line(np.hstack((slices[:, -1:], np.zeros((12, FIRST - 1), int), slices[:, :-1])), drift)
    return fitted is not None and abs(fitted[0]) > 1.96 * fitted[1]


def _trends(truths: Sequence[Truth], samples: int) -> Iterator[str]:
    yield f"""
## Trends

False trends: shares that stay, or drift without direction, have none. How often the 95 % interval of the slope
nevertheless excludes zero, in per cent of {samples:,} years with a drift of {" / ".join(map(str, TIMES))}:

| true shares | 30d | 90d | 1y |
|---|---:|---:|---:|"""
    for truth in truths:
        found = zip(*(false_trends(truth, times, samples) for times in TIMES), strict=True)
        numbers = (" / ".join(f"{each:.1f}" for each in window) for window in found)
        yield f"| {truth.name} | {' | '.join(numbers)} |"
    yield """
At most 6 % with the drift as measured. At `origin` and `country`, with few entities, twice and three times that drift
gives up to 10 %: there the error of the slope is too small."""


# -- luck --------------------------------------------------------------------------------------------------------------


def scores(window: np.ndarray, year: np.ndarray, drift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The z-scores of entities of at least `LEAST`, as published and by luck alone.

    Args:
        window: blocks of each entity in it.
        year: blocks of each entity in a year.
        drift: of each entity.
    """
    total, blocks = year.sum(), window.sum()
    share = year / total
    luck, walk = variances(int(blocks), int(total), drift)
    asked = share >= LEAST
    off = ((window - blocks * share) / np.sqrt(blocks * np.maximum(share * (1 - share), 1e-12)))[asked]
    return off / np.sqrt(luck + walk[asked]), off / np.sqrt(luck)


def _simulated_scores(truth: Truth, times: float, samples: int) -> Iterator[list[tuple[np.ndarray, np.ndarray]]]:
    chance = np.random.default_rng([7, samples])
    for _ in range(samples):
        blocks = drifting(truth, times, chance).blocks[:YEAR]
        drift = known(blocks).drift
        yield [scores(blocks[-steps:].sum(axis=0), blocks.sum(axis=0), drift) for steps in WINDOWS.values()]


def _real_scores(real: Bins) -> Iterator[list[tuple[np.ndarray, np.ndarray]]]:
    bins = YEAR * STEP // BIN
    for at in range(bins, len(real.counts) + 1, AHEAD):
        year = real.counts[at - bins : at]
        year = year[:, year.any(axis=0)]
        drift = posterior(year[-MOST_BINS:], np.full(MOST_BINS, BIN)).drift
        windows = (year[-max(1, round(steps * STEP / BIN)) :] for steps in WINDOWS.values())
        yield [scores(window.sum(axis=0), year.sum(axis=0), drift) for window in windows]


def _luck(truths: Sequence[Truth], real: Bins, samples: int) -> Iterator[str]:
    yield f"""
## Luck

How often the z-score of a pool of at least {LEAST:.0%} is beyond ±3, in per cent; by luck alone it would be 0.3.
*Alone*: the same if drift were taken for luck.

| true shares | drift | {" | ".join(f"{name} | alone" for name in WINDOWS)} |
|---|---:|{"---:|" * (2 * len(WINDOWS))}"""
    pools = next(truth for truth in truths if truth.name.startswith("pool"))
    worlds = {(pools.name, f"{times}"): _simulated_scores(pools, times, samples) for times in TIMES}
    for name, years in {**worlds, ("mainnet, 2021 to 2025", "real"): _real_scores(real)}.items():
        windows = [[np.concatenate(each) for each in zip(*window, strict=True)] for window in zip(*years, strict=True)]
        numbers = (f"{100 * np.mean(np.abs(each) > 3):.1f}" for window in windows for each in window)
        yield f"| {' | '.join(name)} | {' | '.join(numbers)} |"


# -- changes -----------------------------------------------------------------------------------------------------------


class Told(NamedTuple):
    """One change on the day when it was told, and what followed."""

    size: float
    followed: float
    """In the next fortnight, with the sign of what was told."""
    held: bool
    """Whether the interval of the size held what followed, luck of the fortnight's blocks included."""


def told(real: Bins, limits: Sequence[float]) -> dict[tuple[bool, float], list[Told]]:
    """Mainnet's changes as a daemon tells them that looks every day and has a year of blocks.

    By whether only the size counts, on the day of the detection, or the interval, on any of 30 days; and by what must
    be exceeded.
    """
    names = [str(at) for at in range(real.counts.shape[1])]
    days = np.reshape(real.codes[len(real.codes) % DAY :], (-1, DAY))
    counts = np.array([np.bincount(day, minlength=len(names) + 1) for day in days])
    counts = np.hstack((counts[:, -1:], np.zeros((len(days), FIRST - 1), int), counts[:, :-1]))
    found: dict[tuple[bool, float], list[Told]] = {(plain, limit): [] for plain in (True, False) for limit in limits}
    last: dict[tuple[bool, float, str], int] = {}
    for day in range(YEAR_DAYS, len(days) - 14):
        past = binned(days[day - MOST_BINS * BIN // DAY : day].ravel(), len(names) + 1)
        known = LevelPosterior(names, posterior(past[:, :-1], past.sum(axis=1)))
        for (plain, limit), changes in found.items():
            for one in sized(counts[day - YEAR_DAYS : day], names, None if plain else known):
                recent = one.found.told == YEAR_DAYS - 1 if plain else one.found.at > YEAR_DAYS - 30
                least = abs(one.size) - (0 if plain else 1.96 * one.error)
                key = plain, limit, one.entity
                if recent and least > limit and not one.labelling and last.get(key, 0) < day - 30:
                    last[key] = day
                    coming = counts[day : day + 14, FIRST + int(one.entity)].sum() / FORTNIGHT
                    changes.append(_followed(one, coming))
    return found


def _followed(one: Sized, coming: float) -> Told:
    error = hypot(one.error, (one.after.share * (1 - one.after.share) / FORTNIGHT) ** 0.5)
    followed = coming - one.before.share
    return Told(abs(one.size), followed if one.size > 0 else -followed, abs(followed - one.size) <= 1.96 * error)


def _sizes(real: Bins) -> Iterator[str]:
    yield """
## Sizes of changes

Mainnet from 2022 on, evaluated every day. A change is reported if the lower end of the interval of its size exceeds a
limit, as published, or if the size itself does on the day of the detection; without those that unknown blocks mirror.
*Smaller*: how many were below the limit in the next fortnight. *Times*: the mean reported size over the mean of what
followed. *Held*: how often the interval held what followed.

| reported by | above | changes | smaller | times | held |
|---|---:|---:|---:|---:|---:|"""
    for (plain, limit), found in told(real, (0.01, 0.02, 0.03)).items():
        smaller = sum(each.followed < limit for each in found)
        times = sum(each.size for each in found) / (sum(each.followed for each in found) or float("nan"))
        held_ = f"{100 * np.mean([each.held for each in found or [Told(0, 0, held=True)]]):.0f} %"
        name = "size as it is" if plain else "interval"
        yield f"| {name} | {limit:.0%} | {len(found)} | {smaller} | {times:.2f} | {'' if plain else held_} |"
