"""The sections of the configuration: each key with its type, default and description."""

from __future__ import annotations

import re
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, IPvAnyNetwork, SecretStr, StringConstraints, field_validator, model_validator

from monitor.config.section import Section, at_home, secret, socks_proxy
from monitor.config.tokens import Token, load_tokens

WEB_PORT = 8347
"""Close to the node's own ports, and outside 9100 to 9999, which are allocated to Prometheus exporters."""

_SQLITE = "sqlite:///"

_STRATUM = {"stratum+tcp", "stratum+ssl"}
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")
"""As browsers write it."""


class SplitsSection(Section):
    """When nodes on different branches are a split, which is reported, and not two blocks found at the same time."""

    depth: int = Field(default=2, ge=1)
    """Blocks that the longest branch has at least, above the last common block, whichever branch is counted. Of a node
    that is not trusted, or away, its own branch must have them."""
    seconds: float = Field(default=600, ge=0)
    """Time since both branches have a block. The block at that depth must be known for a minute of it, at most."""


class AuditSection(Section):
    """The audit of blocks: each is compared with what the counted node would have mined."""

    enabled: bool = True
    """Whether blocks are audited, if the node can do it: it needs a mempool, and the calls getblocktemplate and
    getrawmempool. A node that cannot do it is reported once, and everything else works as without the audit."""
    interval_seconds: float = Field(default=30.0, ge=1, le=600)
    """Time between two templates; longer where a template takes the node more than node_time_ratio of it."""
    node_time_ratio: float = Field(default=0.01, gt=0, le=1)
    """Share of its time that the node spends on templates, at most."""
    grace_seconds: float = Field(default=180.0, ge=1, le=3600)
    """How long a transaction must have stood in the node's templates before the pool made its own, to count as passed
    over."""
    margin_ratio: float = Field(default=0.1, ge=0, le=1)
    """How far above the marginal fee rate of a full block a transaction must pay, to count as passed over."""
    keep_days: int = Field(default=90, ge=1)
    """How long the transactions of an audit are kept. What is counted of a block is kept for ever."""
    sanctioned_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/addresses.txt"])
    """File with addresses to watch, one a line; # begins a comment. Transactions that pay or spend them are followed
    until they are mined. No list is shipped or fetched. Read at startup."""


class CustodySection(Section):
    """Who holds the rewards: outputs of coinbases are followed to the transactions that spend them."""

    enabled: bool = False
    """Whether rewards are followed. The node is asked for each block as a whole, about 1.7 MB, once; at first for all
    blocks of the last days, at a leisurely pace. A pruned node gives those that it has. No index of transactions is
    needed."""
    days: int = Field(default=730, ge=1)
    """How far back rewards are followed. A year takes about 20 MB of memory."""


class StratumEndpoint(Section):
    """A stratum server of a pool."""

    pool: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    url: str
    user: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        try:
            parts = urlsplit(self.url)
            valid = parts.scheme in _STRATUM and parts.hostname and parts.port and not parts.path.strip("/")
        except ValueError:
            valid = False
        if not valid:
            raise ValueError("url must look like stratum+tcp://pool.example.org:3333, or stratum+ssl:// for TLS")
        if parts.username or parts.password:
            raise ValueError("url contains a user name: use user and password_file instead")
        return self

    @property
    def host(self) -> str:
        """Name or address of the server."""
        return str(urlsplit(self.url).hostname)

    @property
    def port(self) -> int:
        """Its port."""
        return urlsplit(self.url).port or 0

    @property
    def address(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return urlsplit(self.url).scheme == "stratum+ssl"

    @property
    def secret_password(self) -> str:
        """The password, from the configuration or its file; what servers expect that have none."""
        found = secret(self.password, self.password_file, "stratum.endpoints.password")
        return found.get_secret_value() if found else "x"


class StratumSection(Section):
    """The stratum watch: what pools announce to their miners. Without endpoints there is none, and no connection."""

    endpoints: tuple[StratumEndpoint, ...] = Field(
        default=(), max_length=100,
        examples=[[{"pool": "solock", "url": "stratum+tcp://solo.ckpool.org:3333", "user": "your-address.monitor"}]],
    )  # fmt: skip
    """Stratum servers to watch: tables with pool (a slug of the registry, or a name of your own), url (stratum+tcp://
    or, with TLS, stratum+ssl://), and user and password (or password_file) where a server needs an account. To each
    there is one connection, as of a miner that never submits. docs/stratum.md lists servers, and has the etiquette."""
    user: str | None = Field(default=None, examples=["account.monitor"])
    """User name for endpoints without one of their own. Without any, we subscribe and do not authorise."""
    proxy: str | None = Field(default=None, examples=["socks5://127.0.0.1:9050"])
    """SOCKS proxy for these connections, which resolves the names, too. Needs the extra socks."""
    keep_days: int = Field(default=30, ge=1, le=365)
    """How long what was observed is kept, and compared."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        addresses = [each.address for each in self.endpoints]
        if len(set(addresses)) < len(addresses):
            raise ValueError("endpoints: list each server once; there is one connection to each")
        for each in self.endpoints:
            _ = each.secret_password  # an unreadable file is reported at startup
        socks_proxy(self.proxy, "stratum.proxy")
        return self


class StoreSection(Section):
    """The database."""

    url: str = Field(
        default_factory=lambda: f"sqlite:///{user_data_path('pool-monitor') / 'blocks.sqlite'}",
        examples=["sqlite:////var/lib/pool-monitor/blocks.sqlite"],
    )
    """URL of the database: sqlite:/// and a path; an absolute path has four slashes. Default: blocks.sqlite in the
    user's data directory, on Linux ~/.local/share/pool-monitor. Or a PostgreSQL database, such as
    postgresql+psycopg://monitor@db.example/pools, which needs the extra postgres; several daemons of the same network
    may share it: one writes, the others follow and take over. Passwords belong in ~/.pgpass or PGPASSFILE."""
    read_url: str | None = Field(default=None, examples=["postgresql+psycopg://monitor@replica.example/pools"])
    """URL of a read replica of the PostgreSQL database. Page, API and commands that only read use it; following and
    counting use url."""
    history_from: int | None = Field(default=None, ge=0, examples=[0])
    """Height of the first block of the wanted history; 0 is the whole chain. Default: as far back as the longest window
    needs, or as pool-monitor backfill has requested. Missing blocks are fetched while the daemon runs."""
    keep_days: int | None = Field(default=None, ge=366, examples=[1100])
    """How long details of blocks are kept: when which node saw a block, and what the audit counted of it. They are
    deleted once a day; a block itself, its pool and the evidence are kept for ever, as these details are by default.
    Shorter than the longest window is not useful. audit.keep_days and stratum.keep_days are for what grows faster."""

    @field_validator("url")
    @classmethod
    def _below_home(cls, url: str) -> str:
        path = url.removeprefix(_SQLITE)
        return f"{_SQLITE}{at_home(Path(path))}" if path.startswith("~") else url

    @property
    def reading(self) -> str:
        """The URL for what only reads."""
        return self.read_url or self.url


class Override(Section):
    """A membership set by the user, which takes precedence over all others."""

    pool: str
    template: str | None = None
    operator: str | None = None
    origin: str | None = None
    country: str | None = None
    custodian: str | None = None
    since: date | None = None
    until: date | None = None


class RegistrySection(Section):
    """The registry of pools and their memberships."""

    user_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/pools.toml"])
    """File with your own pools and memberships, in the format of config/pools. They take precedence over the shipped
    ones and are never changed by updates. Reloaded when it changes, and on SIGHUP."""
    min_confidence: Literal["low", "medium", "high"] = "medium"
    """Memberships (template group, operator, origin, country, custodian) with less confidence than this are not
    counted, but widen the intervals."""
    overrides: tuple[Override, ...] = Field(default=(), examples=[[{"pool": "luxor", "template": "own"}]])
    """Your own memberships: tables with pool (its slug) and template, operator, origin, country or custodian, and with
    since and until for a limited period. The value own removes a pool from a group."""
    template: Literal["list", "measured"] = "list"
    """Where the template groups come from: the list, which documents and reports state, or measured: what this monitor
    itself has seen (pool-monitor registry proposals shows it), and your own memberships. What was not measured is no
    group then."""


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
    tokens_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/tokens.toml"])
    """File of further tokens, as hashes, each with a name and the scopes read (page and API) and metrics (/metrics):
    pool-monitor token makes them. Reloaded when it changes, and on SIGHUP."""
    public_charts: bool = False
    """Whether embedded charts, badges and the drawings that they show need no token, for pages of others: /embed/,
    /badge/ and /chart/."""
    allowed_hosts: tuple[str, ...] = Field(default=(), examples=[["pools.example.org"]])
    """Names of this server, as of a reverse proxy in front of it. Requests for other names are refused, so that a page
    of another site cannot read them (DNS rebinding). Addresses, names without a dot, and those in local, localhost,
    internal, home.arpa and onion are always allowed; * allows all names."""
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        default=(ip_network("127.0.0.0/8"), ip_network("::1/128")), examples=[["10.0.0.0/8"]]
    )
    """Networks of reverse proxies. X-Forwarded-For and X-Forwarded-Proto are taken from these only, for limits per
    client and for links."""
    base_path: str = Field(default="", examples=["/pools"])
    """Path below which a proxy serves this server, if it passes it on. Pages have relative links and need it only then;
    a proxy that removes the path may name it in X-Forwarded-Prefix, for the links of the feed. Addresses without it
    work, too."""
    cors_origins: tuple[str, ...] = Field(default=(), examples=[["https://dashboard.example.org"]])
    """Origins of pages of other sites that browsers may let read the API, /metrics, /healthz and /readyz; * for all,
    which lets any page read what this server says to your browser."""
    max_connections: int = Field(default=500, ge=50, le=100_000)
    """Connections at once. A new one takes the place of the one that has waited for a request longest. 20 are reserved
    for this machine; another address has at most 50, and 20 event streams."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.base_path and not re.fullmatch(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+", self.base_path):
            raise ValueError("base_path must look like /pools: it begins with a slash, and does not end with one")
        for origin in self.cors_origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError("cors_origins must look like https://dashboard.example.org, in lower case; or *")
        self.all_tokens()  # an unreadable file is reported at startup, and by `check`
        return self

    @property
    def secret_token(self) -> SecretStr | None:
        """The token, from the configuration or its file."""
        return secret(self.token, self.token_file, "web.token")

    def all_tokens(self) -> tuple[Token, ...]:
        """The tokens that are accepted; none for a server without tokens.

        Raises:
            ConfigError: a file cannot be read, or is not valid.
        """
        one = self.secret_token
        first = (Token.of(one.get_secret_value(), name="web.token"),) if one else ()
        return (*first, *(load_tokens(self.tokens_file) if self.tokens_file else ()))


class EconomySection(Section):
    """The AI economy, which the page /compare shows beside mining. Dated editions come with the program."""

    update: Literal["off", "daily"] = "off"
    """Whether newer editions are fetched over https, once a day from epoch.ai and openrouter.ai and once a week from
    huggingface.co. With off there is no connection to them; pool-monitor economy update fetches once, or takes
    files."""
    proxy: str | None = Field(default=None, examples=["socks5://127.0.0.1:9050"])
    """Proxy for these connections: http:// or socks5://. A SOCKS proxy also resolves the names, and needs the extra
    socks. Without one, HTTPS_PROXY and NO_PROXY of the environment are followed."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.proxy and not self.proxy.startswith(("http://", "socks5://", "socks4://")):
            raise ValueError("proxy must look like http://127.0.0.1:3128 or socks5://127.0.0.1:9050")
        if self.proxy and not self.proxy.startswith("http://"):
            socks_proxy(self.proxy, "economy.proxy")
        return self


MetricFamily = Literal[
    "thresholds", "now", "risks", "top_shares", "signals", "luck", "rewards", "hashrates", "inequality", "sampling",
    "envelopes",
]  # fmt: skip


class MetricsSection(Section):
    """The metrics of mining at /metrics."""

    families: tuple[MetricFamily, ...] | Literal["all"] = Field(
        default=("thresholds", "now", "risks", "top_shares", "signals"), examples=["all"]
    )
    """What is published besides the chain, windows, shares, HHI and Nakamoto coefficient with their intervals, trends
    and changes: thresholds (probability that a share is above a quarter, a third, a half), now (shares now), risks (of
    confirmations), top_shares, signals (streaks, empty blocks, signalling), luck (luck, fees and stale rates of pools),
    rewards (per unit of work), hashrates (of entities), inequality (Gini, Theil, entropy), sampling and envelopes
    (parts of the intervals). all has about 4,200 series on mainnet, which the dashboards for Grafana use; the default
    has fewer than 2,500."""


class LogSection(Section):
    """The log."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level that is logged. At info there is a line for each block."""
    format: Literal["auto", "console", "json"] = "auto"
    """Format of the lines on standard error: json (one object per line) or console (coloured text). With auto, console
    on a terminal and json otherwise."""
