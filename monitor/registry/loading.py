"""Reads the registry, pools and memberships, from files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import structlog

from monitor.config import Config, RegistrySection, shipped
from monitor.documents import parse_toml, read_text
from monitor.errors import RegistryError
from monitor.registry import lists, memberships
from monitor.registry.document import located
from monitor.registry.memberships import Confidence, Memberships
from monitor.registry.registry import PoolRegistry

log = structlog.get_logger()


@dataclass(frozen=True)
class Registry:
    """The pools of a network, and their memberships."""

    pools: PoolRegistry
    memberships: Memberships


def load_registry(section: RegistrySection | None = None, network: str = "main", *, forgiving: bool = True) -> Registry:
    """The pools and memberships of one network: those shipped, and what the user adds.

    Args:
        section: the user's file and overrides.
        network: the network whose addresses are used.
        forgiving: see `load_pools`.

    Raises:
        RegistryError: something cannot be read, or is wrong.
    """
    section = section or RegistrySection()
    pools = load_pools(network, forgiving=forgiving)
    path = shipped("pools/memberships.toml")
    rows = memberships.parse(_read(path), origin=str(path))
    if section.user_file:
        origin = str(section.user_file)
        with located(origin):
            document = parse_toml(_read(section.user_file))
            rows += memberships.listed(document.pop("membership", []), "membership", confidence=Confidence.USER)
        pools = pools.extended(document, origin=origin)
    rows += memberships.listed(
        [override.model_dump(exclude_none=True) for override in section.overrides], "registry.overrides",
        confidence=Confidence.USER,
    )  # fmt: skip
    for row in rows:  # a misspelt slug would be a row that never counts
        if row.pool not in pools.by_slug and network == "main":
            raise RegistryError(f"a membership names {row.pool!r}, which is not in the registry: correct the slug")
    return Registry(pools, Memberships(rows, min_confidence=Confidence[section.min_confidence.upper()]))


def load_pools(network: str = "main", *, forgiving: bool = True) -> PoolRegistry:
    """The pools of one network: from the updated lists of the user, else those shipped.

    Args:
        network: the network whose addresses are used.
        forgiving: where the updated lists cannot be used, take those shipped, and log the reason.

    Raises:
        RegistryError: it cannot be read, or is wrong.
    """
    try:
        if newer := lists.newer_registry():
            return PoolRegistry.parse(newer, network=network, origin="the updated registry")
    except RegistryError as error:
        if not forgiving:
            raise
        log.warning("the updated registry cannot be used; using the one shipped", reason=str(error))
    path = shipped("pools/registry.toml")
    return PoolRegistry.parse(_read(path), network=network, origin=str(path))


def network_of(config: Config) -> str:
    """The configured network; main until a node says which."""
    return "main" if config.counted_node.network == "auto" else config.counted_node.network


def files(section: RegistrySection) -> tuple[Path, ...]:
    """The files that `load_registry` reads."""
    own = (section.user_file,) if section.user_file else ()
    return (shipped("pools/registry.toml"), shipped("pools/memberships.toml"), *lists.files(), *own)


def _read(path: Path) -> str:
    try:
        return read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(
            f"{path}: cannot be read ({error})", remedy="correct registry.user_file, or reinstall pool-monitor"
        ) from None
