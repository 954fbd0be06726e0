"""What a running daemon says of itself, asked over its API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aiohttp
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.config import Config
from monitor.errors import PoolMonitorError

_WIDTHS = {"height": 6, "time": 16, "pool": 14, "by": 7, "txs": 5}
_TIMEOUT = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True, slots=True)
class Status:
    """The answers of the API, as they came."""

    status: dict[str, Any]
    concentration: list[dict[str, Any]]
    shares: list[dict[str, Any]]
    blocks: list[dict[str, Any]]


async def ask(config: Config, url: str | None = None) -> Status:
    """Ask a daemon.

    Args:
        config: tells where it listens and which token it wants.
        url: where it listens, if elsewhere.

    Raises:
        PoolMonitorError: there is none, or it will not tell.
    """
    host = f"[{config.web.host}]" if ":" in config.web.host else config.web.host
    base = (url or f"http://{host}:{config.web.port}").rstrip("/")
    token = config.web.secret_token
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=_TIMEOUT, raise_for_status=True) as session:
            status = await _get(session, f"{base}/api/v1/status")
            if status["tip"] is None:
                return Status(status, [], [], [])
            return Status(
                status,
                (await _get(session, f"{base}/api/v1/concentration"))["windows"],
                (await _get(session, f"{base}/api/v1/shares"))["windows"],
                (await _get(session, f"{base}/api/v1/blocks?limit=8"))["blocks"],
            )
    except aiohttp.ClientResponseError as error:
        if error.status == 401:
            raise PoolMonitorError(f"the daemon at {base} wants a token; set web.token_file as it has it") from None
        raise PoolMonitorError(f"the daemon at {base} answered HTTP {error.status} {error.message}") from None
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError):
        raise PoolMonitorError(
            f"no pool-monitor answers at {base}; start one with `pool-monitor run`, or say where with --url"
        ) from None


async def _get(session: aiohttp.ClientSession, url: str) -> Any:  # noqa: ANN401 -- JSON is whatever it is
    async with session.get(url) as response:
        return await response.json()


def as_view(found: Status) -> RenderableType:
    """For people: state, indices by window, shares, newest blocks."""
    state = found.status
    parts: list[RenderableType] = [_headline(state)]
    if found.concentration:
        parts += [_indices(found.concentration), _shares(found.shares), _blocks(found.blocks)]
    return Group(*parts)


def _headline(state: dict[str, Any]) -> Text:
    node = state["node"]
    text = Text.assemble(("ready", "bold green") if state["ready"] else (f"waiting: {state['waiting']}", "bold yellow"))
    if tip := state["tip"]:
        text.append(f"   block {tip['height']} by {tip['pool_name'] or 'an unknown miner'}, {tip['time']}")
    if node:
        text.append(f"\n{node['network']}, {node['version']}", style="dim")
    return text


def _indices(windows: list[dict[str, Any]]) -> Table:
    table = _table("Concentration", "window", "blocks", "unknown", "Nakamoto", "HHI", "effective", "Gini", "top 1")
    for one in windows:
        if one["split"]:
            low, high = one["split"], one["merged"]
            table.add_row(
                one["window"], f"{one['blocks']:,}", f"{one['unknown']:,}", _both(low, high, "nakamoto", "d"),
                _both(low, high, "hhi", ",.0f"), _both(low, high, "effective_entities", ".2f"),
                _both(low, high, "gini", ".2f"), f"{high['top_share']['1']:.1%}",
            )  # fmt: skip
    table.caption = "two numbers: each unknown block its own miner, or all of them one"
    return table


def _both(low: dict[str, Any], high: dict[str, Any], name: str, form: str) -> str:
    first, last = format(low[name], form), format(high[name], form)
    return first if first == last else f"{first}-{last}"


def _shares(windows: list[dict[str, Any]]) -> Table:
    """The newest window beside the longest: what is, and what is usual."""
    short, long = windows[0], max(windows, key=lambda one: int(one["blocks"]))
    usual = {share["entity"]: share for share in long["shares"]}
    table = _table("Pools", "pool", f"blocks {short['window']}", "share", "95 %", f"share {long['window']}")
    for share in short["shares"][:15]:
        before = usual.get(share["entity"])
        table.add_row(
            share["name"], str(share["blocks"]), f"{share['share']:.1%}",
            f"{share['lower']:.1%}-{share['upper']:.1%}", f"{before['share']:.1%}" if before else "",
        )  # fmt: skip
    return table


def _blocks(blocks: list[dict[str, Any]]) -> Table:
    table = _table("Newest blocks", "height", "time", "pool", "txs", "by", "evidence")
    for block in blocks:
        stale = "dim strike" if block["stale"] else ""
        table.add_row(
            str(block["height"]), block["time"][:16].replace("T", " "),
            block["pool_name"] or "unknown", f"{block['tx_count']:,}",
            block["method"] or "", Text(block["evidence"]), style=stale,
        )  # fmt: skip
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    words = {"window", "pool", "by", "evidence", "time"}
    for column in columns:
        # Where the terminal is narrow, the evidence gives way.
        table.add_column(
            column, justify="left" if column in words else "right", no_wrap=True,
            min_width=8 if column == "evidence" else _WIDTHS.get(column),
        )  # fmt: skip
    return table
