"""Credentials for the node: its cookie, read again for each new connection, or a user and a password."""

from __future__ import annotations

import base64
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

from monitor.config import NETWORK_OF_PORT, NodeSection
from monitor.errors import NodeAway, NodeRefused

_CONNECT_SECONDS = 2.0


def authorization(node: NodeSection) -> str:
    """The value of the `Authorization` header.

    Raises:
        NodeAway: there is no cookie: the node is not running, the path is wrong, or the node has a password instead.
        NodeRefused: the cookie exists but cannot be read.
    """
    password = node.secret_password
    pair = f"{node.user}:{password.get_secret_value()}" if password else _cookie(cookie_path(node), node.url)
    return "Basic " + base64.b64encode(pair.encode()).decode()


def cookie_path(node: NodeSection) -> Path:
    """The path of the node's cookie: as configured, or in Bitcoin Core's default data directory."""
    if node.cookie_file != "auto":
        return node.cookie_file
    network = node.network if node.network != "auto" else NETWORK_OF_PORT.get(urlsplit(node.url).port or 0, "main")
    home = Path.home()
    data = home / "Library/Application Support/Bitcoin" if sys.platform == "darwin" else home / ".bitcoin"
    return data / ("" if network == "main" else network) / ".cookie"


def _cookie(path: Path, url: str) -> str:
    try:
        return path.read_text("utf-8").strip()
    except FileNotFoundError:
        if _listens(url):
            raise NodeAway(
                f"no cookie at {path}, but a node listens at {url}: bitcoin.conf probably has rpcpassword or rpcauth",
                remedy="set node.user and node.password_file, or node.cookie_file to its cookie",
            ) from None
        raise NodeAway(
            f"no cookie at {path}: the node is not running, or node.cookie_file must name its cookie"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise NodeRefused(
            f"the cookie {path} cannot be read ({error})",
            remedy="run as a member of the node's group with rpccookieperms=group in bitcoin.conf",
        ) from None


def _listens(url: str) -> bool:
    """Whether something accepts connections there."""
    address = urlsplit(url)
    try:
        with socket.create_connection((str(address.hostname), address.port or 8332), _CONNECT_SECONDS):
            return True
    except OSError:
        return False
