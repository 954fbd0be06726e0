"""`pool-monitor registry`."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from monitor import logs
from monitor.cli.registry.reattribute import reattribute
from monitor.cli.registry.suggest import suggest
from monitor.cli.run import ConfigOption
from monitor.config import Config, load
from monitor.errors import InputError
from monitor.model import PoolSlug

if TYPE_CHECKING:
    from monitor.registry.lists import Copy

_PAGE = 160
"""Letters in a line where there is no terminal to ask."""


class ListName(StrEnum):
    """An upstream list."""

    MEMPOOL = "mempool"
    BITCOIN_DATA = "bitcoin-data"


registry = typer.Typer(name="registry", help="The registry of pools.", no_args_is_help=True)

WhichList = Annotated[
    ListName | None, typer.Option("--list", help="Which list it is a copy of; without it, the one that it resembles.")
]


@registry.command()
def show(
    slug: Annotated[str | None, typer.Argument(metavar="SLUG", help="One pool, in full.")] = None,
    *,
    config: ConfigOption = None,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="What the stored blocks of unknown miners have in common, as new entries.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """What is known of the pools: marks, template group, operator, country.

    The database is the daemon's while it runs, so --unknown needs it stopped.
    """
    from monitor.cli.registry import tables as registry_view  # noqa: PLC0415 -- slow, and only needed here
    from monitor.cli.registry.unknown import frequent  # noqa: PLC0415
    from monitor.registry import lists  # noqa: PLC0415 -- slow, and only needed here
    from monitor.registry.loading import load_registry, network_of  # noqa: PLC0415

    settings = _settings(config)
    if unknown:
        found_unknown = asyncio.run(frequent(settings))
        if as_json:
            typer.echo(json.dumps(asdict(found_unknown), indent=2))
        else:
            _console().print(registry_view.unknown(found_unknown))
        return
    known = load_registry(settings.registry, network_of(settings))
    now = int(time.time())
    if as_json:
        slugs = [PoolSlug(slug)] if slug else list(known.pools.by_slug)
        found = [registry_view.as_object(known, each, now) for each in slugs]
        typer.echo(json.dumps(found[0] if slug else found, ensure_ascii=False, indent=2))
    elif slug:
        _console().print(registry_view.one_pool(known, PoolSlug(slug), now))
    else:
        _console().print(registry_view.all_pools(known, now, lists.current_copies()))


@registry.command()
def diff(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A newer copy of either list: what would it change?")
    ] = None,
    *,
    config: ConfigOption = None,
    which: WhichList = None,
) -> None:
    """Where the two upstream lists contradict each other, and how that is decided here.

    With a file, what taking this newer copy would change, and whether anything speaks against it.
    """
    from monitor.cli.registry import tables as registry_view  # noqa: PLC0415 -- slow, and only needed here
    from monitor.registry import lists  # noqa: PLC0415 -- slow, and only needed here
    from monitor.registry import update as registry_update  # noqa: PLC0415

    settings = _settings(config)
    if file is None:
        _console().print(registry_view.disagreements(lists.current_copies(), lists.decisions()))
        return
    copies = asyncio.run(_fetched([str(file)], which))
    _console().print(registry_view.proposal(registry_update.propose(copies, settings.registry)))


@registry.command()
def update(
    *,
    config: ConfigOption = None,
    origins: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="FILE|URL", help="A newer copy; without it, both lists as they are upstream."),
    ] = None,
    which: WhichList = None,
    let_go: Annotated[
        list[str] | None, typer.Option("--let-go", metavar="SLUG", help="A pool that may vanish with its marks.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Take it without asking, unless something speaks against it.")
    ] = False,
) -> None:
    """Take newer copies of the upstream lists, after a look at what they change.

    They are kept in your data directory and used from then on, at once by a running daemon. If anything speaks against
    them, everything stays as it is, and the exit status is 1.
    """
    from monitor.cli.registry import tables as registry_view  # noqa: PLC0415 -- slow, and only needed here
    from monitor.registry import lists  # noqa: PLC0415 -- slow, and only needed here
    from monitor.registry import update as registry_update  # noqa: PLC0415

    settings = _settings(config)
    copies = asyncio.run(_fetched(origins, which))
    proposal = registry_update.propose(copies, settings.registry, let_go=let_go or ())
    _console().print(registry_view.proposal(proposal))
    if proposal.doubts:
        raise InputError("the registry stays as it is, because of the doubts above")
    if not proposal.changes:
        return
    if not yes:
        typer.confirm("Take it?", abort=True)
    typer.echo(f"Written to {lists.keep(copies)}")


registry.command()(suggest)
registry.command()(reattribute)


async def _fetched(origins: list[str] | None, which: ListName | None) -> list[Copy]:
    """The copies, each of another list."""
    from monitor.registry import lists  # noqa: PLC0415
    from monitor.registry import update as registry_update  # noqa: PLC0415

    now = datetime.now(UTC)
    named = [(origin, which) for origin in origins or ()]
    wanted = named or [(url, ListName(name)) for name, url in lists.UPSTREAM.items()]
    copies = []
    for origin, name in wanted:
        data = await registry_update.fetch(origin)
        copies.append(registry_update.read(data, origin, source=name, now=now))
    if len({copy.list.source for copy in copies}) < len(copies):
        raise InputError("two of these are copies of the same list", remedy="give one of them")
    return copies


def _settings(config: Path | None) -> Config:
    settings = load(config)
    logs.configure("warning", settings.log.format)
    return settings


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PAGE)
