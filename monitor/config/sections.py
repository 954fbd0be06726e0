"""The sections of the configuration: each key with its type, default and description."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, SecretStr, model_validator

from monitor.config.section import Section, secret, web_address

WEB_PORT = 8347
"""Close to the node's own ports, and outside 9100 to 9999, which are allocated to Prometheus exporters."""

Network = Literal["main", "testnet4", "signet", "regtest"]


class NodeSection(Section):
    """Address of a Bitcoin node, and access to it. For several nodes write a [[nodes]] table for each instead."""

    name: str = Field(default="", max_length=64, examples=["home"])
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

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        web_address(self.url, "url", "http://127.0.0.1:8332")
        if self.proxy and not self.proxy.startswith(("socks5://", "socks4://")):
            raise ValueError("proxy must look like socks5://127.0.0.1:9050")
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
    def secret_password(self) -> SecretStr | None:
        """The password, from the configuration or its file."""
        return secret(self.password, self.password_file, "node.password")


class SplitsSection(Section):
    """When nodes on different branches are a split, which is reported, and not two blocks found at the same time."""

    depth: int = Field(default=2, ge=1)
    """Blocks that the longest branch has at least, above the last common block, whichever branch is counted. Of a node
    that is not trusted, or away, its own branch must have them."""
    seconds: float = Field(default=600, ge=0)
    """Time since both branches have a block. The block at that depth must be known for a minute of it, at most."""


class StoreSection(Section):
    """The database."""

    url: str = Field(
        default_factory=lambda: f"sqlite:///{user_data_path('pool-monitor') / 'blocks.sqlite'}",
        examples=["sqlite:////var/lib/pool-monitor/blocks.sqlite"],
    )
    """URL of the database: sqlite:/// and a path; an absolute path has four slashes. Default: blocks.sqlite in the
    user's data directory, on Linux ~/.local/share/pool-monitor. Each daemon and each network needs its own database."""
    history_from: int | None = Field(default=None, ge=0, examples=[0])
    """Height of the first block of the wanted history; 0 is the whole chain. Default: as far back as the longest window
    needs, or as pool-monitor backfill has requested. Missing blocks are fetched while the daemon runs."""


class Override(Section):
    """A membership set by the user, which takes precedence over all others."""

    pool: str
    template: str | None = None
    operator: str | None = None
    origin: str | None = None
    country: str | None = None
    since: date | None = None
    until: date | None = None


class RegistrySection(Section):
    """The registry of pools and their memberships."""

    user_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/pools.toml"])
    """File with your own pools and memberships, in the format of config/pools. They take precedence over the shipped
    ones and are never changed by updates. Reloaded when it changes, and on SIGHUP."""
    min_confidence: Literal["low", "medium", "high"] = "medium"
    """Memberships (template group, operator, origin, country) with less confidence than this are not counted, but widen
    the intervals."""
    overrides: tuple[Override, ...] = Field(default=(), examples=[[{"pool": "luxor", "template": "own"}]])
    """Your own memberships: tables with pool (its slug) and template, operator, origin or country, and with since and
    until for a limited period. The value own removes a pool from a group."""


class WebSection(Section):
    """The web server of the page, the API and /metrics."""

    host: str = "127.0.0.1"
    """Address to listen on. The default is reachable from this machine only. Before you change it, set token and put a
    reverse proxy with TLS in front: the daemon has no TLS."""
    port: int = Field(default=WEB_PORT, ge=0, le=65535)
    """Port to listen on; 0 chooses a free port and logs it."""
    token: SecretStr | None = Field(default=None, examples=["a long random text"])
    """Token that requests must carry as "Authorization: Bearer ...", except for /healthz and /readyz. Preferably in a
    file of its own: token_file."""
    token_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/token"])
    """File that contains only the token. Read at startup."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _ = self.secret_token  # an unreadable file is reported at startup, and by `check`
        return self

    @property
    def secret_token(self) -> SecretStr | None:
        """The token, from the configuration or its file."""
        return secret(self.token, self.token_file, "web.token")


class LogSection(Section):
    """The log."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level that is logged. At info there is a line for each block."""
    format: Literal["auto", "console", "json"] = "auto"
    """Format of the lines on standard error: json (one object per line) or console (coloured text). With auto, console
    on a terminal and json otherwise."""
