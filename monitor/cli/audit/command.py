"""`pool-monitor audit`."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

import typer

from monitor.cli.common import ConfigOption, settings

_Form = Annotated[Literal["table", "json"], typer.Option("--format", help="Form of the output.")]


def audit(
    block: Annotated[str, typer.Argument(metavar="BLOCK", help="Height or hash of a stored block.")],
    *,
    config: ConfigOption = None,
    form: _Form = "table",
) -> None:
    """Show how a block compares with what the node would have mined: verdicts, reasons, fees foregone.

    The daemon audits blocks while it runs, if its node can do it; this command reads what it stored. A daemon may be
    running. The exit status is 1 if the block was not audited.
    """
    from monitor.cli.audit import text  # noqa: PLC0415 -- slow, and only needed here
    from monitor.processing.audit_lookup import stored_audit  # noqa: PLC0415

    text.show(asyncio.run(stored_audit(settings(config), block)), form)
