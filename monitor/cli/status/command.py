"""`pool-monitor status`."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.common import AtOption, ConfigOption, UrlOption
from monitor.cli.tables import console
from monitor.config import Config, load

if TYPE_CHECKING:
    from monitor.cli.status.client import Choice, Status

_WIDEST = 120
"""Wider tables are harder to read."""


def status(  # noqa: PLR0913 -- its options
    config: ConfigOption = None,
    *,
    url: UrlOption = None,
    level: Annotated[str | None, typer.Option(help="Level: pool, template, operator, origin or country.")] = None,
    window: Annotated[
        str | None, typer.Option(help="Window, as configured: 24h, 7d, 2016b. Default: 7d, or the first.")
    ] = None,
    at: AtOption = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show a live screen.")] = False,
    nodes: Annotated[
        bool, typer.Option("--nodes", help="Show nodes, splits and the newest blocks of every branch.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; with --watch one line per change.")] = False,
) -> None:
    """Show the state of a running daemon. Exit status 1 if none answers.

    Prints shares with intervals, indices for every window, alerts and the newest blocks. With --watch the screen is
    updated live; its last line has the keys, and `?` explains them. If the output is not a terminal,
    each change is printed. With --at: the numbers as of an earlier block, without alerts, which are of now. With
    --nodes: which node is on which branch, once; --json prints the response of /api/v1/nodes.
    """
    if at and (watch or nodes):
        raise typer.BadParameter("an earlier block does not change, and nodes have no past", param_hint="--at")
    if nodes:
        asyncio.run(_show_nodes(load(config), url, as_json=as_json))
        return
    from monitor.cli.status.client import Choice  # noqa: PLC0415 -- slow, and only needed here

    asyncio.run(_show(load(config), url, Choice(level, window, at), watch=watch, as_json=as_json))


async def _show_nodes(config: Config, url: str | None, *, as_json: bool) -> None:
    from monitor.cli.status.client import Client  # noqa: PLC0415 -- slow, and only needed here
    from monitor.cli.status.nodes import as_nodes  # noqa: PLC0415

    async with Client(config, url) as client:
        found = await client.read("nodes", has="summary")
    if as_json:
        typer.echo(json.dumps(found))
    else:
        console(_WIDEST).print(as_nodes(found, time.time()))


async def _show(config: Config, url: str | None, choice: Choice, *, watch: bool, as_json: bool) -> None:
    from monitor.cli.status.client import Client  # noqa: PLC0415 -- slow, and only needed here
    from monitor.cli.status.view import as_view  # noqa: PLC0415
    from monitor.cli.status.watch import print_changes  # noqa: PLC0415
    from monitor.cli.status.watch import watch as fill  # noqa: PLC0415

    out = console(_WIDEST)

    def show(found: Status) -> None:
        if as_json:
            typer.echo(json.dumps(asdict(found)))
        else:
            out.print(as_view(found), width=min(out.width, _WIDEST))

    async with Client(config, url) as client:
        if not watch:
            show(await client.ask(choice))
        elif as_json or not out.is_terminal:
            await print_changes(client, choice, show)
        else:
            await fill(client, choice, out)
