"""Reads the registry, pools and memberships, from files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog

from monitor.config import Config, RegistrySection, shipped
from monitor.documents import parse_toml, read_text
from monitor.errors import RegistryError
from monitor.model import PoolSlug, Proposal
from monitor.registry import lists, memberships
from monitor.registry.document import located
from monitor.registry.memberships import ASPECTS, Confidence, Membership, Memberships
from monitor.registry.registry import PoolRegistry

MEASURED: Final = "measured by this monitor"
"""The source of memberships that evidence of this monitor suggests."""
_MOST_DOUBTFUL: Final = 8
_OTHER_ASPECTS: Final = tuple(aspect for aspect in ASPECTS if aspect != "template")

log = structlog.get_logger()


@dataclass(frozen=True)
class Registry:
    """The pools of a network, and their memberships."""

    pools: PoolRegistry
    memberships: Memberships


def load_registry(section: RegistrySection | None = None, network: str = "main", *, forgiving: bool = True) -> Registry:
    """The pools and memberships of one network: those shipped, and what the user adds. `forgiving`: see `load_pools`.

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


def with_measured(registry: Registry, proposals: Iterable[Proposal], *, template: bool, custodian: bool) -> Registry:
    """The registry with what was measured: dated memberships like those of the files.

    Args:
        registry: as it was loaded.
        proposals: of any level.
        template: whether measured template groups take the place of the listed ones; the user's own still outrank them.
        custodian: whether measured custodians count.
    """
    wanted = {level for level, on in (("template", template), ("custodian", custodian)) if on}
    measured = [_measured(each) for each in _bounded(each for each in proposals if each.level in wanted)]
    rows = registry.memberships.stated
    if template:
        rows = tuple(
            replace(row, template=None, evidence=None) if row.confidence < Confidence.USER else row
            for row in rows
            if row.confidence == Confidence.USER or any(getattr(row, each) for each in _OTHER_ASPECTS)
        )
    elif not measured:
        return registry
    known = Memberships((*rows, *measured), min_confidence=registry.memberships.min_confidence)
    return replace(registry, memberships=known)


def _bounded(proposals: Iterable[Proposal]) -> Iterator[Proposal]:
    """All that are sure, and of each pool and level the newest others: every combination of these is an alternative."""
    doubtful = Counter[tuple[str, PoolSlug]]()
    for each in sorted(proposals, key=lambda each: each.since, reverse=True):
        doubtful[each.level, each.pool] += each.confidence != "high"
        if each.confidence == "high" or doubtful[each.level, each.pool] <= _MOST_DOUBTFUL:
            yield each


def _measured(proposal: Proposal) -> Membership:
    strongest = proposal.evidence[0] if proposal.evidence else None
    return Membership(
        PoolSlug(proposal.pool), Confidence[proposal.confidence.upper()], MEASURED,
        template=proposal.group if proposal.level == "template" else None,
        custodian=proposal.group if proposal.level == "custodian" else None,
        since=proposal.since, until=proposal.until, note=strongest.text if strongest else "",
    )  # fmt: skip


def load_pools(network: str = "main", *, forgiving: bool = True) -> PoolRegistry:
    """The pools of one network: from the updated lists of the user, else those shipped.

    Where the updated lists cannot be used, `forgiving` takes those shipped, and logs the reason.

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
