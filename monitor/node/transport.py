"""What connections to a node are made with: certificates, and a SOCKS proxy such as Tor's."""

from __future__ import annotations

import ssl
from typing import Any

import aiohttp

from monitor.config import NodeSection, tls


def trusted(node: NodeSection) -> ssl.SSLContext | None:
    """The certificates to trust; None for those of the system.

    Raises:
        ConfigError: `ca_file` cannot be used.
    """
    return tls(node.ca_file) if node.ca_file else None


def proxy(node: NodeSection) -> Any:  # noqa: ANN401 -- a class of a package that is an extra
    """The proxy, if one is configured; its `connect(host, port, timeout=...)` opens a socket."""
    if node.proxy is None:
        return None
    from python_socks.sync import Proxy  # noqa: PLC0415

    return Proxy.from_url(node.proxy, rdns=True)


def connector(node: NodeSection) -> aiohttp.BaseConnector:
    """For an aiohttp session with one connection to the node.

    Raises:
        ConfigError: as above.
    """
    certificates = trusted(node) or True
    if node.proxy is None:
        return aiohttp.TCPConnector(limit=1, ssl=certificates)
    from aiohttp_socks import ProxyConnector  # noqa: PLC0415

    made: aiohttp.BaseConnector = ProxyConnector.from_url(node.proxy, rdns=True, limit=1, ssl=certificates)
    return made


def proxy_errors(node: NodeSection) -> tuple[type[Exception], ...]:
    """What a request raises where the proxy fails."""
    if node.proxy is None:
        return ()
    from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError  # noqa: PLC0415

    return ProxyError, ProxyTimeoutError, ProxyConnectionError
