"""`pool-monitor token`."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.config import Scope, Token, new_secret


def token(
    name: Annotated[str, typer.Argument(help="Name of the token, for the log and for you.")],
    *,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it allows: read (page and API) or metrics. Default: both.")
    ] = None,
) -> None:
    """Make a token for the web server: lines for the file of web.tokens_file, and the token.

    The lines go to standard output, so `pool-monitor token grafana --scope metrics >> tokens.toml` adds them to the
    file. They contain a hash only. The token itself is shown once, on standard error. To replace a token, add a new
    one, use it, and remove the old lines: the daemon reads the file when it changes.
    """
    if not name.isascii() or not name.isprintable() or '"' in name or "\\" in name:
        raise typer.BadParameter("use letters, digits and the like")
    secret = new_secret()
    typer.echo(Token.of(secret, name=name, scopes=scope or tuple(Scope)).toml())
    typer.echo(f"The token of {name}, which is shown only now: {secret}", err=True)
