"""Asks a running daemon over its API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from monitor.config import Config
from monitor.errors import PoolMonitorError

LEVELS = ("pool", "template", "operator", "country")
"""In the order in which they are shown one after the other."""
_BLOCKS = 30
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_STREAM_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=40)
"""The stream gives a sign of life every fifteen seconds."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to show."""

    level: str | None = None
    """None: the first there is."""
    window: str | None = None
    """None: the shortest there is, beside the longest."""


@dataclass(frozen=True, slots=True)
class Status:
    """The answers of the API, as they came, without what a terminal might obey."""

    status: dict[str, Any]
    concentration: list[dict[str, Any]]
    shares: list[dict[str, Any]]
    blocks: list[dict[str, Any]]
    alerts: list[dict[str, Any]]


class Client:
    """A connection to one daemon, while it is entered.

    Args:
        config: tells where it listens and which token it wants.
        url: where it listens, if elsewhere.
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
        """All that is shown.

        Raises:
            PoolMonitorError: there is no daemon, it will not tell, or it has no such level or window.
        """
        with self._explained():
            status = await self._get("status")
            alerts = await self._get("alerts", missing={"alerts": []})
            if status["tip"] is None:
                return Status(status, [], [], [], alerts["alerts"])
            if choice.window not in {None, *status["windows"]}:
                raise PoolMonitorError("there is no such window", remedy=f"there are: {', '.join(status['windows'])}")
            at = {"level": choice.level} if choice.level else {}
            return Status(
                status,
                (await self._get("concentration", **at))["windows"],
                (await self._get("shares", **at))["windows"],
                (await self._get("blocks", limit=str(_BLOCKS)))["blocks"],
                alerts["alerts"],
            )

    async def alerts(self) -> list[dict[str, Any]]:
        """How the alerts stand. Raises as `ask` does."""
        with self._explained():
            found: list[dict[str, Any]] = (await self._get("alerts"))["alerts"]
            return found

    async def news(self) -> AsyncIterator[None]:
        """Hints to ask again, until the stream of events ends: one once it is connected, then one for each piece of it.

        What happened before the connection is not in the stream. A piece may hold an event behind a sign of life, so
        none is passed over.
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
        """Say in one sentence what went wrong."""
        try:
            yield
        except aiohttp.ClientResponseError as error:
            raise PoolMonitorError(f"the daemon at {self.base} answered HTTP {error.status} {error.message}") from None
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError):
            raise PoolMonitorError(
                f"no pool-monitor answers at {self.base}",
                remedy="start one with `pool-monitor run`, or say where with --url",
            ) from None

    async def _get(self, name: str, *, missing: Any = None, **query: str) -> Any:  # noqa: ANN401 -- JSON is whatever it is
        """One answer; `missing` where the daemon has no such path."""
        async with self._session.get(f"{self.base}/api/v1/{name}", params=query) as response:
            if response.status == 404 and missing is not None:
                return missing
            if response.status == 401:
                raise PoolMonitorError(
                    f"the daemon at {self.base} wants a token", remedy="set web.token_file as it has it"
                )
            if response.status != 400:
                response.raise_for_status()
            answer = _printable(await response.json(content_type=None))
            if response.status == 400:
                raise PoolMonitorError(answer["detail"])
            return answer


def _printable(value: Any) -> Any:  # noqa: ANN401 -- JSON is whatever it is
    """The same without characters that a terminal would obey: who answers may be anybody."""
    match value:
        case str():
            return value if value.isprintable() else "".join(each if each.isprintable() else "�" for each in value)
        case list():
            return [_printable(each) for each in value]
        case dict():
            return {_printable(name): _printable(each) for name, each in value.items()}
        case _:
            return value
