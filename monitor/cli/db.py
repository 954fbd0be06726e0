"""`pool-monitor db`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.common import ConfigOption, progress, settings
from monitor.errors import Exit

db = typer.Typer(name="db", help="Check, back up, copy and prune the database.", no_args_is_help=True)


@db.command()
def check(*, config: ConfigOption = None) -> None:
    """Verify what is stored. A daemon may be running.

    Every block of the best chain must stand on the one below, without a gap or a second block of a height; every
    attribution must be the one that was written; and the pages of a SQLite file must be whole. Problems are listed, and
    the exit status is 1.
    """
    from monitor.store import integrity  # noqa: PLC0415 -- slow, and only needed here

    with progress("checking") as bar:
        found = integrity.check(settings(config).store.url, bar or _silent)
    for problem in found.problems:
        typer.echo(problem, err=True)
    if found.first is None:
        typer.echo("The database holds no block.")
    else:
        typer.echo(
            f"The database holds blocks {found.first:,} to {found.last:,} ({found.blocks:,}), {found.stale:,} stale "
            f"blocks, and {found.attributions:,} distinct attributions."
        )
    if len(found.registries) > 1:
        many = ", ".join(f"{blocks:,} by {registry}" for registry, blocks in sorted(found.registries.items()))
        typer.echo(f"A re-attribution is not finished ({many}): the daemon finishes it.")
    typer.echo(f"{len(found.problems)} problems." if found.problems else "No problem was found.")
    if found.problems:
        raise typer.Exit(Exit.CRASHED)


@db.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New file; it appears once it is complete.")],
    *,
    config: ConfigOption = None,
) -> None:
    """Copy the SQLite database to a file, consistent although a daemon is writing.

    To restore it, stop the daemon and put the file in the place of the database. For PostgreSQL use pg_dump.
    """
    from monitor.store import copying  # noqa: PLC0415 -- slow, and only needed here

    size = copying.backup(settings(config).store.url, file)
    typer.echo(f"{file} has {size:,} bytes.")


@db.command()
def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="URL of the database to copy, as for store.url.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="URL of an empty database, or of a new file.")],
) -> None:
    """Copy everything from one database to another, of the same or the other engine.

    The source may be in use. The copy is complete or not made at all: rows are counted and hashed on both sides
    before it is committed.
    """
    from monitor.store import copying  # noqa: PLC0415 -- slow, and only needed here

    with progress("copying") as bar:
        copied = copying.copy(source, target, bar or _silent)
    typer.echo(", ".join(f"{rows:,} {table}" for table, rows in copied.items() if rows) or "nothing to copy")


@db.command()
def prune(
    *,
    config: ConfigOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete. Without it, only say what would be deleted.")] = False,
) -> None:
    """Delete details that are older than they are kept. A daemon may be running.

    They are the transactions of audits (audit.keep_days), rounds of the stratum watch (stratum.keep_days), and, with
    store.keep_days, when which node saw a block and what the audit counted of it. Blocks are never deleted. The daemon
    does the same once a day. A SQLite file becomes smaller only if no daemon uses it; otherwise, and on a PostgreSQL
    server, the space is used for new rows.
    """
    from monitor.cli.pruning import pruned  # noqa: PLC0415 -- slow, and only needed here

    found = asyncio.run(pruned(settings(config), delete=yes))
    for table, rows in found.rows.items():
        typer.echo(f"{rows:>12,} {table}")
    if not yes:
        typer.echo(
            "Nothing was deleted; --yes deletes these rows." if any(found.rows.values()) else "Nothing is too old."
        )
    elif found.after < found.before:
        typer.echo(f"The database has {found.after:,} bytes, {found.before - found.after:,} less than before.")
    else:
        free = f"{found.free:,} bytes of it" if found.free else "the space of these rows"
        typer.echo(f"The database has {found.after:,} bytes; {free} will be used for new rows.")


def _silent(_done: int, _total: int) -> None:
    """Without a terminal there is no bar."""
