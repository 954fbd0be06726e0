"""`pool-monitor registry suggest`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from monitor.cli.common import ConfigOption, JsonOption, settings
from monitor.cli.tables import console, table
from monitor.config import Config

if TYPE_CHECKING:
    from monitor.attribution.new_payouts import Sighting, Suggestions


def suggest(
    config: ConfigOption = None,
    *,
    least: Annotated[int, typer.Option("--blocks", min=1, help="Leave out addresses of fewer blocks.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """Payout addresses that no list has, of pools whose stored blocks are known by their tag alone.

    Nothing is learned: check the addresses, and paste the entries that you accept into the file that
    registry.user_file names. A pool that pays its miners in the coinbase has addresses of miners here.
    """
    found = asyncio.run(_suggestions(settings(config), least))
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
        return
    console(132).print(as_table(found))
    for entry in found.entries:
        typer.echo(entry)  # to be pasted, so without the line breaks of a console


def as_table(found: Suggestions) -> RenderableType:
    """The suggestions for people."""
    if not found.payouts:
        return "No unknown payout address recurs in blocks with the tag of one pool."
    rows = table("pool", "address", "blocks", "of", "first", "last", right={"blocks", "of"})
    for each in found.payouts:
        counts = (f"{each.blocks:,}", f"{each.of:,}")
        rows.add_row(each.pool, each.address, *counts, _when(each.first), _when(each.last))
    return rows


def _when(seen: Sighting) -> str:
    return f"{datetime.fromtimestamp(seen.time, UTC):%Y-%m-%d} ({seen.height})"


async def _suggestions(config: Config, least: int) -> Suggestions:
    """What the stored blocks suggest.

    Raises:
        StoreRefused: there is no database, or it is not of this version.
    """
    from monitor.attribution.new_payouts import new_payouts  # noqa: PLC0415 -- slow, and only needed here
    from monitor.registry.loading import load_registry, network_of  # noqa: PLC0415
    from monitor.store.store import Store  # noqa: PLC0415

    async with await Store.open(config.store.reading, beside=True) as store:
        registry = load_registry(config.registry, await store.network() or network_of(config)).pools
        return await store.reading(lambda reading: new_payouts(reading.named_by_tag(), registry, least=least))
