"""What the user may say: a strict schema in, frozen sections out.

A TOML file and the environment are merged (the environment wins), every unknown key is an error that names its path,
and secrets are masked wherever they are printed. Defaults live here and nowhere else, and so does what is said of each
key: `make docs` makes docs/configuration.md and the example file of it.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from monitor.errors import ConfigError
from monitor.model import Window

ENVIRONMENT_PREFIX = "POOL_MONITOR_"
DEFAULT_FILE = Path("pool-monitor.toml")
"""Read from the working directory when no file is named."""
DEFAULT_WINDOWS = ("24h", "3d", "7d", "30d", "90d", "1y", "2016b")
WEB_PORT = 8347
"""Beside the node's own ports, and outside 9100 to 9999, which Prometheus exporters have shared out among them."""

Network = Literal["main", "testnet4", "signet", "regtest"]


def shipped(name: str) -> Path:
    """Path of a file that comes with the program, by its name under `config/`: in a checkout, or inside the wheel."""
    package = Path(__file__).parent
    inside = package / "shipped"
    return (inside if inside.is_dir() else package.parent / "config") / name


def _windows(value: object) -> object:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple):
        raise ValueError("windows is a list such as ['24h', '2016b']")  # noqa: TRY004 -- pydantic expects it
    return tuple(Window.parse(name.strip()) if isinstance(name, str) else name for name in names)


class Section(BaseModel):
    """Strict and frozen: what all sections share."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


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
    """The node's folder of block files. Accepted, but nothing reads them yet."""
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
        return _secret(self.password, self.password_file, "node.password")


class StoreSection(Section):
    """Where the daemon remembers."""

    url: str = Field(
        default_factory=lambda: f"sqlite:///{user_data_path('pool-monitor') / 'blocks.sqlite'}",
        examples=["sqlite:////var/lib/pool-monitor/blocks.sqlite"],
    )
    """The database: sqlite:/// and a path, so an absolute path has four slashes. Without this key it is blocks.sqlite
    in the user's data directory, on Linux ~/.local/share/pool-monitor. Each daemon, and each network, needs one of its
    own."""


class Override(Section):
    """A membership that the user decides: it outranks whatever the program knows."""

    pool: str
    template: str | None = None
    operator: str | None = None
    country: str | None = None
    since: date | None = None
    until: date | None = None


class RegistrySection(Section):
    """Who is who: the registry of pools, and to whom they belong."""

    user_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/pools.toml"])
    """Pools and memberships of your own, in the form of config/pools; they outrank those that come with the program,
    and no update touches them. Read again when it changes, and on SIGHUP."""
    min_confidence: Literal["low", "medium", "high"] = "medium"
    """Memberships (template group, operator, country) that are less sure than this do not count."""
    overrides: tuple[Override, ...] = Field(default=(), examples=[[{"pool": "luxor", "template": "own"}]])
    """Memberships that you decide: each a table with pool (its slug) and template, operator or country, and since and
    until if it did not always hold. The value own takes a pool out of a group."""


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
        return _secret(self.token, self.token_file, "web.token")


class LogSection(Section):
    """What the daemon says of itself."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged: this and what is graver. At info, a line for each block."""
    format: Literal["auto", "console", "json"] = "auto"
    """JSON, one object a line, or coloured text. With auto, text on a terminal and JSON elsewhere. Lines go to standard
    error."""


class Config(BaseSettings):
    """Everything the user said, checked."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
    )

    node: NodeSection = Field(default_factory=NodeSection)
    store: StoreSection = Field(default_factory=StoreSection)
    windows: Annotated[tuple[Window, ...], NoDecode, BeforeValidator(_windows), Field(min_length=1)] = tuple(
        map(Window.parse, DEFAULT_WINDOWS)
    )
    """What blocks are counted over: spans of header time that end at the newest block (h hours, d days, y years of 365
    days), or a number of newest blocks (b). The longest decides how much of the past a first start fetches."""
    registry: RegistrySection = Field(default_factory=RegistrySection)
    web: WebSection = Field(default_factory=WebSection)
    log: LogSection = Field(default_factory=LogSection)

    @model_validator(mode="after")
    def _windows_are_distinct(self) -> Self:
        names = [window.name for window in self.windows]
        if len(set(names)) < len(names):
            raise ValueError("windows: each may be listed once")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, whose content comes as arguments."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load(file: Path | None = None) -> Config:
    """Read and check the configuration.

    Args:
        file: the TOML file; without it `pool-monitor.toml` in the working directory, if there is one.

    Raises:
        ConfigError: with one line for each thing that is wrong.
    """
    if file is None and DEFAULT_FILE.is_file():
        file = DEFAULT_FILE
    written = _read(file) if file else {}
    source = str(file) if file else "environment"
    _refuse_unknown_variables(os.environ)
    if private := [key for key in written if key.startswith("_")]:
        raise ConfigError(f"{source}: {private[0]}: unknown key")  # pydantic-settings would take it for its own
    try:
        config = Config(**written)
    except SettingsError as error:
        raise ConfigError(f"environment: {error}: write it as JSON, or in the file") from None
    except ValidationError as error:
        raise ConfigError("\n".join(f"{source}: {line}" for line in _explain(error))) from None
    return config


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}); name the file with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: is no TOML: {error}") from None


def _secret(inline: SecretStr | None, file: Path | None, name: str) -> SecretStr | None:
    if file is None:
        return inline
    if inline is not None:
        raise ConfigError(f"{name}: is given twice, as {name} and as {name}_file; remove one")
    try:
        return SecretStr(file.read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}_file: {file} cannot be read ({error})") from None


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    """A misspelt variable would be ignored in silence: pydantic-settings looks only for those it knows."""
    known = {ENVIRONMENT_PREFIX + "__".join(path).upper() for path in paths(Config)}
    for name in sorted(environment):
        if name.startswith(ENVIRONMENT_PREFIX) and name.upper() not in known:
            raise ConfigError(f"environment: {name}: unknown variable{_nearest(name, known)}")


def paths(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key that may be written, as a path."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from paths(field.annotation, (*above, name))
        else:
            yield *above, name


def _explain(error: ValidationError) -> Iterator[str]:
    known = {".".join(path) for path in paths(Config)}
    for problem in error.errors(include_url=False, include_input=False):
        path = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            yield f"{path}: unknown key{_nearest(path, known)}"
        else:
            sentence = problem["msg"].removeprefix("Value error, ")
            yield f"{path}: {sentence}" if path else sentence


def _nearest(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; the keys are {', '.join(sorted(known))}"
