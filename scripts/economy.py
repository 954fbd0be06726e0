"""What the data say of both economies: writes a part of docs/economy.md, and its pictures.

    PYTHONPATH=tests .venv/bin/python scripts/economy.py FILE

FILE has a row for each block, with height, time and pool, as CSV or Parquet. The AI side is of the editions that come
with the program. The page in the repository is made of mainnet's blocks of 2021 to 2025.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from generated import wrapped
from screenshots import CHECKOUT, Shot, chromium, take_all
from support.browser import running
from support.served import server, sources

from monitor.analysis.counting.grid import grid
from monitor.analysis.counting.levels import Entity, Level
from monitor.analysis.counting.points import PointRange
from monitor.analysis.time_series import curves
from monitor.analysis.uncertainty.alternatives import UncertainMembership
from monitor.economy import layer_measures, mining, text
from monitor.economy.entities import PeriodWeights, entity_rules
from monitor.economy.layers import kind_of
from monitor.economy.measure import CORRELATIONS, draw
from monitor.economy.mining import MiningSpan, twelve_months
from monitor.economy.view import ai_side, make_view, shipped_data, wanted_spans
from monitor.hub import Hub
from monitor.model import (
    BlockRow,
    EconomyView,
    Layer,
    LayerMeasure,
    MiningSide,
    Observation,
    PoolSlug,
    TimeSeries,
)
from monitor.outputs.web.pages.pages import Pages
from monitor.outputs.web.routes.events import Events
from monitor.processing.files import read
from monitor.processing.levels import levels
from monitor.processing.uncertain_memberships import questions
from monitor.registry.loading import Registry, load_registry
from monitor.vitals import Vitals

PAGE = CHECKOUT / "docs" / "economy.md"
SHOTS = (
    Shot("compare", "/compare", (1120, 1120), "light"),
    Shot("compare-phone-dark", "/compare", (390, 1500), "dark"),
)
HYPERSCALERS = ("Google", "Microsoft", "Meta", "Amazon", "Oracle")
_BEGIN, _END = "<!-- written by scripts/economy.py -->", "<!-- end -->"


def main(arguments: Sequence[str]) -> int:
    """Write the part of the page, and the pictures."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    rows, registry = read(Path(arguments[0])).blocks, load_registry()
    side = ai_side({})
    now = max(each.fetched_at for each in side.states.values())
    today = datetime.fromtimestamp(now, UTC).date()
    last = datetime.fromtimestamp(rows[-1].time, UTC).date()
    # The newest twelve months of these blocks, which end before those of the editions.
    asked = {
        span: twelve_months(span.level, last) if span == twelve_months(span.level, today) else span
        for span in wanted_spans(side, today)
    }
    found = {span: made for span, of in asked.items() if (made := series(rows, of, registry))}
    view = make_view(side, found, now=now, updated=False)
    said = "\n".join(part(view))
    page = re.sub(
        rf"{_BEGIN}.*{_END}", lambda _: f"{_BEGIN}\n\n{said}\n\n{_END}", PAGE.read_text("utf-8"), flags=re.DOTALL
    )
    PAGE.write_text(wrapped(page), "utf-8")
    asyncio.run(pictures(view))
    return 0


def series(rows: Sequence[BlockRow], span: MiningSpan, registry: Registry) -> MiningSide | None:
    """Mining over a span, as the daemon has it from its store; None without blocks."""
    asked = mining.query(span, (rows[0].time, rows[-1].time))
    if asked is None or (asked.last or 0) <= (asked.first or 0):
        return None
    level = next(each for each in levels(registry) if each.name == span.level)
    uncertain = [each for each in questions(registry) if each.level == level.name]
    points = grid(asked, rows[0].time, rows[-1].time)
    inside = [row for row in rows if points.begin < row.time <= points.times[-1]]
    groups = Counter((*points.stay(row.time), *_of(row, level, uncertain)) for row in inside)
    ranges = [
        PointRange(enter, leave, entity, blocks=blocks, pool=pool, era=era)
        for (enter, leave, entity, pool, era), blocks in groups.items()
    ]
    return mining.side(
        span, TimeSeries(level.name, mining.METRIC, points, series=curves(ranges, points, asked, questions=uncertain))
    )


def _of(row: BlockRow, level: Level, uncertain: Sequence[UncertainMembership]) -> tuple[Entity, PoolSlug | None, int]:
    """The entity of a block, and its pool and era if its membership is uncertain."""
    doubt = next((each for each in uncertain if each.pool == row.pool), None)
    era = sum(edge <= row.time for edge in doubt.edges) if doubt else 0
    return level.entity_of(row), row.pool if doubt else None, era


def part(view: EconomyView) -> Iterator[str]:
    """What the page says of the data."""
    yield f"{view.answer}\n"
    yield "| AI layer | Period | Effective entities | HHI | More than half | Largest | Direction |"
    yield "|---|---|---:|---:|---:|---|---|"
    for each in view.measures:
        yield f"| {' | '.join(_row(each))} |"
    yield "\nIn brackets: the 95 % interval. Without them: both readings of the remainder, as no error is stated.\n"
    for source in view.sources:
        if source.attribution:
            yield f"{source.attribution}\n"
    for compared in view.comparisons:
        if compared.ai or compared.key == "coordinator":
            yield f"- *{compared.title}.* {compared.verdict}"
    yield ""
    owners = next(each for each in view.measures if each.layer is Layer.OWNERSHIP)
    designers = next(each for each in view.measures if each.layer is Layer.DESIGNER)
    yield f"- *The five US hyperscalers* ({', '.join(HYPERSCALERS)}) had {_ends(owners, HYPERSCALERS)} of the chips."
    yield f"- *Nvidia* had {_ends(designers, ['Nvidia'])} of those designed."
    directions = "; ".join(map(_by_correlation, (designers, owners)))
    yield f"- *With independent, or with fully correlated errors*: {directions}."


def _row(measure: LayerMeasure) -> list[str]:
    effective, hhi = text.number(measure.effective), text.number(measure.hhi, 0)
    if measure.has_errors:
        effective += f" ({text.interval(measure.effective_interval)})"
        hhi += f" ({text.interval(measure.hhi_interval, 0)})"
    return [
        f"`{measure.layer}`", f"{f'{measure.days} days to ' if measure.days else ''}{measure.period}", effective, hhi,
        text.majority(measure), text.largest(measure, 1), text.direction(measure.slope),
    ]  # fmt: skip


def _ends(measure: LayerMeasure, names: Sequence[str]) -> str:
    """The share of some entities in the first and in the last period."""
    found = periods_of(measure)
    first, last = (_share(each, names) for each in (found[0], found[-1]))
    return f"{first} on {found[0].period}, and {last} on {found[-1].period},"


def _share(weights: PeriodWeights, names: Sequence[str]) -> str:
    places = [at for at, name in enumerate(weights.named) if name in names]
    exact = sum(weights.named[name].value for name in names) / weights.total
    (drawn,) = draw([weights])
    total = drawn.named.sum(axis=-1) + drawn.groups.sum(axis=-1) + drawn.rest
    ends = np.quantile(drawn.named[..., places].sum(axis=-1) / total, (0.025, 0.975), axis=-1)
    return f"{100 * exact:.0f} % ({100 * ends[0].min():.0f}–{100 * ends[1].max():.0f})"


def _by_correlation(measure: LayerMeasure) -> str:
    """The direction for each correlation of the errors alone."""
    none, full = (
        text.direction(
            layer_measures.measure(
                kind_of(measure.layer), observed(measure), entity_rules(), vintage="", correlations=[each]
            ).slope  # type: ignore[union-attr]
        )
        for each in CORRELATIONS
    )
    return f"`{measure.layer}` {none}" + (f", or {full}" if full != none else ", either way")


def observed(measure: LayerMeasure) -> list[Observation]:
    """What the shipped edition has of a layer."""
    return [each for each in shipped_data()[measure.source].observations if each.layer is measure.layer]


def periods_of(measure: LayerMeasure) -> list[PeriodWeights]:
    """Its periods."""
    return layer_measures.periods(kind_of(measure.layer), observed(measure), entity_rules())


async def pictures(view: EconomyView) -> None:
    """The top of the page, on a wide and on a narrow screen."""
    hub = Hub(Vitals())
    hub.show_economy(view)
    over = sources(hub)
    async with running(chromium()) as browser, server([Pages(over), Events(over, Vitals())], over) as serving:
        await take_all(browser, serving.url, SHOTS, CHECKOUT / "docs" / "images")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
