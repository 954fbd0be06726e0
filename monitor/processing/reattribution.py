"""Attribute the stored blocks by the present registry, and compare the indices before and after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from monitor.attribution import attribute
from monitor.config import Config
from monitor.model import Concentration
from monitor.processing.counter import Rulebook, WindowCounter
from monitor.processing.measured import stored_registry
from monitor.registry.loading import network_of
from monitor.store.reattribution import Moved
from monitor.store.store import Store


@dataclass(frozen=True, slots=True)
class ReattributionResult:
    """What another registry has changed."""

    registry: str
    moved: list[Moved]
    before: tuple[Concentration, ...]
    after: tuple[Concentration, ...]


async def reattribute(config: Config, progress: Callable[[int, int], None] | None = None) -> ReattributionResult:
    """Attribute every stored block by the present registry, without the node.

    Raises:
        StoreRefused: a daemon uses the database. It does the same by itself when the registry changes.
    """
    async with await Store.open(config.store.url) as store:
        network = await store.network() or network_of(config)
        rulebook = Rulebook.of(await stored_registry(store, config), network)
        counter = WindowCounter(store, config.windows, rulebook)
        await counter.recount()
        before = counter.concentration()
        registry = rulebook.registry
        moved = await store.reattribute(partial(attribute, registry=registry), registry.hash, progress)
        await counter.recount()
        return ReattributionResult(registry.hash, moved, before, after=counter.concentration())
