"""Take the history of shares and indices away: what `/metrics` would have said at each step, as OpenMetrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.analysis import BlockTable, snapshot, surplus
from monitor.config import Config
from monitor.export.openmetrics import History
from monitor.model import BlockRow, StoredBlock, Tally, Window
from monitor.processing.levels import levels
from monitor.processing.stored_blocks import Progress, Span, StoredBlocks, written
from monitor.registry.loading import Knowledge, load_knowledge, network_of
from monitor.store.reading import Reading
from monitor.store.store import Store

_BACK_SECONDS = 86_400
"""Header times go back at times, and then the windows look further back: more than consensus lets them."""
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which history."""

    step: int
    """Seconds from one moment to the next; the moments are multiples of it in unix time."""
    windows: Sequence[Window]
    span: Span = field(default_factory=Span)
    labels: Mapping[str, str] = field(default_factory=dict)
    """What every series has besides its own labels."""


async def export_history(config: Config, wanted: Wanted, file: Path | None, progress: Progress | None = None) -> int:
    """Write the metrics of the past; also beside a running daemon.

    At each moment the tip is the last block before the first one with a later header time. Blocks from before the span
    are counted, too, as far as the windows reach.

    Args:
        config: says where the store is, and which memberships count.
        wanted: which history.
        file: where to; None is standard output.
        progress: told how far it has come.

    Returns:
        How many samples.

    Raises:
        StoreRefused: there is no store.
        InputError: it has none of these blocks, or the file cannot be written.
    """
    async with await Store.open(config.store.url, beside=True) as store:
        knowledge = load_knowledge(config.registry, await store.network() or network_of(config))

        def work(reading: Reading) -> int:
            with (
                written(file) as sink,
                TemporaryDirectory(prefix="pool-monitor-") as folder,
                History(Path(folder), wanted.labels) as history,
            ):
                _collect(reading, knowledge, wanted, history, progress)
                return history.write(sink)

        return await store.reading(work)


def _collect(
    reading: Reading, knowledge: Knowledge, wanted: Wanted, history: History, progress: Progress | None
) -> None:
    first, last = wanted.span.within(reading)
    oldest, _ = Span().within(reading)
    windows = wanted.windows
    start = next(reading.blocks(first, first)).row
    begin = reading.reach(
        start,
        seconds=max((window.seconds or 0 for window in windows), default=0) + _BACK_SECONDS,
        count=max((window.blocks or 0 for window in windows), default=0),
    )
    ledger = BlockTable(levels(knowledge), windows)
    waiting: list[BlockRow] = []
    due = start.time + -start.time % wanted.step
    tip: StoredBlock | None = None
    for block in StoredBlocks(reading, knowledge, progress).blocks(max(begin, oldest), last):
        while tip and tip.row.height >= first and block.row.time > due:
            ledger.extend(waiting)
            waiting.clear()
            taken = snapshot(
                ledger, windows, Tally(), tip_hash=tip.hash, first_height=oldest, caught_up=False,
                registry=knowledge.registry.hash, pool_names={},
            )  # fmt: skip
            history.add(taken, due)
            ledger.forget(surplus(ledger, windows))
            due += wanted.step
        waiting.append(block.row)
        if len(waiting) == _BATCH:
            ledger.extend(waiting)
            waiting.clear()
        tip = block
