"""POST to a receiver, and what its answer means."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import aiohttp

from monitor import __version__
from monitor.errors import ReceiverAway, ReceiverRefused

_AGENT = f"pool-monitor/{__version__}"
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
"""Of the 4xx, those that say: later."""
_SHOWN = 200
"""Letters of an answer that are shown: a stranger writes them."""


class Http:
    """Requests to one receiver, whose address is never told: it may be a secret. Redirections are not followed."""

    def __init__(
        self,
        *,
        seconds: float,
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.seconds = seconds
        """How long an answer may take."""
        self._auth = aiohttp.BasicAuth(*login) if login else None
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str) -> str:
        """GET; what came of it. Raises as `post` does."""
        async with self._answer("GET", url) as response:
            return await _meaning(response)

    async def knock(self, url: str) -> str:
        """Ask what may be asked. Whatever the answer, somebody is there.

        Raises:
            ReceiverAway: nobody is.
        """
        async with self._answer("OPTIONS", url) as response:
            return f"answers ({response.status} to OPTIONS)"

    async def post(self, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> str:
        """POST JSON; what came of it.

        Raises:
            ReceiverAway: not reached, no answer in time, 408, 425, 429 or 5xx.
            ReceiverRefused: any other answer that is not 2xx.
        """
        headers = {"Content-Type": "application/json", **(headers or {})}
        async with self._answer("POST", url, data=body, headers=headers) as response:
            return await _meaning(response)

    @asynccontextmanager
    async def _answer(self, method: str, url: str, **what: Any) -> AsyncIterator[aiohttp.ClientResponse]:  # noqa: ANN401
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self.seconds), headers={"User-Agent": _AGENT}, auth=self._auth
            )
        try:
            async with self._session.request(
                method, url, allow_redirects=False, ssl=self._tls or True, **what
            ) as response:
                yield response
        except TimeoutError:
            raise ReceiverAway(f"no answer within {self.seconds:g} seconds") from None
        except aiohttp.ClientConnectorCertificateError as error:
            raise ReceiverAway(f"its certificate is not trusted: {error.certificate_error}") from None
        except aiohttp.ClientConnectorError as error:
            raise ReceiverAway(f"cannot be reached ({_system(error.os_error)})") from None
        except aiohttp.ClientError as error:  # its text may hold the address
            raise ReceiverAway(f"the connection failed ({type(error).__name__})") from None

    async def close(self) -> None:
        """Let go of its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _system(error: OSError) -> str:
    """What the system says, without the address that asyncio adds; that of names has no number."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or type(error).__name__


async def _meaning(response: aiohttp.ClientResponse) -> str:
    """What came of a request. Of an answer, only the beginning is read."""
    status = response.status
    says = " ".join((await response.content.read(_SHOWN)).decode("utf-8", "replace").split())
    told = f"{status} {response.reason or ''}".strip() + (f": {_printable(says)}" if says else "")
    if 200 <= status < 300:
        return f"{status} {response.reason or ''}".strip()
    if status >= 500 or status in _PASSING:
        raise ReceiverAway(told, _seconds(response.headers.get("Retry-After")))
    if 300 <= status < 400:
        raise ReceiverRefused(f"{told} (it redirects elsewhere; write the address where it is)")
    raise ReceiverRefused(told)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:_SHOWN]


def _seconds(retry_after: str | None) -> float:
    """What it asks us to wait. A date is left alone: our own pauses do."""
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 0.0
