"""`pool-monitor economy`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.common import ConfigOption, JsonOption, settings
from monitor.errors import Exit

economy = typer.Typer(
    name="economy",
    help="Show the concentration of the AI economy, and take newer editions of its sources. A daemon may be running.",
    no_args_is_help=True,
)

Files = Annotated[
    list[Path] | None,
    typer.Option("--from", metavar="FILE", help="Take this file instead of fetching; may be repeated."),
]
Names = Annotated[
    list[str] | None,
    typer.Option("--source", metavar="NAME", help="Fetch this source only: epoch, openrouter or huggingface."),
]


@economy.command()
def show(*, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show effective entities, shares and trend of each layer, from the stored editions or those of the program.

    Nothing is fetched. The page `/compare` of a running daemon has mining beside it.
    """
    from monitor.cli.economy import table  # noqa: PLC0415 -- slow, and only needed here
    from monitor.economy.offline import offline_view  # noqa: PLC0415

    view = asyncio.run(offline_view(settings(config)))
    table.as_json(view) if as_json else table.as_table(view)


@economy.command()
def update(*, config: ConfigOption = None, files: Files = None, sources: Names = None) -> None:
    """Fetch the newest edition of each source once, or take editions from files.

    A file is one that a source publishes, recognised by its columns: the zip or CSV of Epoch's chip owners, the CSV or
    JSON of OpenRouter's daily rankings, the first JSON page of the Hugging Face API. Each source or file is reported as
    soon as it is done. An edition that cannot be used is refused with the reason, the last good one stays, and the exit
    status is 1. A running daemon shows a new edition within a minute.
    """
    from monitor.economy.offline import fetch_all, take_all  # noqa: PLC0415 -- slow, and only needed here

    found = settings(config)

    async def each() -> bool:
        failed = False
        async for outcome in take_all(found, files) if files else fetch_all(found, sources or ()):
            typer.echo(outcome.text, err=outcome.failed)
            failed |= outcome.failed
        return failed

    if asyncio.run(each()):
        raise typer.Exit(Exit.CRASHED)
