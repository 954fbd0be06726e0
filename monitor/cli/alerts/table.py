"""Alerts and tests of their receivers as tables; alerts from a running daemon or from the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from monitor.cli.status.client import Client
from monitor.cli.tables import table
from monitor.config import Config
from monitor.outputs.schemas.alerts import Alert
from monitor.store.store import Store

if TYPE_CHECKING:
    from monitor.alerts.check import ReceiverResult

_STYLES = {"firing": "bold red", "pending": "yellow", "resolved": "dim"}


async def fetch_alerts(config: Config, url: str | None = None) -> list[dict[str, Any]]:
    """The alerts of a running daemon.

    Raises:
        PoolMonitorError: no daemon answers, or it rejects the request.
    """
    async with Client(config, url) as client:
        found: list[dict[str, Any]] = (await client.read("alerts", has="alerts"))["alerts"]
        return found


async def stored_alerts(config: Config) -> list[dict[str, Any]]:
    """The stored alerts; works while the daemon is running too.

    Raises:
        StoreRefused: there is no database.
    """
    async with await Store.open(config.store.reading, beside=True) as store:
        return [Alert.of(alert).model_dump() for alert in await store.alerts.load()]


def of_receivers(results: list[ReceiverResult]) -> RenderableType:
    """What came of a test of each receiver."""
    rows = Table("Receiver", "Result", "Seconds", box=None, pad_edge=False)
    for each in results:
        mark = Text("✓ ", "green") if each.ok else Text("✗ ", "red")
        rows.add_row(each.receiver, mark + Text(each.detail), f"{each.seconds:.1f}")
    return rows


def of_alerts(found: list[dict[str, Any]]) -> RenderableType:
    """Firing alerts first."""
    if not found:
        return Text("no alert is pending, firing or was resolved in the last day")
    rows = table("state", "since", "severity", "what", whole=("state", "since", "severity"))
    for alert in sorted(found, key=lambda each: (list(_STYLES).index(each["state"]), each["since"])):
        about = ", ".join(f"{name}={value}" for name, value in alert["labels"].items())
        rows.add_row(
            Text(alert["state"], _STYLES[alert["state"]]), alert["since"][:16].replace("T", " "), alert["severity"],
            Text.assemble(alert["summary"] or about, (f"\n{alert['rule']}", "dim")),
        )  # fmt: skip
    return rows
