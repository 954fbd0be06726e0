"""How alerts stand, asked of a running daemon or read from the store, for people."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from monitor.cli.status.client import Client
from monitor.config import Config
from monitor.outputs.alert_json import as_json
from monitor.store.store import Store

_STYLES = {"firing": "bold red", "pending": "yellow", "resolved": "dim"}


async def ask(config: Config, url: str | None = None) -> list[dict[str, Any]]:
    """What a daemon says.

    Raises:
        PoolMonitorError: there is none, or it will not tell.
    """
    async with Client(config, url) as client:
        return await client.alerts()


async def remembered(config: Config) -> list[dict[str, Any]]:
    """What is stored, also beside a running daemon.

    Raises:
        StoreRefused: there is no store.
    """
    async with await Store.open(config.store.url, beside=True) as store:
        return [as_json(alert) for alert in await store.alerts.standing()]


def as_table(found: list[dict[str, Any]]) -> RenderableType:
    """For people: what fires first."""
    if not found:
        return Text("no alert fires, pends or was resolved in the last day")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("state", "since", "severity", "what"):
        table.add_column(name, no_wrap=name != "what")
    for alert in sorted(found, key=lambda each: (list(_STYLES).index(each["state"]), each["since"])):
        about = ", ".join(f"{name}={value}" for name, value in alert["labels"].items())
        table.add_row(
            Text(alert["state"], _STYLES[alert["state"]]), alert["since"][:16].replace("T", " "), alert["severity"],
            Text.assemble(alert["summary"] or about, (f"\n{alert['rule']}", "dim")),
        )  # fmt: skip
    return table
