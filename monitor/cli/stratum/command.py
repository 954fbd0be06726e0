"""`pool-monitor stratum`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from monitor.cli.common import ConfigOption, JsonOption, UrlOption, settings

stratum = typer.Typer(
    name="stratum",
    help="Show what pools announce to their miners, and look at one server.",
    invoke_without_command=True,
)


@stratum.callback()
def show(
    context: typer.Context, *, config: ConfigOption = None, url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """Show what pools announce to their miners, from a running daemon; `probe` looks at one server.

    For each pool the block that it works on, its lag behind the first pool on new blocks, empty first jobs, and who has
    the same template; then the evidence of shared templates, and faulty jobs. The daemon watches the servers of
    `stratum.endpoints`; without any it connects to none. Exit status 1 if no daemon answers.
    """
    if context.invoked_subcommand:
        return
    from monitor.cli.stratum import text  # noqa: PLC0415 -- slow, and only needed here

    asyncio.run(text.show(settings(config), url, as_json=as_json))


@stratum.command()
def probe(
    server: Annotated[
        str, typer.Argument(metavar="HOST:PORT", help="The server; with stratum+ssl:// before it, over TLS.")
    ],
    *,
    config: ConfigOption = None,
    user: Annotated[str | None, typer.Option(help="User name, if the server needs an account.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=100, help="Jobs to wait for.")] = 1,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long to wait.")] = 60.0,
    as_json: JsonOption = False,
) -> None:
    """Connect to a stratum server once, and print the jobs that it sends, decoded.

    Nothing is submitted. `stratum.proxy` is used. A daemon need not run. Exit status 1 if no job comes.
    """
    from monitor.cli.stratum import text  # noqa: PLC0415 -- slow, and only needed here

    asyncio.run(text.probe(settings(config), server, user=user, jobs=jobs, seconds=seconds, as_json=as_json))
