"""`pool-monitor check`."""

from __future__ import annotations

import asyncio

import typer
from rich.console import Console
from rich.text import Text

from monitor.cli.common import ConfigOption, settings
from monitor.config import Config

_MARKS = {"good": ("✓", "green"), "better": ("!", "yellow"), "bad": ("✗", "red")}


def check(config: ConfigOption = None) -> None:
    """Check configuration, database, receivers and node, and print what can be improved.

    Exit status: 0 the daemon can run, 1 the node cannot be reached, 2 the configuration must be changed.
    """
    raise typer.Exit(asyncio.run(_report(settings(config, "error"))))


async def _report(config: Config) -> int:
    from monitor.cli.check.findings import check as findings  # noqa: PLC0415 -- slow, and only needed here

    console = Console(highlight=False)
    worst = 0
    async for finding in findings(config):
        mark, colour = _MARKS[finding.grade]
        console.print(Text.assemble((f"{mark} ", colour), finding.what))
        if finding.remedy:
            console.print(Text("\n".join(f"  {line}" for line in finding.remedy.splitlines()), style="bold"))
        worst = max(worst, finding.exit_code)
    return worst
