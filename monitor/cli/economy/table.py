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


def as_json(view: EconomyView) -> None:
    """As `/api/v1/economy` has it, without the mining side."""
    typer.echo(Economy.of_view(view).model_dump_json(indent=2))


def as_table(view: EconomyView) -> None:
    """A row for each layer; below it what it covers, what is not measured, and the sources with their age."""
    console = Console(file=sys.stdout, highlight=False)

    def say(line: str, style: str | None = None) -> None:
        console.print(line, style=style, soft_wrap=True, markup=False)

    rows = table(
        "Layer", "Period", "Age", "Effective", "Over half", "Direction",
        right=("Age",), whole=("Layer", "Period", "Age", "Effective", "Over half"),
    )  # fmt: skip
    for each in view.measures:
        rows.add_row(*_row(each, view.made_at))
    console.print(rows)
    say("Effective entities, and the fewest with more than half of all. In brackets: the 95 % interval;", "dim")
    say("without them only both readings of what is not attributed, as the source states no error.", "dim")
    for made in view.measures:
        trend = text.ai_text(made).removeprefix("AI: ")
        say(f"{made.layer}: {trend}. {text.largest(made, _SHOWN)}; {100 * made.unattributed:.0f} % not attributed;")
        say(f"  {made.coverage}.")
    say("Not measured:")
    for compared in view.comparisons:
        if compared.ai is None:
            say(f"  {compared.title}: {compared.ai_missing}.")
    say("Mining is beside it on the page /compare of a running daemon.")
    for source in view.sources:
        if source.state and source.attribution:
            say(f"{source.attribution} {(view.made_at - source.state.fetched_at) // 86_400:.0f} days old.", "dim")
        if source.state and source.state.error:
            say(f"{source.name}: {source.state.error}", "red")


def _row(measure: LayerMeasure, now: float) -> tuple[str, ...]:
    effective = text.number(measure.effective)
    return (
        measure.layer,
        f"{measure.period}",
        f"{measure.age_days(now)} d",
        f"{effective} ({text.interval(measure.effective_interval)})" if measure.has_errors else effective,
        text.majority(measure),
        measure.slope.direction if measure.slope else "no trend yet",
    )
