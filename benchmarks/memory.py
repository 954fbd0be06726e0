"""How much memory does the daemon hold with a year of blocks, and how fast did it fetch them?

The embedded node has 52,560 blocks: mainnet's pools and times of two months, repeated onward for a year. The daemon is
a process of its own; it catches up over HTTP, and is then started again on what it has stored. The unit of comparison
is a Python process that has imported all that the daemon imports, and does nothing.

    python benchmarks/memory.py [blocks]
"""

from __future__ import annotations

import asyncio
import re
import subprocess
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

YEAR = 52_560
TARGET_MB = 110
IDLE = "import monitor.app, time; print(flush=True); time.sleep(60)"


async def main() -> None:
    """Measure."""
    blocks = int(sys.argv[1]) if len(sys.argv) > 1 else YEAR
    idle = _idle()
    history = islice(onward(mainnet(), 0), blocks + 1)  # the node has forgotten the first: see EmbeddedNode
    with tempfile.TemporaryDirectory(prefix="pool-monitor-bench-") as folder:
        async with mainnet_node(history) as node:
            daemon = Daemon(Path(folder), command=POOL_MONITOR, **settings_of(node))
            started = time.monotonic()
            with daemon:
                await asyncio.to_thread(daemon.wait_for, node.tip.hash, seconds=600)
                took = time.monotonic() - started
                after, most = daemon.memory("VmRSS"), daemon.memory("VmHWM")
            with daemon:
                started = time.monotonic()
                await asyncio.to_thread(daemon.wait_for, node.tip.hash, seconds=60)
                resumed = time.monotonic() - started
                for _ in range(200):
                    node.mine()
                    await asyncio.sleep(0.02)
                await asyncio.to_thread(daemon.wait_for, node.tip.hash, seconds=60)
                again = daemon.memory("VmRSS")
                counted = daemon.metric('pool_monitor_window_blocks{window="1y"}')
            stored = (Path(folder) / "blocks.sqlite").stat().st_size
    print(f"{blocks:,} blocks stored, {counted:,.0f} in the one-year window; megabytes of 10^6 bytes")
    for what, held in (
        ("idle, everything imported", idle),
        ("caught up from nothing", after),
        ("at most meanwhile", most),
        ("started again, 200 blocks later", again),
    ):
        print(f"  {what:<33} {held / 1e6:8.1f}   {held / idle:5.2f} x idle   (target: under {TARGET_MB})")
    print(f"  database                          {stored / 1e6:8.1f}   {stored / blocks:,.0f} bytes a block")
    print(f"  caught up in {took:.1f} s, {blocks / took:,.0f} blocks a second; started again in {resumed:.1f} s")


def _idle() -> int:
    with subprocess.Popen([sys.executable, "-c", IDLE], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.kill()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


if __name__ == "__main__":
    asyncio.run(main())
