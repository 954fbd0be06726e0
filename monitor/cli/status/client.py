"""Client of a running daemon's API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from monitor.config import Config
from monitor.errors import PoolMonitorError
from monitor.model import default_window

LEVELS = ("pool", "template", "operator", "origin", "country")
"""In the order in which the key `l` selects them."""
_BLOCKS = 30
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_PROBLEM = "application/problem+json"
_MOST_BYTES = 64 << 20
"""Of a response."""
_STREAM_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=40)
"""The stream sends a comment every fifteen seconds."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The level and window to display."""

    level: str | None = None
    """None for the first one."""
    window: str | None = None
    """None for the default: 7 days, or the first one."""
    at: str | None = None
    """An earlier block, by height or day; None for the newest."""


@dataclass(frozen=True, slots=True)
class Status:
    """Responses of the API, without control characters."""

    status: dict[str, Any]
    concentration: list[dict[str, Any]]
    shares: list[dict[str, Any]]
    now: list[dict[str, Any]]
    """Shares now."""
    blocks: list[dict[str, Any]]
    alerts: list[dict[str, Any]]
    window: str | None = None
    """The one that is chosen."""
    disagreement: str | None = None
    """That nodes disagree or another one stands in, and of which branch the numbers are; None if neither."""
    as_of: dict[str, Any] | None = None
    """The earlier block at which the windows end; None for the newest."""


class Client:
    """A client of one daemon; a context manager.

    Args:
        config: has the daemon's address and token.
        url: address to use instead.
    """

    def __init__(self, config: Config, url: str | None = None) -> None:
        host = f"[{config.web.host}]" if ":" in config.web.host else config.web.host
        self.base = (url or f"http://{host}:{config.web.port}").rstrip("/")
        token = config.web.secret_token
        self._headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=_TIMEOUT)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(self, choice: Choice) -> Status:
        """Fetch everything that is displayed.

        Raises:
            PoolMonitorError: no daemon answers, it rejects the request, or the level or window is unknown.
        """
        with self._explained():
            status = await self._get("status")
            alerts = await self._get("alerts", missing={"alerts": []})
            if status["tip"] is None:
                return Status(status, [], [], now=[], blocks=[], alerts=alerts["alerts"])
            nodes = await self._get("nodes", missing={})
            if choice.window not in {None, *status["windows"]}:
                choices = ", ".join(status["windows"])
                raise PoolMonitorError(f"unknown window {choice.window!r}", remedy=f"choose one of: {choices}")
            of = {name: value for name, value in (("level", choice.level), ("at", choice.at)) if value}
            counted = await self._get("concentration", **of)
            as_of = counted["tip"] if choice.at else None
            below = {"below": str(as_of["height"] + 1)} if as_of else {}
            return Status(
                status,
                counted["windows"],
                (await self._get("shares", **of))["windows"],
                now=(await self._get("shares/now", missing={"shares": []}, **of))["shares"] or [],
                blocks=(await self._get("blocks", limit=str(_BLOCKS), **below))["blocks"],
                alerts=[] if as_of else alerts["alerts"],
                window=choice.window or default_window(status["windows"]),
                disagreement=nodes["summary"] if nodes and not is_calm(nodes) else None,
                as_of=as_of,
            )

    async def read(self, name: str, *, has: str, missing: dict[str, Any] | None = None, **query: str) -> dict[str, Any]:
        """One response.

        Args:
            name: its path below `/api/v1/`.
            has: a field of it, by which another server is noticed.
            missing: what to return if the daemon does not have it, or not yet; None raises.
            query: parameters.

        Raises:
            PoolMonitorError: as for `ask`.
        """
        with self._explained():
            found = await self._get(name, missing=missing, **query)
            if not isinstance(found, dict) or (has not in found and found is not missing):
                raise KeyError(has)
            return found

    async def entity(self, entity: str, choice: Choice) -> dict[str, Any]:
        """An entity of the chosen level with its members.

        Raises:
            PoolMonitorError: as for `ask`; or nothing is counted for the entity.
        """
        level = choice.level or LEVELS[0]
        path = f"entities/{quote(level, safe='')}/{quote(entity, safe='')}"
        asked = {name: value for name, value in (("window", choice.window), ("at", choice.at)) if value}
        found = await self.read(path, has="members", missing=None if choice.at else {}, **asked)
        if not found:
            raise PoolMonitorError(
                f"nothing is counted for {entity!r} at level {level!r}",
                remedy=f"`pool-monitor status --level {level}` shows the entities; the daemon may have no block yet",
            )
        return found

    async def news(self) -> AsyncIterator[None]:
        """Yield once the stream of events is connected, then once for each chunk of it, until it ends.

        The events are not parsed: they are hints to fetch again. What happened before the connection is not in the
        stream, and a chunk may hold an event behind a keep-alive comment.
        """
        try:
            async with self._session.get(f"{self.base}/api/v1/events", timeout=_STREAM_TIMEOUT) as stream:
                stream.raise_for_status()
                async for _ in stream.content.iter_any():
                    yield
        except (aiohttp.ClientError, TimeoutError):
            return

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn errors of HTTP and JSON into a sentence."""
        try:
            yield
        except aiohttp.ClientResponseError as error:
            raise PoolMonitorError(f"the daemon at {self.base} answered HTTP {error.status} {error.message}") from None
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError, RecursionError):
            raise PoolMonitorError(
                f"no pool-monitor answers at {self.base}",
                remedy="start one with `pool-monitor run`, or set its address with --url",
            ) from None

    async def _get(self, name: str, *, missing: Any = None, **query: str) -> Any:  # noqa: ANN401 -- JSON is whatever it is
        """One response; `missing` if the daemon does not have it, or not yet."""
        async with self._session.get(f"{self.base}/api/v1/{name}", params=query) as response:
            if response.status in {404, 503} and missing is not None:
                return missing
            if response.status == 401:
                raise PoolMonitorError(
                    f"the daemon at {self.base} requires a token", remedy="set the same web.token_file"
                )
            is_explained = response.status in {400, 404} and response.content_type == _PROBLEM
            if not is_explained:
                response.raise_for_status()
            answer = _printable(json.loads(await _body(response)))
            if is_explained:
                raise PoolMonitorError(answer["detail"])
            return answer


def is_calm(nodes: Mapping[str, Any]) -> bool:
    """Whether no node is on another branch, as far as that is known, and none stands in."""
    return bool(nodes["agree"] is not False and nodes["counted"] == nodes["followed"])


def _printable(value: Any) -> Any:  # noqa: ANN401 -- JSON is whatever it is
    """The same value without control characters: the server is not trusted."""
    match value:
        case str():
            return value if value.isprintable() else "".join(each if each.isprintable() else "�" for each in value)
        case list():
            return [_printable(each) for each in value]
        case dict():
            return {_printable(name): _printable(each) for name, each in value.items()}
        case _:
            return value


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The body of a response, which may be anyone's."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise ValueError("the response is too long")
    return bytes(body)
