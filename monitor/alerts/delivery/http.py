"""HTTP requests to a receiver, and the meaning of its responses."""

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
from monitor.proxies import Through, proxy_of, through

_AGENT = f"pool-monitor/{__version__}"
_RETRYABLE = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
"""4xx statuses that ask for a retry."""
_MAX_TEXT = 200
"""Maximum length of a response text in error messages, since it is untrusted."""


class Http:
    """HTTP client of one receiver, through the proxy of the environment.

    Errors never include the URL, which may be a secret. Redirects are not followed.
    """

    def __init__(
        self, *, seconds: float, login: tuple[str, str] | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.seconds = seconds
        """Timeout of a request."""
        self._headers = {"User-Agent": _AGENT} | ({"Authorization": aiohttp.encode_basic_auth(*login)} if login else {})
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str) -> str:
        """GET; returns the status. Raises as `post` does."""
        async with self._request("GET", url) as response:
            return await _checked(response)

    async def options(self, url: str) -> str:
        """OPTIONS; any response shows that the receiver is reachable.

        Raises:
            ReceiverAway: unreachable.
        """
        async with self._request("OPTIONS", url) as response:
            return f"answers ({response.status} to OPTIONS)"

    async def post(self, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> str:
        """POST JSON; returns the status.

        Raises:
            ReceiverAway: unreachable, timeout, 408, 425, 429 or 5xx.
            ReceiverRefused: any other status except 2xx.
        """
        headers = {"Content-Type": "application/json", **(headers or {})}
        async with self._request("POST", url, data=body, headers=headers) as response:
            return await _checked(response)

    @asynccontextmanager
    async def _request(self, method: str, url: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:  # noqa: ANN401
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self.seconds), headers=self._headers
            )
        try:
            async with self._session.request(
                method, url, allow_redirects=False, ssl=self._tls or True, **_proxy(url), **options
            ) as response:
                yield response
        except TimeoutError:
            raise ReceiverAway(f"no answer within {self.seconds:g} seconds") from None
        except aiohttp.ClientConnectorCertificateError as error:
            raise ReceiverAway(f"its certificate is not trusted: {error.certificate_error}") from None
        except aiohttp.ClientProxyConnectionError as error:
            raise ReceiverAway(f"the proxy cannot be reached ({_system_message(error.os_error)})") from None
        except aiohttp.ClientHttpProxyError as error:
            raise ReceiverAway(f"the proxy refuses the connection ({error.status})") from None
        except aiohttp.ClientConnectorError as error:
            raise ReceiverAway(f"cannot be reached ({_system_message(error.os_error)})") from None
        except aiohttp.ClientError as error:  # its text may include the URL
            raise ReceiverAway(f"the connection failed ({type(error).__name__})") from None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _proxy(url: str) -> Through:
    """Raises ReceiverAway if the environment names a proxy of another kind: what waits is sent once that is changed."""
    try:
        return through(proxy_of(url))
    except ValueError as error:
        raise ReceiverAway(str(error)) from None


def _system_message(error: OSError) -> str:
    """The system's message without the address that asyncio adds; resolver errors have no errno."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or type(error).__name__


async def _checked(response: aiohttp.ClientResponse) -> str:
    """The status of a successful response; reads only the beginning of the body.

    Raises:
        ReceiverAway, ReceiverRefused: as `Http.post`.
    """
    status = response.status
    body = " ".join((await response.content.read(_MAX_TEXT)).decode("utf-8", "replace").split())
    detail = f"{status} {response.reason or ''}".strip() + (f": {_printable(body)}" if body else "")
    if 200 <= status < 300:
        return f"{status} {response.reason or ''}".strip()
    if status >= 500 or status in _RETRYABLE:
        raise ReceiverAway(detail, _seconds(response.headers.get("Retry-After")))
    if 300 <= status < 400:
        raise ReceiverRefused(f"{detail} (redirect)", remedy="configure the target of the redirect")
    raise ReceiverRefused(detail)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:_MAX_TEXT]


def _seconds(retry_after: str | None) -> float:
    """The value of Retry-After in seconds; 0 for a date, which is not supported."""
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 0.0
