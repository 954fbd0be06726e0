"""`pool-monitor registry`."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from monitor.cli.common import ConfigOption, JsonOption, progress, settings
from monitor.cli.registry.proposals import proposals
from monitor.cli.registry.suggest import suggest
from monitor.cli.tables import console
from monitor.config import Config, load
from monitor.errors import InputError
from monitor.model import PoolSlug

if TYPE_CHECKING:
    from monitor.attribution.frequent import Frequent
    from monitor.registry.lists import Copy

registry = typer.Typer(name="registry", help="Show, update and apply the registry of pools.", no_args_is_help=True)

ListName: TypeAlias = Literal["mempool", "bitcoin-data"]
WhichList = Annotated[
    ListName | None, typer.Option("--list", help="The list that it is a copy of. Default: the most similar one.")
]


@registry.command()
def show(
    slug: Annotated[str | None, typer.Argument(metavar="SLUG", help="Show this pool only, with details.")] = None,
    *,
    config: ConfigOption = None,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Show what stored blocks of unknown miners share, with entries.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the pools with their marks, template groups, operators, origins and countries."""
    from monitor.cli.registry import tables as registry_view  # noqa: PLC0415 -- slow, and only needed here
    from monitor.registry import lists  # noqa: PLC0415 -- slow, and only needed here
    from monitor.registry.loading import load_registry, network_of  # noqa: PLC0415

    configured = settings(config)
    if unknown:
        found_unknown = asyncio.run(frequent(configured))
        if as_json:
            typer.echo(json.dumps(asdict(found_unknown), indent=2))
        else:
            console().print(registry_view.unknown(found_unknown))
        return
    known = load_registry(configured.registry, network_of(configured))
    now = int(time.time())
    if as_json:
        slugs = [PoolSlug(slug)] if slug else list(known.pools.by_slug)
        found = [registry_view.as_object(known, each, now) for each in slugs]
        typer.echo(json.dumps(found[0] if slug else found, ensure_ascii=False, indent=2))
    elif slug:
        console().print(registry_view.one_pool(known, PoolSlug(slug), now))
    else:
        console().print(registry_view.all_pools(known, now, lists.current_copies()))


@registry.command()
def diff(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A newer copy of either list.")] = None,
    *,
    config: ConfigOption = None,
    which: WhichList = None,
) -> None:
    """Show where the two upstream lists contradict each other, and how that is resolved here.

    With a file: what this newer copy of a list would change, and any doubts about it.
    """
    from monitor.cli.registry import tables as registry_view  # noqa: PLC0415 -- slow, and only needed here
    from monitor.registry import lists  # noqa: PLC0415 -- slow, and only needed here
    from monitor.registry import update as registry_update  # noqa: PLC0415

    configured = settings(config)
    if file is None:
        console().print(registry_view.disagreements(lists.current_copies(), lists.decisions()))
        return
    copies = asyncio.run(_fetched([str(file)], which))
    console().print(registry_view.proposal(registry_update.propose(copies, configured.registry)))


@registry.command()
def update(
    *,
    config: ConfigOption = None,
    origins: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="FILE|URL", help="A newer copy. Default: download both lists."),
    ] = None,
    which: WhichList = None,
    let_go: Annotated[
        list[str] | None, typer.Option("--let-go", metavar="SLUG", help="Allow this pool to be removed.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Update the upstream lists, after showing the changes and asking for confirmation.

    The copies are stored in your data directory; a running daemon reloads them immediately. If there is any doubt about
    a copy, nothing is changed and the exit status is 1.
    """
    from monitor.cli.registry import tables as registry_view  # noqa: PLC0415 -- slow, and only needed here
    from monitor.registry import lists  # noqa: PLC0415 -- slow, and only needed here
    from monitor.registry import update as registry_update  # noqa: PLC0415

    configured = settings(config)
    copies = asyncio.run(_fetched(origins, which))
    proposal = registry_update.propose(copies, configured.registry, let_go=let_go or ())
    console().print(registry_view.proposal(proposal))
    if proposal.doubts:
        raise InputError("the registry was not changed, because of the doubts above")
    if not proposal.changes:
        return
    if not yes:
        typer.confirm("Apply these changes?", abort=True)
    typer.echo(f"Written to {lists.keep(copies)}")


registry.command()(suggest)
registry.command()(proposals)


@registry.command()
def reattribute(config: ConfigOption = None) -> None:
    """Attribute all stored blocks again with the current registry, and report the changes.

    Does not need the node. If it is interrupted, nothing changes, and the next run continues from there. A running
    daemon does the same automatically when the registry changes, so this is for when none runs.
    """
    from monitor.cli.registry import tables as registry_view  # noqa: PLC0415 -- slow, and only needed here
    from monitor.processing.reattribution import reattribute as work  # noqa: PLC0415

    with progress("attributing") as bar:
        report = asyncio.run(work(load(config), bar))
    console().print(registry_view.reattribution(report))


async def frequent(config: Config) -> Frequent:
    """The texts and payouts that several unattributed blocks of the store share.

    Raises:
        StoreRefused: there is no database, or it is from another version.
    """
    from monitor.attribution.frequent import most_frequent  # noqa: PLC0415 -- slow, and only needed here
    from monitor.attribution.unknown_miners import MEMORY  # noqa: PLC0415
    from monitor.registry.loading import network_of  # noqa: PLC0415
    from monitor.store.store import Store  # noqa: PLC0415

    async with await Store.open(config.store.reading, beside=True) as store:
        found = await store.unattributed(MEMORY)
        network = await store.network() or network_of(config)
    return most_frequent(((str(height), coinbase) for height, coinbase in found), network=network)


async def _fetched(origins: list[str] | None, which: ListName | None) -> list[Copy]:
    """Copies of different lists."""
    from monitor.registry import lists  # noqa: PLC0415
    from monitor.registry import update as registry_update  # noqa: PLC0415

    now = datetime.now(UTC)
    named: list[tuple[str, str | None]] = [(origin, which) for origin in origins or ()]
    wanted = named or [(url, name) for name, url in lists.UPSTREAM.items()]
    copies = []
    for origin, name in wanted:
        data = await registry_update.fetch(origin)
        copies.append(registry_update.read(data, origin, source=name, now=now))
    if len({copy.list.source for copy in copies}) < len(copies):
        raise InputError("two of these are copies of the same list", remedy="give one of them")
    return copies
