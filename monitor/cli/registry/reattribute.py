"""`pool-monitor registry reattribute`."""

from __future__ import annotations

import asyncio

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from monitor.cli.run import ConfigOption
from monitor.config import load


def reattribute(config: ConfigOption = None) -> None:
    """Judge every stored block anew by the present registry, and report what moved.

    Needs no node. Stopped half-way it changes nothing, and goes on from there the next time. A running daemon does
    the same by itself when the registry changes (or on SIGHUP), so this is for when none runs.
    """
    from monitor.processing.reattribution import as_view  # noqa: PLC0415 -- slow, and only needed here
    from monitor.processing.reattribution import reattribute as work  # noqa: PLC0415

    columns = (TextColumn("judging"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("judging", total=None)
        report = asyncio.run(work(load(config), lambda done, total: bar.update(task, completed=done, total=total)))
    Console().print(as_view(report))
