"""The AI economy as a table, and as JSON."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from monitor.cli.tables import table
from monitor.economy import text
from monitor.model import EconomyView, LayerMeasure
from monitor.outputs.schemas.economy import Economy

_SHOWN = 3
_RANGE = "95 % interval"


def as_json(view: EconomyView) -> None:
    """As `/api/v1/economy` has it, without the mining side."""
    typer.echo(Economy.of_view(view).model_dump_json(indent=2))


def as_table(view: EconomyView) -> None:
    """A row for each layer; below it what is not measured, and the sources."""
    console = Console(file=sys.stdout, highlight=False)
    rows = table(
        "Layer", "Newest period", "Effective entities", _RANGE, "Direction",
        right=("Effective entities", _RANGE), whole=("Layer", "Newest period"),
    )  # fmt: skip
    for each in view.measures:
        rows.add_row(*_row(each))
    console.print(rows)
    if not all(each.has_errors for each in view.measures):
        console.print("Bounds: of both readings of what is not attributed; the source states no error.", style="dim")
    for each in view.measures:
        console.print(_largest(each), soft_wrap=True, markup=False)
    for compared in view.comparisons:
        if compared.ai is None:
            console.print(
                f"{compared.title}, AI side: not measured: {compared.ai_missing}.", soft_wrap=True, markup=False
            )
    for source in view.sources:
        if source.attribution:
            console.print(source.attribution, soft_wrap=True, markup=False, style="dim")
        if source.state and source.state.error:
            console.print(f"{source.name}: {source.state.error}", soft_wrap=True, markup=False, style="red")


def _row(measure: LayerMeasure) -> tuple[str, ...]:
    interval, slope = measure.effective_interval, measure.slope
    return (
        measure.layer,
        f"{f'{measure.days} days to ' if measure.days else ''}{measure.period}",
        text.number(measure.effective),
        f"{'' if measure.has_errors else 'bounds '}{interval.lower:.1f} to {interval.upper:.1f}",
        f"{slope.direction}, {text.percent(slope.certainty)}" if slope else "no trend yet",
    )


def _largest(measure: LayerMeasure) -> str:
    largest = ", ".join(f"{each.entity} {100 * each.share:.0f} %" for each in measure.shares[:_SHOWN])
    half = " or ".join(sorted({f"{each:.0f}" for each in measure.majority}))
    return (
        f"{measure.layer}: {largest}; {half} for more than half; {100 * measure.unattributed:.0f} % not attributed; "
        f"{measure.coverage}."
    )
