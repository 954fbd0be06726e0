"""Every command, in the order in which people meet them."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor import __version__, logs
from monitor.cli.alerts.command import alerts
from monitor.cli.attribute.command import attribute
from monitor.cli.backfill import backfill
from monitor.cli.backtest.command import backtest
from monitor.cli.check.command import check
from monitor.cli.concentration.command import concentration
from monitor.cli.demo import demo
from monitor.cli.export import export
from monitor.cli.registry.command import registry
from monitor.cli.run import run
from monitor.cli.status.command import status

cli = typer.Typer(
    name="pool-monitor",
    help="Who mines Bitcoin, how concentrated is it, and how sure can we be?",
    epilog="Start with `pool-monitor demo`; beside a node, `pool-monitor check`, then `pool-monitor run`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (demo, check, run, status, backfill, attribute, concentration, backtest):
    cli.command()(command)
cli.add_typer(alerts)
cli.add_typer(export)
cli.add_typer(registry)


def _version(wanted: bool) -> None:  # noqa: FBT001 -- typer's way
    if wanted:
        typer.echo(f"pool-monitor {__version__}")
        raise typer.Exit


@cli.callback()
def options(
    *, version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False
) -> None:
    """Who mines Bitcoin, how concentrated is it, and how sure can we be?"""
    del version
    logs.configure("warning")  # a command that reads the configuration does it again
