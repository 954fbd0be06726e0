"""`pool-monitor registry proposals`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from monitor.cli.common import ConfigOption, JsonOption, settings
from monitor.cli.tables import console, table
from monitor.config import Config
from monitor.errors import InputError, RegistryError

if TYPE_CHECKING:
    from monitor.model import Proposal


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
        _accept([_members(found, each) for each in dict.fromkeys(accept)], name, configured)
    elif as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2, default=str))
    else:
        console().print(as_table(found))


def as_table(found: tuple[Proposal, ...]) -> RenderableType:
    """The proposals for people."""
    if not found:
        return "No evidence unites any pools."
    rows = table("level", "group", "pool", "since", "until", "confidence", "evidence")
    for each in found:
        evidence = "\n".join(f"{one.kind}, p {one.p:.2g}: {one.text}" for one in each.evidence)
        dates = (str(each.since), str(each.until or "today"))
        rows.add_row(each.level, each.group, each.pool, *dates, each.confidence, evidence)
    return rows


def _members(found: tuple[Proposal, ...], group: str) -> list[Proposal]:
    members = [each for each in found if each.group == group]
    if not members:
        raise InputError(f"no group {group!r} is proposed", remedy="see pool-monitor registry proposals")
    return members


def _accept(groups: list[list[Proposal]], name: str | None, config: Config) -> None:
    """Write the members of groups to the user's file, without those that it has, and pools that the registry lacks.

    Raises:
        InputError: the name is none, or the file cannot be written.
        RegistryError: the file cannot be used, or the members contradict others in it.
    """
    from monitor.registry.loading import load_registry, network_of  # noqa: PLC0415 -- slow, and only needed here

    file, network = config.registry.user_file, network_of(config)
    if file is None:
        raise InputError("there is no file to write to", remedy="set registry.user_file, or paste what --json shows")
    if name is not None and (not name.strip() or not name.isprintable() or name == "own"):
        raise InputError(f"{name!r} cannot be the name of a group", remedy="use letters and digits; own means no group")
    if name is not None and len(groups) > 1:
        raise InputError("--name would unite several groups", remedy="accept one at a time")
    registry = load_registry(config.registry if file.exists() else None, network)
    stated = {(row.pool, row.template, row.custodian, row.since, row.until) for row in registry.memberships.stated}
    entries, unknown = [], set()
    for each in (member for group in groups for member in group):
        called = name or each.group
        template, custodian = (called if each.level == level else None for level in ("template", "custodian"))
        if network == "main" and each.pool not in registry.pools.by_slug:
            unknown.add(each.pool)
        elif (each.pool, template, custodian, each.since, each.until) not in stated:
            entries.append(_entry(each, called))
    if unknown:
        typer.echo(f"Left out, as the registry does not have them: {', '.join(sorted(unknown))}", err=True)
    if entries:
        _append(file, entries, config)
        typer.echo(f"Written to {file}: {len(entries)} memberships")
    else:
        typer.echo(f"Nothing was written: {file} has all of these memberships")


def _entry(each: Proposal, called: str) -> str:
    """A membership as TOML; JSON's strings are TOML's too, if they are printable."""
    lines = [
        f"pool = {json.dumps(each.pool)}", f"{each.level} = {json.dumps(called, ensure_ascii=False)}",
        f"since = {each.since}", *([f"until = {each.until}"] if each.until else []),
        'source = "measured by this monitor"',
        f"note = {json.dumps('; '.join(one.text for one in each.evidence)[:900], ensure_ascii=False)}",
    ]  # fmt: skip
    return "\n".join(["[[membership]]", *lines])


def _append(file: Path, entries: list[str], config: Config) -> None:
    """Add entries at the end of the user's file, if the registry can be used with them.

    What the file has is not written again: its comments, line ends, owner and permissions stay as they are, and it may
    be a link, or mounted into a container.

    Raises:
        InputError: the file cannot be written.
        RegistryError: the entries contradict others of the file.
    """
    from monitor.registry.loading import load_registry, network_of  # noqa: PLC0415 -- slow, and only needed here

    with TemporaryDirectory() as folder:
        trial = Path(folder) / file.name
        try:
            before = file.read_bytes() if file.exists() else b""
            lead = "" if not before.strip() else "\n" if before.endswith(b"\n") else "\n\n"
            added = (lead + "\n\n".join(entries) + "\n").encode()
            if b"\r\n" in before:
                added = added.replace(b"\n", b"\r\n")
            trial.write_bytes(before + added)
            load_registry(config.registry.model_copy(update={"user_file": trial}), network_of(config))
            with file.open("ab") as own:
                own.write(added)
        except RegistryError as error:
            raise RegistryError(f"nothing was written: {str(error).replace(str(trial), str(file))}") from None
        except OSError as error:
            raise InputError(f"{file} cannot be written: {error.strerror}") from None


async def _stored(config: Config) -> tuple[Proposal, ...]:
    """What the stored evidence suggests.

    Raises:
        StoreRefused: there is no database, or it is not of this version.
    """
    from monitor.processing.measured import stored_proposals  # noqa: PLC0415 -- slow, and only needed here
    from monitor.store.store import Store  # noqa: PLC0415

    async with await Store.open(config.store.reading, beside=True) as store:
        return await stored_proposals(store)
