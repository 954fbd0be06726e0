"""`pool-monitor registry reattribute`."""

from __future__ import annotations

import asyncio

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from monitor.cli.run import ConfigOption
from monitor.config import load


def reattribute(config: ConfigOption = None) -> None:
    """Attribute all stored blocks again with the current registry, and report the changes.

    Does not need the node. If it is interrupted, nothing changes, and the next run continues from there. A running
    daemon does the same automatically when the registry changes, so this is for when none runs.
    """
    from monitor.processing.reattribution import as_view  # noqa: PLC0415 -- slow, and only needed here
    from monitor.processing.reattribution import reattribute as work  # noqa: PLC0415

    columns = (TextColumn("attributing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("attributing", total=None)
        report = asyncio.run(work(load(config), lambda done, total: bar.update(task, completed=done, total=total)))
    Console().print(as_view(report))
