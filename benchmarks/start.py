"""How soon is the daemon ready that has a million blocks stored, and how much memory does it take?

It first fetches a year from the embedded node. Below that go as many more blocks as it takes, written into the database
directly: the oldest fifth unknown, each paid to a key of its own, as in the days before pools; of the others one in a
hundred. Then it is started again, as after any restart. The unit of comparison is the same daemon with the year alone.

    python benchmarks/start.py [blocks]
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.daemon import Daemon
from support.forked import POOL_MONITOR
from support.mainnet import mainnet_node, settings_of

from monitor.embedded import mainnet, onward

BLOCKS = 1_000_000
YEAR = 52_560
TARGET_SECONDS = 3.0
TARGET_MB = 250

PAST = """
WITH RECURSIVE coming(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM coming WHERE n < :more),
past AS (SELECT n, randomblob(32) AS hash, n > :more * 4 / 5 OR n % 100 = 0 AS unknown FROM coming)
INSERT INTO blocks
  (hash, height, stale, version, parent, merkle_root, time, bits, nonce, tx_count, coinbase_script, coinbase_outputs,
   coinbase_version, coinbase_sequence, coinbase_locktime, coinbase_value, attribution)
SELECT hash, :height - n, 0, 1, randomblob(32), randomblob(32), :time - 600 * n, 486604799, n, 1, randomblob(8),
       CASE WHEN unknown THEN CAST(X'0100F2052A01000000434104' || randomblob(64) || X'AC' AS BLOB) ELSE :outputs END,
       1, 4294967295, 0, 5000000000, CASE WHEN unknown THEN :unknown ELSE :known END
FROM past
"""


async def main() -> None:
    """Measure."""
    blocks = int(sys.argv[1]) if len(sys.argv) > 1 else BLOCKS
    skipped = max(0, blocks - YEAR - mainnet()[0].height)  # so that there are heights enough below
    history = islice(onward(mainnet(), 0), skipped, skipped + YEAR + 1)  # the node has forgotten the first
    with tempfile.TemporaryDirectory(prefix="pool-monitor-bench-") as folder:
        async with mainnet_node(history) as node:
            daemon = Daemon(Path(folder), command=POOL_MONITOR, **settings_of(node))
            with daemon:
                await asyncio.to_thread(daemon.wait_for, node.tip.hash, seconds=600)
            before = await started(daemon, node.tip.hash)
            bytes_each = put_below(Path(folder) / "blocks.sqlite", blocks - YEAR)
            after = await started(daemon, node.tip.hash)
    print(f"started again, seconds until ready, megabytes of 10^6 bytes; {bytes_each:.0f} bytes a block more on disk")
    for what, (seconds, megabytes) in ((f"{YEAR:,} blocks", before), (f"{blocks:,} blocks", after)):
        print(f"  {what:<20} {seconds:6.2f} s   {megabytes:6.1f} MB")
    print(f"  ratio                {after[0] / before[0]:6.2f}     {after[1] / before[1]:6.2f}      "
          f"(target: under {TARGET_SECONDS:g} s, {TARGET_MB} MB)")  # fmt: skip


async def started(daemon: Daemon, tip: str) -> tuple[float, float]:
    """Start, wait until it is ready, and stop; the seconds, and the megabytes once the estimates are there."""
    at = time.monotonic()
    with daemon:
        await asyncio.to_thread(daemon.wait_for, tip, seconds=60)
        seconds = time.monotonic() - at
        await asyncio.sleep(3)
        return seconds, daemon.memory("VmHWM") / 1e6


def put_below(database: Path, more: int) -> float:
    """Write so many blocks below those that are there; the bytes that each takes."""
    before = database.stat().st_size
    with sqlite3.connect(database) as connection:
        height, begin = connection.execute("SELECT min(height), min(time) FROM blocks").fetchone()
        [unknown] = connection.execute("SELECT id FROM attributions WHERE pool IS NULL").fetchone()
        known, outputs = connection.execute(
            "SELECT attribution, coinbase_outputs FROM blocks JOIN attributions ON attributions.id = attribution"
            " WHERE pool IS NOT NULL"
        ).fetchone()
        connection.execute(
            PAST,
            {"more": more, "height": height, "time": begin, "unknown": unknown, "known": known, "outputs": outputs},
        )
    connection.close()
    return (database.stat().st_size - before) / more


if __name__ == "__main__":
    asyncio.run(main())
