"""`pool-monitor registry proposals`."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console, RenderableType
from rich.table import Table

from monitor.cli.common import ConfigOption, JsonOption, settings
from monitor.config import Config
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.model import Proposal

_PAGE = 160
"""Characters in a line where the output is no terminal."""


def proposals(
    config: ConfigOption = None,
    *,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", metavar="GROUP", help="Write the members of this group to your registry file."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call the accepted group. Default: as proposed.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Template groups and custodians that this monitor has measured, with dates, confidence and evidence.

    The stored blocks and audits are the evidence; docs/templates.md explains it. Nothing counts before you accept it,
    unless registry.template is "measured" or custody.enabled is set. Accepted members are appended to the file that
    registry.user_file names, which a running daemon reloads.
    """
    configured = settings(config)
    found = asyncio.run(_stored(configured))
    if accept:
        entries = [entry for group in accept for entry in _entries(found, group, name)]
        file = configured.registry.user_file
        if file is None:
            raise InputError(
                "there is no file to write to", remedy="set registry.user_file, or paste what --json shows"
            )
        _append(file, entries, configured)
        typer.echo(f"Written to {file}: {len(entries)} memberships")
    elif as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2, default=str))
    else:
        Console(highlight=False, width=None if sys.stdout.isatty() else _PAGE).print(as_table(found))


def as_table(found: tuple[Proposal, ...]) -> RenderableType:
    """The proposals for people."""
    if not found:
        return "No evidence unites any pools."
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("level", "group", "pool", "since", "until", "confidence", "evidence"):
        table.add_column(column, overflow="fold")
    for each in found:
        evidence = "\n".join(f"{one.kind}, p {one.p:.2g}: {one.text}" for one in each.evidence)
        dates = (str(each.since), str(each.until or "today"))
        table.add_row(each.level, each.group, each.pool, *dates, each.confidence, evidence)
    return table


def _entries(found: tuple[Proposal, ...], group: str, name: str | None) -> list[str]:
    """TOML for the members of a group; JSON's strings are TOML's too."""
    members = [each for each in found if each.group == group]
    if not members:
        raise InputError(f"no group {group!r} is proposed", remedy="see pool-monitor registry proposals")
    entries = []
    for each in members:
        lines = [
            f"pool = {json.dumps(each.pool)}", f"{each.level} = {json.dumps(name or group)}", f"since = {each.since}",
            *([f"until = {each.until}"] if each.until else []),
            'source = "measured by this monitor"',
            f"note = {json.dumps('; '.join(one.text for one in each.evidence)[:900], ensure_ascii=False)}",
        ]  # fmt: skip
        entries.append("\n".join(["[[membership]]", *lines]))
    return entries


def _append(file: Path, entries: list[str], config: Config) -> None:
    """Add entries to the user's file, if the registry can be used with them.

    Raises:
        InputError: the file cannot be written.
        RegistryError: the entries contradict others of the file.
    """
    from monitor.registry.loading import load_registry, network_of  # noqa: PLC0415 -- slow, and only needed here

    part = file.with_name(file.name + ".part")
    try:
        before = file.read_text("utf-8") if file.exists() else ""
        text = "\n\n".join([*([before.rstrip("\n")] if before.strip() else []), *entries]) + "\n"
        part.write_text(text, "utf-8")
        load_registry(config.registry.model_copy(update={"user_file": part}), network_of(config))
        part.replace(file)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be written: {error}") from None
    finally:
        part.unlink(missing_ok=True)


async def _stored(config: Config) -> tuple[Proposal, ...]:
    """What the stored evidence suggests.

    Raises:
        StoreRefused: there is no database, or it is not of this version.
    """
    from monitor.processing.measured import stored_proposals  # noqa: PLC0415 -- slow, and only needed here
    from monitor.store.store import Store  # noqa: PLC0415

    async with await Store.open(config.store.reading, beside=True) as store:
        return await stored_proposals(store)
