"""What the program knows of pools: the registry and the memberships, read from files, and the levels they make."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import structlog

from monitor.analysis.levels import POOL, Alone, Entity, Level
from monitor.app import lists
from monitor.attribution import memberships
from monitor.attribution.document import located
from monitor.attribution.memberships import Confidence, Membership, Memberships
from monitor.attribution.pool import Kind
from monitor.attribution.registry import Registry
from monitor.config import Config, RegistrySection, shipped
from monitor.errors import RegistryError
from monitor.model import BlockRow

_DATUM = "ocean"
"""The pool whose miners build their own templates, and say so in the coinbase."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Knowledge:
    """Who is who."""

    registry: Registry
    memberships: Memberships


def load_knowledge(
    section: RegistrySection | None = None, network: str = "main", *, forgiving: bool = True
) -> Knowledge:
    """Read everything for one network: what comes with the program, and what the user adds to it.

    Args:
        section: what the user says of it.
        network: whose addresses count.
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
        network: whose addresses count.
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
    """Whose addresses count as long as no node has told."""
    return "main" if config.node.network == "auto" else config.node.network


def files(section: RegistrySection) -> tuple[Path, ...]:
    """What `load_knowledge` reads: where to look for changes."""
    own = (section.user_file,) if section.user_file else ()
    return (shipped("pools/registry.toml"), shipped("pools/memberships.toml"), *lists.files(), *own)


def levels(knowledge: Knowledge) -> tuple[Level, ...]:
    """The levels at which blocks are counted: pool, template, operator, country."""
    registry, known = knowledge.registry, knowledge.memberships
    solo = {slug for slug, pool in registry.pools.items() if pool.kind is Kind.SOLO}

    def template(row: BlockRow) -> Entity:
        """Who built the block: the pool's template group; at OCEAN, a miner who built his own."""
        if row.pool is None:
            return row.cluster
        if row.pool in solo:
            return Alone.ALONE
        if row.pool == _DATUM and row.miner:
            return f"datum {row.miner}"
        return known.of("template", row.pool, row.time) or row.pool

    def operator(row: BlockRow) -> Entity:
        """The company behind the pool; where nobody knows of one, the pool stands for itself."""
        if row.pool is None:
            return row.cluster
        if row.pool in solo:
            return Alone.ALONE
        return known.of("operator", row.pool, row.time) or row.pool

    def country(row: BlockRow) -> Entity:
        """Where the operator is at home. Of who mines with a solo service, that says nothing."""
        if row.pool is None or row.pool in solo:
            return None
        return known.of("country", row.pool, row.time)

    return (
        POOL,
        Level("template", template, known.turns("template"), {_DATUM}),
        Level("operator", operator, known.turns("operator")),
        Level("country", country, known.turns("country")),
    )


def _refuse_strangers(rows: list[Membership], registry: Registry) -> None:
    """A misspelt slug would be a row that never counts."""
    for row in rows:
        if row.pool not in registry.pools and registry.network == "main":
            raise RegistryError(
                f"a membership is about {row.pool!r}, which is no pool of the registry: correct the slug"
            )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path}: cannot be read ({error}); correct registry.user_file, or install anew") from None
