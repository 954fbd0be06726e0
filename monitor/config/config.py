"""All sections, read from a file and the environment, with one error message per invalid key; and shipped files."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from monitor.config.node import NodeSection
from monitor.config.receivers import AlertsSection, MqttSection
from monitor.config.sections import (
    AuditSection,
    CustodySection,
    EconomySection,
    LogSection,
    MetricsSection,
    RegistrySection,
    SplitsSection,
    StoreSection,
    StratumSection,
    WebSection,
)
from monitor.documents import TomlError, parse_toml, read_text
from monitor.errors import ConfigError
from monitor.model import Window

ENVIRONMENT_PREFIX = "POOL_MONITOR_"
DEFAULT_FILE = Path("pool-monitor.toml")
"""Read from the working directory when no file is named."""
_PROTECTS = re.compile(r"__(\w*(token|tokens|password|secret)(_file)?|host|allowed_hosts)$")
"""Keys of which an empty value must not mean that there is no protection."""
_SERVICE_LINK = re.compile(
    r"POOL_MONITOR(_[A-Z0-9]+)*_((SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_\w+)=.*|PORT=(tcp|udp|sctp)://.*)"
)
"""Variables that Kubernetes sets for services named pool-monitor, or with names that begin so."""
DEFAULT_WINDOWS = ("24h", "3d", "7d", "30d", "90d", "1y", "2016b")


def _windows(value: object) -> object:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple):
        raise ValueError("windows must be a list such as ['24h', '2016b']")  # noqa: TRY004 -- pydantic expects it
    return tuple(Window.parse(name.strip()) if isinstance(name, str) else name for name in names)


def _tables(value: object) -> object:
    if isinstance(value, dict):
        raise ValueError("write [[nodes]], in double brackets: a table for each node")  # noqa: TRY004 -- see above
    return value


class Config(BaseSettings):
    """The checked configuration."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
    )

    node: NodeSection = Field(default_factory=NodeSection)
    nodes: Annotated[tuple[NodeSection, ...], BeforeValidator(_tables)] = Field(
        default=(), examples=[[{"name": "home"}, {"name": "friend", "url": "http://127.0.0.1:18332"}]]
    )
    """Several nodes in place of one: tables with the keys of node. The first is the counted node, unless another has
    that role; the others are observers."""
    splits: SplitsSection = Field(default_factory=SplitsSection)
    audit: AuditSection = Field(default_factory=AuditSection)
    custody: CustodySection = Field(default_factory=CustodySection)
    stratum: StratumSection = Field(default_factory=StratumSection)
    store: StoreSection = Field(default_factory=StoreSection)
    windows: Annotated[tuple[Window, ...], NoDecode, BeforeValidator(_windows), Field(min_length=1)] = tuple(
        map(Window.parse, DEFAULT_WINDOWS)
    )
    """Windows over which blocks are counted: spans of header time that end at the newest block (h hours, d days, y
    years of 365 days), or a number of newest blocks (b). The longest one determines how much history is fetched at the
    first start."""
    registry: RegistrySection = Field(default_factory=RegistrySection)
    web: WebSection = Field(default_factory=WebSection)
    alerts: AlertsSection = Field(default_factory=AlertsSection)
    mqtt: MqttSection = Field(default_factory=MqttSection)
    economy: EconomySection = Field(default_factory=EconomySection)
    metrics: MetricsSection = Field(default_factory=MetricsSection)
    log: LogSection = Field(default_factory=LogSection)

    @model_validator(mode="after")
    def _windows_are_distinct(self) -> Self:
        names = [window.name for window in self.windows]
        if len(set(names)) < len(names):
            raise ValueError("windows: list each window once")
        return self

    @model_validator(mode="after")
    def _nodes_are_consistent(self) -> Self:
        if not self.nodes:
            return self
        if "node" in self.model_fields_set:
            raise ValueError("nodes: write either [node] or [[nodes]], not both")
        labels = [each.label.casefold() for each in self.nodes]
        if len(set(labels)) < len(labels):
            raise ValueError("nodes: give each node a name of its own; upper and lower case are not told apart")
        if [each.role for each in self.nodes].count("counted") > 1:
            raise ValueError("nodes: one node at most has the role counted")
        if all(each.role == "observer" for each in self.nodes):
            raise ValueError("nodes: one node must not be an observer")
        for one, other in combinations(self.nodes, 2):
            if one.address == other.address:
                raise ValueError(
                    f"nodes: {one.label} and {other.label} have the same url, and a node cannot be compared with itself"
                )
        return self

    @property
    def counted_node(self) -> NodeSection:
        """The node whose chain is counted."""
        chosen = [each for each in self.nodes if each.role == "counted"]
        candidates = [each for each in self.nodes if each.role == "auto"]
        return next(iter(chosen + candidates), self.node)

    @property
    def observers(self) -> tuple[NodeSection, ...]:
        """The other nodes."""
        counted = self.counted_node
        others = (each for each in self.nodes if each is not counted)
        return tuple(each.model_copy(update={"role": "observer"}) for each in others)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment variables take precedence over the file, which is passed as arguments."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load(file: Path | None = None) -> Config:
    """Read and check the configuration.

    Args:
        file: the TOML file; by default `pool-monitor.toml` in the working directory, if it exists.

    Raises:
        ConfigError: the configuration is invalid; the message has a line for each problem.
    """
    if file is None and DEFAULT_FILE.is_file():
        file = DEFAULT_FILE
    written = _read(file) if file else {}
    source = str(file) if file else "environment"
    _check_variables(os.environ)
    if private := [key for key in written if key.startswith("_")]:
        raise ConfigError(f"{source}: {private[0]}: unknown key")  # pydantic-settings would treat it as an option
    try:
        config = Config(**written)
    except SettingsError as error:
        raise ConfigError(f"environment: {error}", remedy="write it as JSON, or in the file") from None
    except ValidationError as error:
        raise ConfigError("\n".join(f"{source}: {line}" for line in _explain(error))) from None
    return config


def _read(file: Path) -> dict[str, Any]:
    try:
        return parse_toml(read_text(file))
    except OSError as error:
        raise ConfigError(
            f"{file}: cannot be read ({error.strerror or error})", remedy="name the file with --config"
        ) from None
    except (TomlError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: invalid TOML: {error}") from None


def _check_variables(environment: Mapping[str, str]) -> None:
    """Reject misspelt variables, which pydantic-settings does not look for, and empty ones that protect.

    Other empty variables count as not set, as compose renders them.
    """
    known = {ENVIRONMENT_PREFIX + "__".join(path).upper() for path in paths(Config)}
    for name in sorted(environment):
        if not name.startswith(ENVIRONMENT_PREFIX) or _SERVICE_LINK.fullmatch(f"{name}={environment[name]}"):
            continue
        if name.upper() not in known:
            raise ConfigError(f"environment: {name}: unknown variable{_nearest(name, known)}")
        if not environment[name] and _PROTECTS.search(name.lower()):
            raise ConfigError(f"environment: {name}: is empty", remedy="set it, or remove it to go without")


def paths(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """All keys of a model, as paths."""
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
    return f"; did you mean {near[0]}?" if near else f"; choose one of: {', '.join(sorted(known))}"


def shipped(name: str) -> Path:
    """Path of a shipped file, by its name under `config/`: in a checkout, or inside the wheel."""
    package = Path(__file__).parents[1]
    inside = package / "shipped"
    return (inside if inside.is_dir() else package.parent / "config") / name
