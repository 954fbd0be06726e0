"""Credentials for the node: its cookie, read again for each new connection, or a user and a password."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from urllib.parse import urlsplit

from monitor.config import NodeSection
from monitor.errors import NodeAway, NodeRefused

_PORTS = {8332: "main", 48332: "testnet4", 38332: "signet", 18443: "regtest"}


def authorization(node: NodeSection) -> str:
    """The value of the `Authorization` header.

    Raises:
        NodeAway: there is no cookie: the node is not running, or the path is wrong.
        NodeRefused: the cookie exists but cannot be read.
    """
    password = node.secret_password
    pair = f"{node.user}:{password.get_secret_value()}" if password else _cookie(cookie_path(node))
    return "Basic " + base64.b64encode(pair.encode()).decode()


def cookie_path(node: NodeSection) -> Path:
    """The path of the node's cookie: as configured, or in Bitcoin Core's default data directory."""
    if node.cookie_file != "auto":
        return node.cookie_file
    network = node.network if node.network != "auto" else _PORTS.get(urlsplit(node.url).port or 8332, "main")
    home = Path.home()
    data = home / "Library/Application Support/Bitcoin" if sys.platform == "darwin" else home / ".bitcoin"
    return data / ("" if network == "main" else network) / ".cookie"


def _cookie(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except FileNotFoundError:
        raise NodeAway(
            f"no cookie at {path}: the node is not running, or node.cookie_file must name its cookie"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise NodeRefused(
            f"the cookie {path} cannot be read ({error})",
            remedy="run as a member of the node's group with rpccookieperms=group in bitcoin.conf",
        ) from None
