"""The registry with what this monitor measured itself: who builds templates together, and who holds the money."""

from __future__ import annotations

from monitor.analysis.groups.groups import proposals
from monitor.config import Config
from monitor.model import Proposal
from monitor.registry.loading import Registry, load_registry, network_of, with_measured
from monitor.store.store import Store

LEVELS = ("template", "custodian")


async def stored_proposals(store: Store) -> tuple[Proposal, ...]:
    """The memberships that the stored evidence suggests."""
    evidence, sizes = await store.evidence.evidence(), await store.evidence.sizes()
    now = await store.evidence.newest_time()
    return tuple(each for level in LEVELS for each in proposals(evidence, level=level, sizes=sizes, now=now))


def measured(registry: Registry, found: tuple[Proposal, ...], config: Config) -> Registry:
    """The registry with those proposals that the configuration has count."""
    return with_measured(
        registry, found, template=config.registry.template == "measured", custodian=config.custody.enabled
    )


async def stored_registry(store: Store, config: Config) -> Registry:
    """The registry by which the blocks of a store are counted."""
    registry = load_registry(config.registry, await store.network() or network_of(config))
    return measured(registry, await stored_proposals(store), config)
