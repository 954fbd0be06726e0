"""HTTP proxies, and the one that the environment names: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, also in lower case."""

from __future__ import annotations

from typing import TypedDict
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from aiohttp import encode_basic_auth
from yarl import URL


class Through(TypedDict):
    """Options of a request by aiohttp."""

    proxy: URL | None
    proxy_headers: dict[str, str] | None


def through(proxy: str | None) -> Through:
    """The options of a request through a proxy, with the password apart: errors of aiohttp contain the URL.

    Raises:
        ValueError: it is not a URL.
    """
    if proxy is None:
        return {"proxy": None, "proxy_headers": None}
    try:
        url = URL(proxy)
    except ValueError:  # its text may have the password
        raise ValueError("the URL of the proxy is invalid") from None
    # aiohttp renames the header, in requests over http and https alike.
    headers = {"Authorization": encode_basic_auth(url.user, url.password or "")} if url.user else None
    return {"proxy": url.with_user(None), "proxy_headers": headers}


def proxy_of(url: str) -> str | None:
    """URL of the proxy for requests to `url`; None for a direct connection.

    Raises:
        ValueError: it is not an HTTP proxy.
    """
    target = urlsplit(url)
    found = getproxies().get(target.scheme)
    if not found or proxy_bypass(target.netloc.rpartition("@")[2]):
        return None
    if "://" not in found:  # as curl reads it
        found = f"http://{found}"
    if not found.startswith(("http://", "https://")):
        raise ValueError(f"{target.scheme.upper()}_PROXY is not an HTTP proxy")  # its value may have a password
    return found
