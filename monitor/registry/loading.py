"""What the program knows of pools: the registry and the memberships, read from files."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import structlog

from monitor.config import Config, RegistrySection, shipped
from monitor.errors import RegistryError
from monitor.registry import lists, memberships
from monitor.registry.document import located
from monitor.registry.memberships import Confidence, Membership, Memberships
from monitor.registry.registry import Registry

log = structlog.get_logger()


@dataclass(frozen=True)
class Knowledge:
    """The pools of a network, and their memberships."""

    registry: Registry
    memberships: Memberships


def load_knowledge(
    section: RegistrySection | None = None, network: str = "main", *, forgiving: bool = True
) -> Knowledge:
    """Read everything for one network: what comes with the program, and what the user adds to it.

    Args:
        section: what the user says of it.
        network: the network whose addresses are used.
        forgiving: see `load_registry`.

    Raises:
        RegistryError: something cannot be read, or is wrong.
    """
    section = section or RegistrySection()
    registry = load_registry(network, forgiving=forgiving)
    path = shipped("pools/memberships.toml")
    rows = memberships.parse(_read(path), origin=str(path))
    if section.user_file:
        origin = str(section.user_file)
        with located(origin):
            document = tomllib.loads(_read(section.user_file))
            rows += memberships.listed(document.pop("membership", []), "membership", confidence=Confidence.USER)
        registry = registry.extended(document, origin=origin)
    rows += memberships.listed(
        [override.model_dump(exclude_none=True) for override in section.overrides], "registry.overrides",
        confidence=Confidence.USER,
    )  # fmt: skip
    _refuse_strangers(rows, registry)
    return Knowledge(registry, Memberships(rows, min_confidence=Confidence[section.min_confidence.upper()]))


def load_registry(network: str = "main", *, forgiving: bool = True) -> Registry:
    """The registry for one network: made of the newer lists that the user took, else the one shipped.

    Args:
        network: the network whose addresses are used.
        forgiving: where the newer lists cannot be used, take the one shipped, and log the reason.

    Raises:
        RegistryError: it cannot be read, or is wrong.
    """
    try:
        if newer := lists.newer_registry():
            return Registry.parse(newer, network=network, origin="the updated registry")
    except RegistryError as error:
        if not forgiving:
            raise
        log.warning("the updated registry cannot be used; the one that came with the program is", reason=str(error))
    path = shipped("pools/registry.toml")
    return Registry.parse(_read(path), network=network, origin=str(path))


def network_of(config: Config) -> str:
    """The configured network; main as long as it is not known from a node."""
    return "main" if config.node.network == "auto" else config.node.network


def files(section: RegistrySection) -> tuple[Path, ...]:
    """What `load_knowledge` reads: where to look for changes."""
    own = (section.user_file,) if section.user_file else ()
    return (shipped("pools/registry.toml"), shipped("pools/memberships.toml"), *lists.files(), *own)


def _refuse_strangers(rows: list[Membership], registry: Registry) -> None:
    """A misspelt slug would be a row that never counts."""
    for row in rows:
        if row.pool not in registry.pools and registry.network == "main":
            raise RegistryError(f"a membership names {row.pool!r}, which is not in the registry: correct the slug")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(
            f"{path}: cannot be read ({error})", remedy="correct registry.user_file, or reinstall pool-monitor"
        ) from None
