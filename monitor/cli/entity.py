"""`pool-monitor entity`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.common import AtOption, ConfigOption, UrlOption, moment
from monitor.config import Config, load

if TYPE_CHECKING:
    from monitor.cli.status.client import Choice


def entity(  # noqa: PLR0913 -- its options
    level: Annotated[str, typer.Argument(metavar="LEVEL", help="template, operator, origin, country or pool.")],
    name: Annotated[str, typer.Argument(metavar="ENTITY", help="As status shows it: CN, antpool-and-friends.")],
    *,
    config: ConfigOption = None,
    url: UrlOption = None,
    window: Annotated[str | None, typer.Option(help="Window, as configured. Default: 7d, or the first.")] = None,
    at: AtOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the response of the API.")] = False,
) -> None:
    """Show the share of a template builder, an operator or a country, and who belongs to it.

    Asks a running daemon. Each member has the days, the confidence and the source of the statement; those that are not
    counted widen the interval. Exit status 1 if no daemon answers, or nothing is counted for the entity.
    """
    from monitor.cli.status.client import Choice  # noqa: PLC0415 -- slow, and only needed here

    found = asyncio.run(_ask(load(config), url, name, choice=Choice(level, window, at)))
    if as_json:
        typer.echo(json.dumps(found))
    else:
        for line in lines(found):
            typer.echo(line)


async def _ask(config: Config, url: str | None, name: str, *, choice: Choice) -> dict[str, Any]:
    from monitor.cli.status.client import Client  # noqa: PLC0415 -- slow, and only needed here

    async with Client(config, url) as client:
        return await client.entity(name, choice)


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The response as text."""
    tip = found["tip"]
    yield f"{found['name']} ({found['level']}), as of block {tip['height']}, {moment(tip['time'])}"
    yield ""
    for share in found["shares"]:
        interval = "" if share["upper"] is None else f"  {100 * share['lower']:.1f} - {share['upper']:.1%} (95 %)"
        counted = f"{share['blocks']:,} of {share['total']:,} blocks"
        if share["complete"] < 1:
            counted += f", {share['complete']:.0%} of the window stored"
        yield f"  {share['window']:<6} {share['share']:>6.1%}{interval}  {counted}"
    yield ""
    yield f"Members, with their share of the last {found['window']}:"
    for member in found["members"]:
        state = "counted" if member["counted"] else "not counted" if member["current"] else "other days"
        dates = [f"since {member['since']}"] * bool(member["since"]) + [f"until {member['until']}"] * bool(
            member["until"]
        )
        stated = ", ".join([state, *dates, *([f"confidence {member['confidence']}"] if member["confidence"] else [])])
        yield f"  {member['pool_name']:<20} {member['share']:>6.1%}  {stated}"
        if member["source"]:
            yield f"      {member['source']}"
    yield ""
    yield (
        f"Pools that may belong to it and are not counted: {found['possible']:.1%} of the blocks; "
        f"unknown pools: {found['unknown']:.1%}."
    )
