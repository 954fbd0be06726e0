"""Judge the stored history anew, and tell what that moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.analysis import BlockTable, concentrate
from monitor.attribution import attribute
from monitor.config import Config
from monitor.model import Concentration
from monitor.processing.levels import levels
from monitor.registry.loading import Knowledge, load_knowledge, network_of
from monitor.store.reattribution import Moved
from monitor.store.store import Store

_SHOWN = ("hhi", "nakamoto", "effective_entities")


@dataclass(frozen=True, slots=True)
class Report:
    """What judging anew has changed."""

    registry: str
    moved: list[Moved]
    before: tuple[Concentration, ...]
    after: tuple[Concentration, ...]


async def reattribute(config: Config, progress: Callable[[int, int], None]) -> Report:
    """Judge every stored block by the present registry, without the node.

    Args:
        config: says where the store is, which registry counts, and which windows to compare.
        progress: called now and then with how many blocks are judged, of how many.

    Raises:
        StoreRefused: a daemon uses the database. It judges anew by itself when the registry changes.
    """
    async with await Store.open(config.store.url) as store:
        knowledge = load_knowledge(config.registry, await store.network() or network_of(config))
        registry = knowledge.registry
        before = await _counted(store, config, knowledge)
        judge = partial(attribute, registry=registry)
        moved = await store.reattribute(judge, registry.hash, progress)
        return Report(registry.hash, moved, before, await _counted(store, config, knowledge))


async def _counted(store: Store, config: Config, knowledge: Knowledge) -> tuple[Concentration, ...]:
    rows = await store.recent(
        seconds=max((window.seconds or 0 for window in config.windows), default=0),
        count=max((window.blocks or 0 for window in config.windows), default=0),
    )
    return concentrate(BlockTable.of(rows, levels(knowledge)), config.windows)


def as_view(report: Report) -> RenderableType:
    """For people."""
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
    """The indices that moved, at every level and window."""
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
