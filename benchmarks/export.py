"""How fast are blocks taken away, as CSV, as Parquet, and their history as OpenMetrics?

Prints blocks a second, and for the blocks how many times as long that takes as a bare loop that only reads the same
rows; for the history numbers a second. The memory is the largest of the whole process.
"""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from reattribution import BLOCKS, fill

from monitor.config import Config, StoreSection
from monitor.export.blocks import Form, export
from monitor.export.history import ExportOptions, export_history
from monitor.registry.loading import load_pools
from monitor.store.store import Store


def bare(path: Path) -> float:
    """Seconds to read the rows, and nothing else."""
    start = perf_counter()
    with sqlite3.connect(path) as connection:
        query = (
            "SELECT b.*, a.* FROM blocks b JOIN attributions a ON a.id = b.attribution WHERE NOT stale ORDER BY height"
        )
        for _ in connection.execute(query):
            pass
    connection.close()
    return perf_counter() - start


async def measure(folder: Path) -> None:
    """Fill a store, and take everything away."""
    path = folder / "blocks.sqlite"
    config = Config(store=StoreSection(url=f"sqlite:///{path}"))
    async with await Store.open(config.store.url) as store:
        await fill(store, load_pools())
    floor = bare(path)
    for form in Form:
        file = folder / f"blocks.{form}"
        start = perf_counter()
        rows = await export(config, form, file)
        took = perf_counter() - start
        size = file.stat().st_size / rows
        print(f"{form}: {rows / took:,.0f} blocks a second, {took / floor:.1f} x the bare loop, {size:.0f} bytes each")
    start = perf_counter()
    samples = await export_history(config, ExportOptions(86_400, config.windows), folder / "history.txt")
    took = perf_counter() - start
    print(f"openmetrics: {samples / took:,.0f} numbers a second, {BLOCKS / took:,.0f} blocks a second, a step a day")
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    """Measure in a folder of its own."""
    with TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder)))


if __name__ == "__main__":
    main()
