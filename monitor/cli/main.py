"""All commands, in the order of `--help`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from monitor import __version__

_MODULES: Final = {
    "demo": "monitor.cli.demo",
    "check": "monitor.cli.check.command",
    "run": "monitor.cli.run",
    "status": "monitor.cli.status.command",
    "entity": "monitor.cli.entity",
    "backfill": "monitor.cli.backfill",
    "attribute": "monitor.cli.attribute.command",
    "concentration": "monitor.cli.concentration.command",
    "audit": "monitor.cli.audit.command",
    "stratum": "monitor.cli.stratum.command",
    "backtest": "monitor.cli.backtest.command",
    "alerts": "monitor.cli.alerts.command",
    "export": "monitor.cli.export",
    "stale": "monitor.cli.stale.command",
    "economy": "monitor.cli.economy.command",
    "registry": "monitor.cli.registry.command",
    "db": "monitor.cli.db",
    "token": "monitor.cli.token",
}
"""The module of each command. It has a function of that name, or a group of commands."""


class _Commands(Mapping[str, Any]):
    """The commands, each imported when it is looked up: importing all of them takes a second."""

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 -- a command of typer, which has no public type
        found = getattr(import_module(_MODULES[name]), name)
        parent = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode="markdown", add_completion=False)
        parent.callback()(lambda: None)  # which makes it a group, also of a single command
        if isinstance(found, typer.Typer):
            parent.add_typer(found)
        else:
            parent.command()(found)
        group = typer.main.get_command(parent)
        assert isinstance(group, TyperGroup)
        return group.commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


class _Group(TyperGroup):
    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401
        super().__init__(**attributes | {"commands": _Commands()})


cli = typer.Typer(
    name="pool-monitor",
    cls=_Group,
    help="Who mines Bitcoin, how concentrated is it, and how sure can we be?",
    epilog="Start with `pool-monitor demo`; beside a node, `pool-monitor check`, then `pool-monitor run`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 -- typer's way
    if wanted:
        typer.echo(f"pool-monitor {__version__}")
        raise typer.Exit


@cli.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Who mines Bitcoin, how concentrated is it, and how sure can we be?"""
    from monitor import logs  # noqa: PLC0415 -- slow, and --version needs none

    del version
    logs.configure("warning")  # a command that reads the configuration configures it again
