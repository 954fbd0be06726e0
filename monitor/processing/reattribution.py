"""Attribute the stored blocks by the present registry, and compare the indices before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.attribution import attribute
from monitor.config import Config
from monitor.model import Concentration
from monitor.processing.counter import Rulebook, WindowCounter
from monitor.processing.measured import stored_registry
from monitor.registry.loading import network_of
from monitor.store.reattribution import Moved
from monitor.store.store import Store

_SHOWN = ("hhi", "nakamoto", "effective_entities")


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


def as_view(report: ReattributionResult) -> RenderableType:
    """The result for a terminal."""
    if not report.moved:
        return Text(f"No block moved from one pool to another (registry {report.registry}).")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("from")
    table.add_column("to")
    table.add_column("blocks", justify="right")
    for each in report.moved:
        table.add_row(each.before or "unknown", each.after or "unknown", f"{each.blocks:,}")
    return Group(table, _indices(report.before, report.after))


def _indices(before: Sequence[Concentration], after: Sequence[Concentration]) -> RenderableType:
    """The indices that differ, at every level and window."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("level", "window", "index"):
        table.add_column(column)
    for column in ("before", "after"):
        table.add_column(column, justify="right")
    for old, new in zip(before, after, strict=True):
        if old.split is None or new.split is None:
            continue
        for name in _SHOWN:
            was, becomes = (f"{getattr(each, name):,.4g}" for each in (old.split, new.split))
            if was != becomes:
                table.add_row(new.level, new.window.name, name, was, becomes)
    return table if table.row_count else Text("No index moved.")
