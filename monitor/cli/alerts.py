"""`pool-monitor alerts`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from monitor import logs
from monitor.cli.run import ConfigOption
from monitor.config import load
from monitor.errors import ConfigError

alerts = typer.Typer(name="alerts", help="Alerts, and those who are told of them.", no_args_is_help=True)


@alerts.command(name="test")
def try_receivers(
    rule: Annotated[
        str, typer.Argument(metavar="[RULE]", help="Whose name the alert has.", show_default=False)
    ] = "test",
    *,
    config: ConfigOption = None,
) -> None:
    """Send a test alert through every configured receiver, and say what each one answered.

    It is marked as a test, and nothing of it stays. Exit status 1 when one of them did not take it.
    """
    from monitor.app.alerts_test import as_table, try_all  # noqa: PLC0415 -- slow, and only needed here

    settings = load(config)
    logs.configure("error", settings.log.format)
    answers = asyncio.run(try_all(settings, rule))
    if not answers:
        raise ConfigError("nobody would be told of an alert; name a receiver in [alerts.*] or [mqtt]")
    Console(highlight=False).print(as_table(answers))
    if not all(answer.good for answer in answers):
        raise typer.Exit(1)
