"""`pool-monitor alerts`."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Literal

import typer
from rich.console import Console

from monitor.cli.common import ConfigOption, JsonOption, Output, UrlOption, settings
from monitor.config import load
from monitor.errors import ConfigError

alerts = typer.Typer(name="alerts", help="List alerts, export their rules, test their receivers.", no_args_is_help=True)


@alerts.command("list")
def show(
    *,
    config: ConfigOption = None,
    url: UrlOption = None,
    stored: Annotated[bool, typer.Option("--stored", help="Read the database instead of asking the daemon.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the alerts of a running daemon: pending, firing, and resolved in the last day."""
    from monitor.cli.alerts.table import fetch_alerts, of_alerts, stored_alerts  # noqa: PLC0415 -- slow, and only needed here

    known = load(config)
    found = asyncio.run(stored_alerts(known) if stored else fetch_alerts(known, url))
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        Console(highlight=False).print(of_alerts(found))


@alerts.command()
def export(
    target: Annotated[Literal["prometheus"], typer.Argument(help="Output format.")],
    *,
    config: ConfigOption = None,
    runbook: Annotated[
        str | None,
        typer.Option(metavar="URL", help="URL of a runbook to link to. Default: the page /runbook of each daemon."),
    ] = None,
    output: Output = None,
) -> None:
    """Export the rules as a Prometheus rule file. Its header lists the differences from the daemon."""
    from monitor.alerts.loading import METRIC_LOOKUP, load_rules  # noqa: PLC0415 -- slow, and only needed here
    from monitor.alerts.prometheus import RUNBOOK, rule_file  # noqa: PLC0415
    from monitor.processing.stored_blocks import written  # noqa: PLC0415

    del target  # there is only one
    found = settings(config)
    with written(output) as sink:
        sink.write(rule_file(load_rules(found), METRIC_LOOKUP, runbook=runbook or RUNBOOK).encode())


@alerts.command(name="test")
def try_receivers(
    rule: Annotated[
        str | None,
        typer.Argument(metavar="RULE", help="Test with the name and severity of this rule."),
    ] = None,
    *,
    config: ConfigOption = None,
) -> None:
    """Send a test alert to every configured receiver and print the results.

    The alert is marked as a test and is not stored. The exit status is 1 if a receiver did not accept it.
    """
    from monitor.alerts.check import send_test_alerts  # noqa: PLC0415 -- slow, and only needed here
    from monitor.cli.alerts.table import of_receivers  # noqa: PLC0415

    results = asyncio.run(send_test_alerts(settings(config, "error"), rule))
    if not results:
        raise ConfigError("no receiver is configured for alerts", remedy="add one in [alerts.*] or [mqtt]")
    Console(highlight=False).print(of_receivers(results))
    if not all(result.ok for result in results):
        raise typer.Exit(1)
