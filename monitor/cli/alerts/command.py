"""`pool-monitor alerts`."""

from __future__ import annotations

import asyncio
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from monitor import logs
from monitor.cli.run import ConfigOption
from monitor.config import load
from monitor.errors import ConfigError

alerts = typer.Typer(
    name="alerts", help="Alerts, the rules that raise them, and those who are told of them.", no_args_is_help=True
)


class Target(StrEnum):
    """Whom the rules are exported for."""

    PROMETHEUS = "prometheus"


@alerts.command("list")
def show(
    *,
    config: ConfigOption = None,
    url: Annotated[str | None, typer.Option(help="Where the daemon listens; else as configured.")] = None,
    stored: Annotated[
        bool, typer.Option("--stored", help="What is stored, without asking a daemon: as they stood last.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """How the alerts of a running daemon stand: pending, firing, and resolved in the last day."""
    from monitor.cli.alerts.table import as_table, ask, remembered  # noqa: PLC0415 -- slow, and only needed here

    settings = load(config)
    found = asyncio.run(remembered(settings) if stored else ask(settings, url))
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        Console(highlight=False).print(as_table(found))


@alerts.command()
def export(
    target: Annotated[Target, typer.Argument(help="For whom.")],
    *,
    config: ConfigOption = None,
    runbook: Annotated[
        str, typer.Option(metavar="URL", help="Where your people find the runbook.")
    ] = "docs/runbook.md",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Else standard output.")] = None,
) -> None:
    """Write the rules as a rule file of Prometheus, for those who evaluate there. It says itself what differs."""
    from monitor.alerts.loading import METRIC_LOOKUP, load_rules  # noqa: PLC0415 -- slow, and only needed here
    from monitor.alerts.prometheus import rule_file  # noqa: PLC0415
    from monitor.processing.stored_blocks import written  # noqa: PLC0415

    del target  # there is but one
    settings = load(config)
    logs.configure("warning", settings.log.format)
    with written(output) as sink:
        sink.write(rule_file(load_rules(settings), METRIC_LOOKUP, runbook=runbook).encode())


@alerts.command(name="test")
def try_receivers(
    rule: Annotated[
        str | None, typer.Argument(metavar="RULE", help="Whose alert it would be, with its severity.")
    ] = None,
    *,
    config: ConfigOption = None,
) -> None:
    """Send a test alert through every configured receiver, and say what each one answered.

    It is marked as a test, and nothing of it stays. Exit status 1 when one of them did not take it.
    """
    from monitor.alerts.check import as_table, try_all  # noqa: PLC0415 -- slow, and only needed here

    settings = load(config)
    logs.configure("error", settings.log.format)
    answers = asyncio.run(try_all(settings, rule))
    if not answers:
        raise ConfigError("nobody would be told of an alert", remedy="name a receiver in [alerts.*] or [mqtt]")
    Console(highlight=False).print(as_table(answers))
    if not all(answer.good for answer in answers):
        raise typer.Exit(1)
