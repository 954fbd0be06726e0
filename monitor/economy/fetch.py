"""Fetches files of a source: over its own host only, within limits, and only what has changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp

from monitor import __version__
from monitor.economy.sources.source import Fetched, Unchanged
from monitor.errors import InputError
from monitor.proxies import proxy_of, through

_TIMEOUT: Final = aiohttp.ClientTimeout(total=120, connect=20, sock_read=30)
_HOPS: Final = 3
_CHUNK: Final = 65_536
_HEADERS: Final = {
    "User-Agent": f"pool-monitor/{__version__}",
    "Accept-Encoding": "identity",  # a compressed answer could be of any size
}
_MOVED: Final = {
    HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
}  # fmt: skip


class Fetcher:
    """Downloads for one source. Made with `fetching`.

    Args:
        session: for its requests.
        validators: entity tag, or date of the last change, of each address, from earlier downloads.
        proxy: finds the HTTP proxy for an address; None: a direct connection.
    """

    def __init__(
        self, session: aiohttp.ClientSession, validators: Mapping[str, str], proxy: Callable[[str], str | None]
    ) -> None:
        self._session = session
        self._proxy = proxy
        self._before = validators
        self.validators = dict[str, str]()
        """Of what was downloaded: to keep once it was read with success."""

    async def __call__(self, url: str, *, most: int) -> Fetched:
        """See `Download`."""
        try:
            return await self._follow(url, most)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise InputError(f"{url} cannot be fetched ({str(error) or 'no answer in time'})") from None

    async def _follow(self, url: str, most: int) -> Fetched:
        at = url
        for _ in range(_HOPS + 1):
            headers = _condition(self._before.get(url))
            proxy = through(self._proxy(at))
            async with self._session.get(at, headers=headers, allow_redirects=False, **proxy) as response:
                if response.status in _MOVED:
                    at = _same_host(url, urljoin(at, response.headers.get("Location", "")))
                    continue
                if response.status == HTTPStatus.NOT_MODIFIED:
                    raise Unchanged
                if response.status != HTTPStatus.OK:
                    raise InputError(f"{url} cannot be fetched (status {response.status})")
                if response.content_type in {"text/html", "application/xhtml+xml"}:
                    raise InputError(f"{url} is a page of HTML, not a table", remedy="its publisher may have moved it")
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    raise InputError(f"{url} is compressed, which was not asked for")
                body = await _read(response, url, most)
                if validator := response.headers.get("ETag") or response.headers.get("Last-Modified"):
                    self.validators[url] = validator
                return Fetched(body, response.headers.get("Link", ""))
        raise InputError(f"{url} leads through more than {_HOPS} redirections")


def _condition(validator: str | None) -> dict[str, str]:
    """The header that asks for a newer file only. An entity tag has quotes; without them it is a date."""
    if validator is None:
        return {}
    return {"If-None-Match" if '"' in validator else "If-Modified-Since": validator}


async def _read(response: aiohttp.ClientResponse, url: str, most: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > most:
            raise InputError(f"{url} is longer than {most} bytes, which no edition is")
    return bytes(body)


def _same_host(url: str, target: str) -> str:
    """The target of a redirection, if it stays where it was."""
    ours, theirs = urlsplit(url), urlsplit(target)
    if (theirs.scheme, theirs.netloc.removeprefix("www.")) != (ours.scheme, ours.netloc.removeprefix("www.")):
        raise InputError(f"{url} leads elsewhere, to {target[:200]}", remedy="its publisher may have moved it")
    return target


@asynccontextmanager
async def fetching(validators: Mapping[str, str], proxy: str | None) -> AsyncIterator[Fetcher]:
    """A fetcher with a session of its own. Without a proxy it takes that of the environment."""
    socks = proxy is not None and proxy.startswith("socks")
    connector = _connector(proxy) if socks and proxy else None
    async with aiohttp.ClientSession(
        connector=connector, timeout=_TIMEOUT, headers=_HEADERS, auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:  # fmt: skip
        yield Fetcher(session, validators, (lambda _url: None if socks else proxy) if proxy else proxy_of)


def _connector(proxy: str) -> aiohttp.BaseConnector:
    from aiohttp_socks import ProxyConnector  # noqa: PLC0415 -- an extra

    made: aiohttp.BaseConnector = ProxyConnector.from_url(proxy, rdns=True)
    return made
