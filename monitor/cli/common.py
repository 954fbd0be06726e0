"""What the commands share: options, settings, the progress bar."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Protocol

import typer

from monitor import logs
from monitor.config import Config, load
from monitor.model import Window

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="Configuration file. Default: pool-monitor.toml, if it exists."
    ),
]
First = Annotated[
    int | None, typer.Option("--from", metavar="HEIGHT", min=0, help="First block. Default: the lowest stored one.")
]
Last = Annotated[int | None, typer.Option("--to", metavar="HEIGHT", min=0, help="Last block. Default: the tip.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Output file. Default: standard output.")
]
UrlOption = Annotated[str | None, typer.Option(help="Address of the daemon. Default: as configured.")]
AtOption = Annotated[
    str | None,
    typer.Option(metavar="DAY|HEIGHT", help="As of an earlier block: windows end there. Example: 2026-01-31."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Report(Protocol):
    """Shows progress."""

    def __call__(self, done: int, total: int, title: str | None = None) -> None:
        """Show how many blocks of all are done, and change the title if one is given."""


def settings(config: Path | None, level: str | None = "warning") -> Config:
    """The configuration, with logging set up by it; `level` None is the configured one."""
    found = load(config)
    logs.configure(level or found.log.level, found.log.format)
    return found


def window(name: str) -> Window:
    """Parse a window that the user named."""
    try:
        return Window.parse(name)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def moment(iso: str) -> str:
    """A timestamp of the API, as on the pages."""
    return f"{iso[:16].replace('T', ' ')} UTC"


@contextmanager
def progress(title: str, *, transient: bool = True) -> Iterator[Report | None]:
    """A bar on standard error, removed at the end if `transient`; None if standard error is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich import progress as rich  # noqa: PLC0415 -- slow, and only needed here
    from rich.console import Console  # noqa: PLC0415

    columns = (
        rich.TextColumn("{task.description}"), rich.BarColumn(bar_width=None), rich.MofNCompleteColumn(),
        rich.TaskProgressColumn(), rich.TextColumn("{task.fields[rate]}"), rich.TimeRemainingColumn(),
    )  # fmt: skip
    with rich.Progress(*columns, console=Console(stderr=True), expand=True, transient=transient) as bar:
        task = bar.add_task(title, total=None, rate="")

        def report(done: int, total: int, title: str | None = None) -> None:
            speed = bar.tasks[task].speed
            rate = f"{speed:,.0f} blocks/s" if speed else ""
            bar.update(task, completed=done, total=total, description=title, rate=rate)

        yield report
