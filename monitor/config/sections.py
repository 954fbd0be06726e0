"""The sections of the configuration: each key with its type, its default, and what is said of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, SecretStr, model_validator

from monitor.config.section import Section, secret

WEB_PORT = 8347
"""Beside the node's own ports, and outside 9100 to 9999, which Prometheus exporters have shared out among them."""

Network = Literal["main", "testnet4", "signet", "regtest"]


class NodeSection(Section):
    """Where the Bitcoin node is, and how it lets us in."""

    url: str = "http://127.0.0.1:8332"
    """Where the node's RPC and REST are. The usual ports are 8332 (main), 48332 (testnet4), 38332 (signet) and 18443
    (regtest). No user and no password in it: they have keys of their own."""
    network: Literal["auto", Network] = "auto"
    """The network that the node must follow; with another one the daemon stops. With auto it takes the node's word, and
    the pools' addresses are those of main: name the network when it is another."""
    cookie_file: Literal["auto"] | Path = "auto"
    """The cookie that the node writes when it starts, and that lets its own user in. With auto, the one in Bitcoin
    Core's default data directory, in the folder of the network. Change it when bitcoind runs with -datadir or as
    another user."""
    user: str | None = Field(default=None, examples=["pool-monitor"])
    """The user of an rpcauth line in bitcoin.conf, together with password or password_file. Without these, the cookie
    is used."""
    password: SecretStr | None = Field(default=None, examples=["correct horse battery staple"])
    """The user's password. Better in a file of its own: password_file."""
    password_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/password"])
    """A file with the user's password and nothing else, read at the start and at each new connection."""
    zmq: str = "auto"
    """How new blocks are announced. With auto the node is asked for the address (zmqpubhashblock or zmqpubsequence in
    bitcoin.conf). Write an address that publishes hashblock, such as tcp://127.0.0.1:28332, when the node is reached by
    another than it tells; off to do without, by long poll and timer."""
    rest: Literal["auto", "off"] = "auto"
    """Whether blocks are fetched over REST where the node has it (rest=1 in bitcoin.conf), which is much faster. Set
    off to use RPC alone."""
    blocks_dir: Path | None = Field(default=None, examples=["/home/bitcoin/.bitcoin/blocks"])
    """The node's folder of block files, if it is on this machine and may be read by us. History is read from there many
    times faster than over REST; new blocks come over REST or RPC as ever."""
    poll_seconds: float = Field(default=10.0, ge=0.1, le=600)
    """The node is asked for news this often, whatever it announces or does not."""
    timeout_seconds: float = Field(default=30.0, ge=0.5, le=600)
    """After so long without an answer the node counts as away, and is asked again. Raise it for a slow machine."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
            raise ValueError("url must look like http://127.0.0.1:8332")
        if parts.username or parts.password:
            raise ValueError("url holds a password: write it as user and password_file instead")
        if self.zmq not in {"auto", "off"} and not self.zmq.startswith(("tcp://", "ipc://")):
            raise ValueError("zmq must be auto, off, or an address such as tcp://127.0.0.1:28332")
        if (self.user is None) != (self.secret_password is None):
            raise ValueError("user and password (or password_file) come together; without both, the cookie is used")
        return self

    @property
    def secret_password(self) -> SecretStr | None:
        """The password, wherever it was written."""
        return secret(self.password, self.password_file, "node.password")


class StoreSection(Section):
    """Where the daemon remembers."""

    url: str = Field(
        default_factory=lambda: f"sqlite:///{user_data_path('pool-monitor') / 'blocks.sqlite'}",
        examples=["sqlite:////var/lib/pool-monitor/blocks.sqlite"],
    )
    """The database: sqlite:/// and a path, so an absolute path has four slashes. Without this key it is blocks.sqlite
    in the user's data directory, on Linux ~/.local/share/pool-monitor. Each daemon, and each network, needs one of its
    own."""
    history_from: int | None = Field(default=None, ge=0, examples=[0])
    """The height from which on history is wanted; 0 is the whole chain. Without it, as far as the longest window looks
    back, or as pool-monitor backfill was told. What is missing is fetched while the daemon runs."""


class Override(Section):
    """A membership that the user decides: it outranks whatever the program knows."""

    pool: str
    template: str | None = None
    operator: str | None = None
    origin: str | None = None
    country: str | None = None
    since: date | None = None
    until: date | None = None


class RegistrySection(Section):
    """Who is who: the registry of pools, and to whom they belong."""

    user_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/pools.toml"])
    """Pools and memberships of your own, in the form of config/pools; they outrank those that come with the program,
    and no update touches them. Read again when it changes, and on SIGHUP."""
    min_confidence: Literal["low", "medium", "high"] = "medium"
    """Memberships (template group, operator, origin, country) that are less sure than this do not count, but they
    widen the intervals."""
    overrides: tuple[Override, ...] = Field(default=(), examples=[[{"pool": "luxor", "template": "own"}]])
    """Memberships that you decide: each a table with pool (its slug) and template, operator, origin or country, and
    since and until if it did not always hold. The value own takes a pool out of a group."""


class WebSection(Section):
    """Where the page, the API and /metrics are served."""

    host: str = "127.0.0.1"
    """The address to listen on. Only this machine reaches the default. Before you set another, set token, and put TLS
    in front: there is none in the daemon."""
    port: int = Field(default=WEB_PORT, ge=0, le=65535)
    """The port to listen on; 0 takes a free one and logs it."""
    token: SecretStr | None = Field(default=None, examples=["a long random text"])
    """What a request must carry as "Authorization: Bearer ...", /healthz and /readyz excepted. Better in a file of its
    own: token_file."""
    token_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/token"])
    """A file with the token and nothing else, read at the start."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _ = self.secret_token  # a file that cannot be read is told now, by `check` too
        return self

    @property
    def secret_token(self) -> SecretStr | None:
        """The token, wherever it was written."""
        return secret(self.token, self.token_file, "web.token")


class LogSection(Section):
    """What the daemon says of itself."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged: this and what is graver. At info, a line for each block."""
    format: Literal["auto", "console", "json"] = "auto"
    """JSON, one object a line, or coloured text. With auto, text on a terminal and JSON elsewhere. Lines go to standard
    error."""
