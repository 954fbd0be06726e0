"""Five years of concentration, with how sure it is: writes docs/history.md and its pictures.

    .venv/bin/python scripts/history.py FILE

FILE has a row for each block, with height, time and pool, as CSV or Parquet. The pages in the repository are made of
mainnet's blocks of 2021 to 2025. Nothing in them is written by hand: another file gives another history.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import matplotlib.ticker
import numpy as np
from generated import wrapped
from matplotlib.axes import Axes
from missing_labels import ARTEFACTS

from monitor.analysis import BlockTable, Level, UncertainMembership, concentrate, estimate, estimated, snapshot
from monitor.analysis.uncertainty.alternatives import alternatives
from monitor.analysis.uncertainty.combined import combined
from monitor.analysis.uncertainty.intervals import TAILS
from monitor.model import (
    BlockHash,
    BlockRow,
    Change,
    Combined,
    Concentration,
    Envelope,
    Estimate,
    Interval,
    Tally,
    Trend,
    Window,
)
from monitor.processing.files import read
from monitor.processing.levels import levels
from monitor.processing.uncertain_memberships import questions
from monitor.registry.loading import Registry, load_registry

DOCS = Path(__file__).resolve().parent.parent / "docs"
PERIOD = 2016
"""Blocks of a point in the pictures: two weeks."""
LEVELS = {
    "pool": "the brand",
    "template": "the template builder",
    "origin": "the country where the brand was founded",
    "country": "the country where the operator is registered",
}
COLORS = {"pool": "#1f5fa8", "template": "#b5542b", "origin": "#7a4fa3", "country": "#2f7d4f"}
LARGE_CHANGE = 0.01
"""Least size, by the interval, of the changes that are listed: that of the rule `share_changed`."""
QUARTER = 90 * 144
"""Blocks at the end of a year by which years are compared: long enough to be sure, short enough to be of one time."""


@dataclass(frozen=True)
class Point:
    """A stretch of blocks, counted at one level."""

    when: date
    found: Concentration
    sampled: Estimate
    published: Combined


def main(arguments: Sequence[str]) -> int:
    """Write the page and the pictures."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    rows, registry = read(Path(arguments[0])).blocks, load_registry()
    known, open_ = levels(registry), questions(registry)
    stretches = [
        measured(rows[start : start + PERIOD], known, open_) for start in range(0, len(rows) - PERIOD + 1, PERIOD)
    ]
    points = {name: [each[name] for each in stretches] for name in LEVELS}
    years = list(by_year(rows, registry))
    (DOCS / "images").mkdir(exist_ok=True)
    draw_indices(points)
    draw_pools(points["pool"], years)
    (DOCS / "history.md").write_text(wrapped("\n".join(page(rows, years))), "utf-8")
    return 0


def measured(
    rows: Sequence[BlockRow], known: Sequence[Level], open_: Sequence[UncertainMembership]
) -> dict[str, Point]:
    """Count and estimate, by level."""
    table = BlockTable.of(rows, known)
    found = concentrate(table, [Window("", blocks=len(rows))], levels=list(LEVELS))
    sampled = [estimate(each, seed=(rows[0].height, len(rows))) for each in found]
    published = combined(list(alternatives(table, found, open_)), sampled)
    when = day(rows[len(rows) // 2])
    return {each[0].level: Point(when, *each) for each in zip(found, sampled, published, strict=True)}


@dataclass(frozen=True)
class Year:
    """What the blocks of a year tell."""

    name: int
    points: dict[str, Point]
    """Of its last `QUARTER`, by level."""
    changes: tuple[Change, ...]
    trends: dict[str, Trend]
    envelopes: dict[str, Envelope]


def by_year(rows: Sequence[BlockRow], registry: Registry) -> Iterator[Year]:
    """Each calendar year as the daemon saw it on its last day."""
    known, open_ = levels(registry), questions(registry)
    borders = [0, *(at for at, (below, above) in enumerate(pairwise(rows), 1) if day(below).year != day(above).year)]
    for start, end in pairwise([*borders, len(rows)]):
        year = rows[start:end]
        if len(year) < 10 * PERIOD:
            continue
        windows = [Window("all", blocks=len(year)), Window.parse("1y")]
        table = BlockTable.of(rows[max(0, start - PERIOD) : end], known)
        taken = snapshot(
            table, windows, Tally(), tip_hash=BlockHash(f"{year[-1].height:064x}"), first_height=year[0].height,
            caught_up=True, registry=registry.pools.hash, pool_names=registry.pools.names,
        )  # fmt: skip
        told = estimated(taken, table, windows, questions=open_).estimates
        assert told
        yield Year(
            day(year[0]).year,
            measured(year[-QUARTER:], known, open_),
            tuple(change for change in told.changes if day_of(change.time).year == day(year[0]).year),
            {trend.level: trend for trend in told.trends},
            {envelope.level: envelope for envelope in told.envelopes if envelope.window == "all"},
        )


def day(row: BlockRow) -> date:
    """Of its header time."""
    return day_of(row.time)


def day_of(time: int) -> date:
    """In UTC."""
    return datetime.fromtimestamp(time, UTC).date()


def draw_indices(points: dict[str, list[Point]]) -> None:
    """HHI, effective entities and Nakamoto coefficient, a column for each level."""
    figure, axes = plt.subplots(3, len(points), figsize=(14, 8), sharex=True, sharey="row", layout="constrained")
    for column, (level, curve_) in enumerate(points.items()):
        hhi, entities, nakamoto = axes[:, column]
        hhi.set_title(f"{level}:\n{LEVELS[level]}", fontsize=9)
        unbiased = [each.found.split.hhi_unbiased or 0 for each in curve_ if each.found.split]
        band(hhi, curve_, unbiased, [each.published.hhi for each in curve_], COLORS[level])
        flipped = [Interval(10_000 / each.published.hhi.upper, 10_000 / each.published.hhi.lower) for each in curve_]
        band(entities, curve_, [10_000 / each for each in unbiased], flipped, COLORS[level])
        counted = [each.found.split.nakamoto for each in curve_ if each.found.split]
        band(nakamoto, curve_, counted, [each.published.nakamoto for each in curve_], COLORS[level], step=True)
        nakamoto.yaxis.get_major_locator().set_params(integer=True)
    for axis, name in zip(axes[:, 0], ("HHI, unbiased", "effective entities", "Nakamoto coefficient"), strict=True):
        axis.set_ylabel(name)
        axis.set_ylim(bottom=0)
    save(figure, "history-concentration")


def draw_pools(curve_: Sequence[Point], years: Sequence[Year]) -> None:
    """Shares of the largest pools, and where the test found that they changed."""
    total = Counter[str]()
    for each in curve_:
        total.update({share.entity: share.blocks for share in each.found.shares})
    largest = [entity for entity, _ in total.most_common(6)]
    figure, axes = plt.subplots(3, 2, figsize=(12, 8), sharex=True, sharey=True, layout="constrained")
    for axis, pool in zip(axes.flat, largest, strict=True):
        shares = [{share.entity: share for share in each.found.shares}.get(pool) for each in curve_]
        values = [share.share if share else 0 for share in shares]
        intervals = [Interval(share.lower, share.upper) if share else Interval(0, 0) for share in shares]
        band(axis, curve_, values, intervals, COLORS["pool"])
        changed = [day_of(change.time) for year in years for change in year.changes if change.entity == pool]
        tops = {"transform": axis.get_xaxis_transform(), "color": "#888888", "linewidth": 0.8, "linestyle": ":"}
        axis.vlines(np.array(changed, "datetime64[D]"), 0, 1, **tops)
        for missing in ARTEFACTS:
            if missing.pool == pool:
                ends = np.array([missing.begin, missing.end], "datetime64[D]")
                axis.axvspan(*ends, color="#d9a400", alpha=0.25)
        axis.set_title(pool, fontsize=10)
        axis.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
        axis.set_ylim(bottom=0)
    save(figure, "history-pools")


def band(
    axis: Axes, curve_: Sequence[Point], values: Sequence[float], ends: Sequence[Interval], color: str,
    *, step: bool = False,
) -> None:  # fmt: skip
    """A line and the 95 % interval around it."""
    days = np.array([each.when for each in curve_], "datetime64[D]")
    lower, upper = [each.lower for each in ends], [each.upper for each in ends]
    axis.fill_between(days, lower, upper, color=color, alpha=0.25, linewidth=0, step="mid" if step else None)
    axis.plot(days, values, color=color, linewidth=1.2, drawstyle="steps-mid" if step else "default")
    axis.grid(visible=True, color="#dddddd", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)


def save(figure: mpl.figure.Figure, name: str) -> None:
    """Without the time of day: the same numbers make the same file."""
    figure.savefig(DOCS / "images" / f"{name}.png", dpi=110, metadata={"Software": None})
    plt.close(figure)


def page(rows: Sequence[BlockRow], years: Sequence[Year]) -> Iterator[str]:
    """docs/history.md."""
    first, last = years[0].name, years[-1].name
    yield f"""\
<!-- Made by `scripts/history.py`: change it there. -->
# Does mining concentrate?

That depends on the level and on the year. Change of the HHI from the end of one year to the end of the next:

| by | {" | ".join(str(year.name) for year in years[1:])} |
|---|{"---|" * (len(years) - 1)}"""
    for level, meaning in LEVELS.items():
        yield f"| {level}: {meaning} | {' | '.join(verdicts(years, level))} |"
    yield f"""
*Rose* and *fell* are stated only where the published intervals of both years are apart ([figures](#year-by-year)). A
membership counts from the day of its first evidence, so a rise by template may only show that it became *known*. A
single day shows nothing: with the shares of pools in {last}, the HHI over 144 blocks is within
{daily(years[-1].points["pool"])}.

Source: the {len(rows):,} blocks of mainnet from {day(rows[0])} to {day(rows[-1])}, with pools by the block table of
<https://github.com/sorukumar/bitcoin-mining-pools> (state of April 2026, BSD 2-Clause). Intervals are the
[published](glossary.md#estimates) 95 % intervals unless stated otherwise.

```
.venv/bin/python scripts/history.py BLOCKS.parquet
```

## Labels that are missing

The source lacks the labels of some blocks, so some events below are those of the table, not of mining:

| from | to | what the table has |
|---|---|---|"""
    for artefact in ARTEFACTS:
        yield f"| {artefact.begin} | {artefact.end} | {artefact.text} |"
    yield f"""
## Two weeks at a time

Each point is {PERIOD:,} blocks. Lines: unknown blocks split, memberships as counted. Bands: published intervals.

![Concentration of pools, templates, origins and countries, {first} to {last}](images/history-concentration.png)

## Year by year

The last {QUARTER:,} blocks (90 days) of each year, without small-sample bias. *Unknown*: blocks without an entity at
the level, read in two ways, *split* and *merged*.

| year | level | unknown | HHI, split | merged | published | Nakamoto, split | merged | published | largest |\
 published |
|---|---|---:|---:|---:|---:|---:|---:|---:|---|---:|"""
    for year in years:
        for level, each in year.points.items():
            yield f"| {year.name} | {level} | {' | '.join(cells(each))} |"
    yield """
## Trends

Slope of the effective entities over the year, in entities per year, on 31 December: above zero, concentration falls.
The interval includes luck and the usual drift of shares. Unknown blocks are split, memberships as counted: by template,
the slope of 2024 reflects some that became known.

| year | level | slope | 95 % interval | probability that concentration rose |
|---|---|---:|---:|---:|"""
    for year in years:
        for level, trend in year.trends.items():
            if level in LEVELS:
                yield (
                    f"| {year.name} | {level} | {trend.slope:+.2f} | {trend.lower:+.2f} to {trend.upper:+.2f} "
                    f"| {trend.rising:.0%} |"
                )
    yield """
## Uncertain memberships

Ranges over all combinations of uncertain memberships, for the blocks of a year, without sampling uncertainty. Shares
are listed if they vary by at least a percentage point.

| year | level | HHI, split | merged | Nakamoto, split | merged | shares |
|---|---|---:|---:|---:|---:|---|"""
    for year in years:
        for level, envelope in year.envelopes.items():
            if level in LEVELS:
                yield f"| {year.name} | {level} | {' | '.join(ranges(envelope))} |"
    yield f"""
## Shares that changed

Changes of at least {LARGE_CHANGE:.0%} of all blocks by the 95 % interval of their size. *With*: the pool that gained
about what this one lost, or lost what it gained. Picture: dotted lines are all changes, yellow bands missing labels.

![Shares of the six largest pools, {first} to {last}](images/history-pools.png)

| from | pool | before | after | size, in points | with | detected after | remark |
|---|---|---:|---:|---:|---|---:|---|"""
    for year in years:
        yield from (changed(change) for change in year.changes if change.at_least >= LARGE_CHANGE)
    everything = sum(len(year.changes) for year in years)
    yield f"""
With small ones there are {everything} changes in {len(years)} years, mostly slow drifts of small pools by a fifth of
their share; [chance causes less than one in five years](accuracy.md#changes-of-a-share)."""


def changed(change: Change) -> str:
    """A row of the table of changes."""
    late = (change.found_height - change.height + 1) // 144
    missing = any(artefact.explains(change) for artefact in ARTEFACTS)
    remark = "labels of the source" if missing else "labels" if change.labelling else ""
    size = 100 * (change.after.share - change.before.share)
    return (
        f"| {day_of(change.time)} | {change.entity} | {change.before.share:.1%} | {change.after.share:.1%} "
        f"| {size:+.1f} ({100 * change.size.lower:+.1f} to {100 * change.size.upper:+.1f}) "
        f"| {change.counterpart or ''} | {late} {'day' if late == 1 else 'days'} | {remark} |"
    )


def verdicts(years: Sequence[Year], level: str) -> Iterator[str]:
    """For each year but the first: whether concentration rose or fell since the year before."""
    for before, after in pairwise(years):
        was, now = before.points[level], after.points[level]
        if now.published.hhi.lower > was.published.hhi.upper:
            yield "rose"
        elif now.published.hhi.upper < was.published.hhi.lower:
            yield "fell"
        else:
            yield "uncertain"


def cells(each: Point) -> Iterator[str]:
    """Of the table of years."""
    split, merged = each.found.split, each.found.merged
    assert split
    assert merged
    largest = each.found.shares[0]
    ends = each.published.shares[largest.entity]
    yield f"{each.found.unknown / each.found.blocks:.1%}"
    yield f"{split.headline_hhi:,.0f}"
    yield f"{merged.headline_hhi:,.0f}"
    yield f"{each.published.hhi.lower:,.0f} to {each.published.hhi.upper:,.0f}"
    yield str(split.nakamoto)
    yield str(merged.nakamoto)
    yield whole(each.published.nakamoto)
    yield f"{largest.entity} {largest.share:.1%}"
    yield f"{ends.lower:.1%} to {ends.upper:.1%}"


def ranges(envelope: Envelope) -> Iterator[str]:
    """Of the table of envelopes."""
    for reading in ("split", "merged"):
        hhi = envelope.hhi[reading]
        yield f"{hhi.lower:,.0f} to {hhi.upper:,.0f}"
    for reading in ("split", "merged"):
        yield whole(envelope.nakamoto[reading])
    wide = {entity: ends for entity, ends in envelope.shares.items() if ends.upper - ends.lower >= 0.01}
    yield ", ".join(f"{entity} {ends.lower:.1%} to {ends.upper:.1%}" for entity, ends in wide.items()) or "-"


def whole(interval: Interval) -> str:
    """A range of whole numbers."""
    lower, upper = int(interval.lower), int(interval.upper)
    return str(lower) if lower == upper else f"{lower} to {upper}"


def daily(year: Point) -> str:
    """Within what HHI counted over a day lies by luck alone, if the shares are those of `year`."""
    chance = np.random.default_rng(1)
    mix = [share.share for share in year.found.shares]
    drawn = chance.multinomial(144, [*mix, 1 - sum(mix)], size=20_000)[:, :-1]
    lower, upper = np.quantile(10_000 * (drawn**2).sum(axis=1) / 144**2, TAILS)
    return f"{lower:,.0f} to {upper:,.0f} in 95 of 100 days"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
