"""What the user may say: a strict schema in, frozen sections out.

A TOML file and the environment are merged (the environment wins), every unknown key is an error that names its path,
and secrets are masked wherever they are printed. Defaults live here and nowhere else.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

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

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True)


class NodeSection(Section):
    """Where the Bitcoin node is, and how it lets us in."""

    url: str = "http://127.0.0.1:8332"
    network: Literal["auto"] | Network = "auto"
    cookie_file: Literal["auto"] | Path = "auto"
    user: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    zmq: str = "auto"
    rest: Literal["auto", "off"] = "auto"
    blocks_dir: Path | None = None
    poll_seconds: float = Field(default=10.0, ge=0.1, le=600)
    timeout_seconds: float = Field(default=30.0, ge=0.5, le=600)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
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

    url: str = Field(default_factory=lambda: f"sqlite:///{user_data_path('pool-monitor') / 'blocks.sqlite'}")


class RegistrySection(Section):
    """The registry of pools."""

    user_file: Path | None = None


class WebSection(Section):
    """The page, the API and /metrics."""

    host: str = "127.0.0.1"
    port: int = Field(default=WEB_PORT, ge=0, le=65535)
    token: SecretStr | None = None
    token_file: Path | None = None

    @property
    def secret_token(self) -> SecretStr | None:
        """The token, wherever it was written."""
        return _secret(self.token, self.token_file, "web.token")


class LogSection(Section):
    """What the daemon says of itself."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Config(BaseSettings):
    """Everything the user said, checked."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )

    node: NodeSection = Field(default_factory=NodeSection)
    store: StoreSection = Field(default_factory=StoreSection)
    windows: Annotated[tuple[Window, ...], NoDecode, BeforeValidator(_windows), Field(min_length=1)] = tuple(
        map(Window.parse, DEFAULT_WINDOWS)
    )
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
    try:
        config = Config(**written)
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
