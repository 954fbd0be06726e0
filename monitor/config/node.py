"""The section of a Bitcoin node: where it is, and how it is asked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StringConstraints, model_validator

from monitor.config.section import Section, secret, socks_proxy, web_address

Network = Literal["main", "testnet4", "signet", "regtest"]
NETWORK_OF_PORT = {8332: "main", 48332: "testnet4", 38332: "signet", 18443: "regtest"}
"""By the port of RPC and REST that a node has unless told otherwise."""
_MAIN_PORT = 8332
_NO_PORT = re.compile(r"http://(\[[^]/?#@]*\]|[^][/?#@:]+)(?=[/?#]|$)")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class NodeSection(Section):
    """Address of a Bitcoin node, and access to it. For several nodes write a [[nodes]] table for each instead."""

    name: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(default="", max_length=64, examples=["home"])
    """Name of the node in the log, metrics and pages. Default: its host and port."""
    role: Literal["auto", "counted", "observer"] = "auto"
    """What the node is for: the best chain of the counted node is the one that is counted, and the others are compared
    with it. With auto the first node is the counted one."""
    trusted: bool = True
    """Whether the node is yours, or that of someone you trust. Of a node that is not trusted each block is checked as
    far as that is possible without validating transactions, and it never stands in for the counted node."""
    url: str = "http://127.0.0.1:8332"
    """URL of the node's RPC and REST interfaces. The default ports are 8332 (main), 48332 (testnet4), 38332 (signet)
    and 18443 (regtest). User and password have keys of their own."""
    network: Literal["auto", Network] = "auto"
    """Network of the node; the daemon stops if the node follows another one. With auto the network is that of the node,
    and commands that work without a node use main."""
    chain: Literal["auto", "bitcoin", "rdts", "any"] = "auto"
    """Chain to follow; while the node is on another one it is not counted, and the daemon says so. Several chains have
    Bitcoin's genesis block, port and addresses. rdts is the chain of BIP110, with proof of work by BLAKE2b; any is
    whatever chain the node is on. With auto, bitcoin for the counted node, and any for observers."""
    cookie_file: Literal["auto"] | Path = "auto"
    """Path of the authentication cookie, which the node writes at startup and its own user can read. With auto, the
    cookie in Bitcoin Core's default data directory, in the folder of the network. Set it if bitcoind runs with -datadir
    or as another user."""
    user: str | None = Field(default=None, examples=["pool-monitor"])
    """User name of an rpcauth line in bitcoin.conf, together with password or password_file. Without them the cookie is
    used."""
    password: SecretStr | None = Field(default=None, examples=["correct horse battery staple"])
    """Password of the user. Preferably in a file of its own: password_file."""
    password_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/password"])
    """File that contains only the password. Read at startup and at each new connection."""
    ca_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/node.pem"])
    """File with the certificate (PEM) to trust instead of those of the system, for a node behind HTTPS with a
    certificate of its own."""
    proxy: str | None = Field(default=None, examples=["socks5://127.0.0.1:9050"])
    """SOCKS proxy for RPC and REST, such as that of Tor, which resolves the name of the node, too. Needs the extra
    socks. ZMQ does not use it: set zmq to off for a node that cannot be reached directly."""
    zmq: str = "auto"
    """ZMQ address for notifications of new blocks. With auto the node is asked for it (zmqpubhashblock or
    zmqpubsequence in bitcoin.conf). Set an address that publishes hashblock, such as tcp://127.0.0.1:28332, if the one
    that the node reports cannot be reached from here; off disables ZMQ and leaves long polling and the timer."""
    rest: Literal["auto", "off"] = "auto"
    """Whether to fetch blocks over REST if the node offers it (rest=1 in bitcoin.conf), which is much faster than RPC.
    With off, only RPC is used."""
    blocks_dir: Path | None = Field(default=None, examples=["/home/bitcoin/.bitcoin/blocks"])
    """The node's folder of block files, if it is on this machine and readable. History is then read from these files,
    many times faster than over REST; new blocks still come over REST or RPC."""
    poll_seconds: float = Field(default=10.0, ge=0.1, le=600)
    """How often the node is asked for its tip, in addition to notifications."""
    timeout_seconds: float = Field(default=30.0, ge=0.5, le=600)
    """Timeout of a request to the node, after which the node counts as unreachable and is asked again. Increase it on
    slow machines."""

    fallback_seconds: float = Field(default=60.0, ge=0)
    """How long the counted node may be away before an observer on the same chain stands in for it."""

    @model_validator(mode="before")
    @classmethod
    def _with_port(cls, values: object) -> object:
        """A URL of http without a port gets that of the network; https is a proxy's, with a port of its own."""
        url = values.get("url") if isinstance(values, dict) else None
        if isinstance(values, dict) and isinstance(url, str) and _NO_PORT.match(url):
            port = next((port for port, name in NETWORK_OF_PORT.items() if name == values.get("network")), _MAIN_PORT)
            return values | {"url": _NO_PORT.sub(rf"\g<0>:{port}", url)}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        web_address(self.url, "url", "http://127.0.0.1:8332")
        if "?" in self.url or "#" in self.url:
            raise ValueError("url has a query, which the node would not understand: remove what follows the ? or #")
        socks_proxy(self.proxy, "node.proxy")
        if self.zmq not in {"auto", "off"} and not self.zmq.startswith(("tcp://", "ipc://")):
            raise ValueError("zmq must be auto, off, or an address such as tcp://127.0.0.1:28332")
        if (self.user is None) != (self.secret_password is None):
            raise ValueError(
                "user and password (or password_file) must be set together; without them the cookie is used"
            )
        return self

    @property
    def label(self) -> str:
        """Its name for people and metrics."""
        return self.name or urlsplit(self.url).netloc

    @property
    def address(self) -> tuple[str, int, str, str | None]:
        """Host, port, path and proxy of its URL: the same for the same node, however it is written."""
        parts = urlsplit(self.url)
        host = str(parts.hostname).rstrip(".")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return "localhost" if host in _LOOPBACK else host, port, parts.path.rstrip("/"), self.proxy

    @property
    def secret_password(self) -> SecretStr | None:
        """The password, from the configuration or its file."""
        return secret(self.password, self.password_file, "node.password")
