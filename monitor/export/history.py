"""The history of shares and indices as OpenMetrics: what `/metrics` would have shown at each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.analysis import snapshot
from monitor.config import Config
from monitor.export.openmetrics import History
from monitor.model import Reach, Snapshot, StoredBlock, Tally, Window
from monitor.processing.counted_blocks import CountedBlocks
from monitor.processing.levels import levels
from monitor.processing.measured import stored_registry
from monitor.processing.stored_blocks import Progress, Span, StoredBlocks, written
from monitor.registry.loading import Registry
from monitor.store.reading import Reading
from monitor.store.store import Store


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to export."""

    step: int
    """Seconds between samples; their times are multiples of it in Unix time."""
    windows: Sequence[Window]
    span: Span = field(default_factory=Span)
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels that every series has besides its own."""


async def export_history(
    config: Config, options: ExportOptions, file: Path | None, *, progress: Progress | None = None
) -> int:
    """Write the metrics of stored blocks; also beside a running daemon.

    At each time the tip is the last block before the first one with a later header time. Blocks below the span are
    counted too, as far as the windows reach.

    Args:
        config: names the store and the memberships.
        options: what to export.
        file: None is standard output.
        progress: called with the number of blocks done and their total.

    Returns:
        The number of samples.

    Raises:
        StoreRefused: there is no store.
        InputError: it has none of these blocks, or the file cannot be written.
    """
    async with await Store.open(config.store.reading, beside=True) as store:
        registry = await stored_registry(store, config)

        def work(reading: Reading) -> int:
            with (
                written(file) as sink,
                TemporaryDirectory(prefix="pool-monitor-") as folder,
                History(Path(folder), options.labels) as history,
            ):
                for time, taken in _snapshots(reading, registry, options, progress=progress):
                    history.add(taken, time)
                return history.write(sink)

        return await store.reading(work)


def _snapshots(
    reading: Reading, registry: Registry, options: ExportOptions, *, progress: Progress | None
) -> Iterator[tuple[int, Snapshot]]:
    """The counts at each step, with its time."""
    first, last = options.span.within(reading)
    lowest, _ = Span().within(reading)
    stored = StoredBlocks(reading, registry, progress)
    counted = CountedBlocks(levels(registry), options.windows)
    due: int | None = None
    tip: StoredBlock | None = None
    for block in stored.covering(first, last, Reach.of(options.windows).with_margin):
        row = block.row
        if due is None and row.height == first:
            due = row.time + -row.time % options.step
        while tip and due is not None and tip.row.height >= first and row.time > due:
            taken = snapshot(
                counted.table, options.windows, Tally(), tip_hash=tip.hash, first_height=lowest, caught_up=False,
                registry=registry.pools.hash, pool_names={},
            )  # fmt: skip
            yield due, taken
            due += options.step
        counted.add([row])
        tip = block
