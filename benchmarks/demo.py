"""Does the demo grow in a week? A week of its blocks in a third of an hour.

This process is the real demo, daemon and node. A week at a block each two seconds is 302,400 blocks. Of eight hours
each most blocks come at once and the last ones one by one, with a race; then pages and API are read, and the demo comes
to rest, as it does between two blocks. What it does by the clock instead of by blocks is done as often as in the time
that the run takes.

After each eight hours: memory, file descriptors, connections and threads, bytes on disk, stored blocks, and blocks of
the node. The exit status is 1 if bytes or blocks are 2 % more on the last day than on the second one (medians), or if
more descriptors, connections or threads are open than ever from the second day on: connections between daemon and node
come and go. Proportional memory (PSS) depends on the other processes of the machine, and does not count.

    python benchmarks/demo.py [--hours 168] [--picture docs/images/demo-week.svg]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import median

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.usage import Usage, usage

from monitor import logs, pipeline
from monitor.cli import demo_daemon
from monitor.cli.run import return_freed_memory
from monitor.config import Config
from monitor.embedded import EmbeddedNode, Found, replay

HOURS, DAY, STEP = 168, 24, 8
"""Hours of a run, of a day, and between samples."""
HOUR = 1800
"""Blocks of an hour."""
TOGETHER = 7_200
"""Blocks that come at once at most: the node keeps 9,000."""
ALONE = 50
"""Blocks that come one by one before a sample: enough for a race."""
MOST_GROWTH = 0.02
PATHS = (
    "/", "/metrics", "/api/v1/shares", "/api/v1/concentration", "/api/v1/signals", "/api/v1/blocks?limit=500",
    "/api/v1/history?metric=hhi&level=pool&step=7d", "/nodes", "/feed.atom", "/pool/antpool",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample(Usage):
    """What the demo holds at the end of an hour."""

    hour: int
    disk: int
    """Bytes of everything that the demo has written."""
    stored: int
    """Blocks in the database, stale ones included."""
    node: int
    """Blocks that the node holds."""


class Week:
    """Lets the blocks of the demo come.

    Args:
        folder: in which the demo makes its own.
        hours: of the run.
        address: of the demo, once it listens.
    """

    def __init__(self, folder: Path, hours: int, address: asyncio.Future[str]) -> None:
        self._folder, self._hours, self._address = folder, hours, address
        self.samples: list[Sample] = []
        self.done = asyncio.Event()

    async def play(self, node: EmbeddedNode, coming: Iterator[Found]) -> None:
        """Let all hours pass; then `done` is set."""
        try:
            async with aiohttp.ClientSession(await self._address) as session:
                await self._shown(node, session)
                [database] = self._folder.glob("*/blocks.sqlite")
                with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as reader:
                    for hour in range(STEP, self._hours + 1, STEP):
                        await self._pass(node, [*islice(coming, STEP * HOUR)], reader)
                        await self._shown(node, session)
                        for path in PATHS:
                            async with session.get(path) as answer:
                                await answer.read()
                                answer.raise_for_status()
                        await _rest()
                        self.samples.append(self._sample(hour, node, reader))
                        print(json.dumps(asdict(self.samples[-1])), flush=True)
        finally:
            self.done.set()

    async def _pass(self, node: EmbeddedNode, coming: Sequence[Found], reader: sqlite3.Connection) -> None:
        """Let some hours pass."""

        async def pause(_: float) -> None:
            await _stored(node, reader)

        for begin in range(0, len(coming) - ALONE, TOGETHER):
            await replay(node, iter(coming[begin:-ALONE][:TOGETHER]), seconds=0, race_every=TOGETHER)
            await _stored(node, reader)
        await replay(node, iter(coming[-ALONE:]), seconds=0, pause=pause)

    @staticmethod
    async def _shown(node: EmbeddedNode, session: aiohttp.ClientSession) -> None:
        """Wait until the daemon shows the tip."""
        async with asyncio.timeout(300):
            while True:
                async with session.get("/api/v1/status") as answer:
                    status = await answer.json()
                if status["ready"] and status["tip"]["hash"] == node.tip.hash:
                    return
                await asyncio.sleep(0.05)

    def _sample(self, hour: int, node: EmbeddedNode, reader: sqlite3.Connection) -> Sample:
        return Sample(
            **asdict(usage(os.getpid())),
            hour=hour,
            disk=sum(each.stat().st_size for each in self._folder.rglob("*") if each.is_file()),
            stored=reader.execute("SELECT count(*) FROM blocks").fetchone()[0],
            node=len(node.chain),
        )


async def _stored(node: EmbeddedNode, reader: sqlite3.Connection) -> None:
    """Wait until the tip is stored."""
    tip = bytes.fromhex(node.tip.hash)
    async with asyncio.timeout(300):
        while not reader.execute("SELECT 1 FROM blocks WHERE hash = ? AND NOT stale", (tip,)).fetchone():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def _rest() -> None:
    """Wait until this process has nothing to do."""
    async with asyncio.timeout(300):
        idle = 0
        while idle < 2:
            before = time.process_time()
            await asyncio.sleep(0.5)
            idle = idle + 1 if time.process_time() - before < 0.02 else 0


async def main(arguments: argparse.Namespace) -> int:
    """Let a week pass; print, and draw."""
    began, processor = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory(prefix="pool-monitor-week-") as folder:
        tempfile.tempdir = folder
        address = asyncio.get_running_loop().create_future()
        week = Week(Path(folder), arguments.hours, address)
        logs.configure("error")
        return_freed_memory()
        pipeline._CATCH_UP_SECONDS = 600.0  # noqa: SLF001 -- the demo at its own pace never catches up, which takes time
        config = Config.model_validate({"web": {"port": 0}})
        await demo_daemon.run(config, week.done, play=week.play, listening=address.set_result)
        tempfile.tempdir = None
    print(f"{arguments.hours} hours, {arguments.hours * HOUR:,} blocks in {time.monotonic() - began:,.0f} s, "
          f"{time.process_time() - processor:,.0f} s of processor time")  # fmt: skip
    if arguments.picture:
        draw(week.samples, arguments.picture)
    return report(week.samples)


def report(samples: Sequence[Sample]) -> int:
    """Print what was before beside the last day; 1 if too much has grown."""
    last, grown = samples[-DAY // STEP :], False
    earlier = [each for each in samples[: -len(last)] if each.hour > DAY] or samples[:1]
    second = [each for each in earlier if each.hour <= 2 * DAY] or earlier
    for name in Sample.__slots__[1:]:
        is_open = name in {"descriptors", "connections", "threads"}
        before = (
            max(getattr(each, name) for each in earlier) if is_open else median(getattr(each, name) for each in second)
        )
        after = (max if is_open else median)(getattr(each, name) for each in last)
        grown |= name != "pss" and after > before * (1 if is_open else 1 + MOST_GROWTH)
        print(f"{name:12} {before:14,.0f} {after:14,.0f} {after / before - 1:+8.2%}")
    return grown


def draw(samples: Sequence[Sample], picture: Path) -> None:
    """Memory, disk and blocks of a week."""
    import matplotlib as mpl  # noqa: PLC0415 -- only needed here
    import matplotlib.pyplot as plt  # noqa: PLC0415

    mpl.rcParams.update({"svg.hashsalt": "demo", "svg.fonttype": "none", "font.size": 9})
    figure, axes = plt.subplots(1, 3, figsize=(10, 2.8), layout="constrained")
    charts: dict[str, dict[str, Callable[[Sample], float]]] = {
        "megabytes": {"resident": lambda each: each.rss / 1e6, "on disk": lambda each: each.disk / 1e6},
        "thousand blocks": {"stored": lambda each: each.stored / 1e3, "of the node": lambda each: each.node / 1e3},
        "open at once": {"descriptors": lambda each: each.descriptors, "threads": lambda each: each.threads},
    }
    for axis, (label, lines) in zip(axes, charts.items(), strict=True):
        for name, value in lines.items():
            axis.plot([each.hour / DAY for each in samples], [*map(value, samples)], label=name, linewidth=1.4)
        axis.set_ylabel(label)
        axis.set_xlabel("day")
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
        axis.legend(frameon=False)
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hours", type=int, default=HOURS)
    parser.add_argument("--picture", type=Path)
    sys.exit(asyncio.run(main(parser.parse_args())))
