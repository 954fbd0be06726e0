"""Does the daemon grow in a year of blocks? A year on top of a stored year, in one run; it takes hours.

The daemon is a process of its own on the embedded node, with mainnet's pools and times. Day by day come 144 blocks, the
last of a day one by one, and now and then what a year brings: races, reorganisations of several blocks, restarts of the
node, changes of the registry, alerts and their receivers, which are away at times, readers of pages and API, event
streams, one of which is never read, and a log that is rotated. Header times pass some thousand times as fast as the
clock, so what goes by the clock (the audit, custody, comparisons once a minute) happens less often than in a real year.

Each day: memory, file descriptors, connections, threads, bytes on disk for a block, time from a block to its event and
to its snapshot. The exit status is 1 if memory, descriptors or connections of the last month are 2 % above those of the
second one.

    python benchmarks/year.py [--days 365] [--picture docs/images/year.svg] [--first-year FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import median

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.daemon import Daemon
from support.forked import POOL_MONITOR
from support.hook import Hook
from support.mainnet import mainnet_node, settings_of
from support.services import free_port
from support.usage import Usage, usage

from monitor.embedded import EmbeddedNode, mainnet, onward
from monitor.embedded.history import Found
from monitor.model import PoolSlug
from monitor.store.copying import backup

YEAR, DAY = 52_560, 144
TOGETHER, ALONE = 47, 3
"""Blocks of a day that are found at once, three times, and those that follow one by one, whose delay is measured."""
WINDOWS = "24h,30d,1y"
"""A snapshot of all seven takes twice as long, and most of the run is snapshots."""
REMEMBERED = 600
"""Blocks that the node keeps, once the daemon has stored them all."""
LOOKS = 4
MOST_GROWTH = 0.02
OPEN = {"descriptors", "connections", "threads"}
NOT_JUDGED = {"pss", "event_ms", "snapshot_ms"}
"""They depend on what else runs on the machine."""
RIVAL = PoolSlug("f2pool")
RULES = """
[[rule]]
name = "share"
value = "share_ratio"
where = { level = "pool", window = "24h", entity = "*" }
above = 0.3
until = 0.28
severity = "info"
summary = "{entity} has much"

[[rule]]
name = "few"
value = "nakamoto_coefficient"
where = { level = "pool", window = "24h", unknown = "split" }
below = 4
severity = "warning"
summary = "few are enough"
"""
POOL = '[[main.pool]]\nslug = "village{0}"\nname = "Village {0}"\nkind = "pool"\ntags = ["/village {0}/"]\n'
PATHS = (
    "/", "/metrics", "/api/v1/status", "/api/v1/shares", "/api/v1/concentration", "/api/v1/signals", "/api/v1/pools",
    "/api/v1/blocks?limit=500", "/api/v1/history?metric=hhi&level=pool&step=7d", "/alerts", "/nodes",
    "/feed.atom", "/pool/antpool", "/entity/origin/US",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample(Usage):
    """The state of the daemon at the end of a day."""

    day: int
    disk: int
    """Bytes of the database."""
    blocks: int
    """Stored, stale ones included."""
    event_ms: float
    """Mean time from the notification of a block to its event since the last sample."""
    snapshot_ms: float


class Year:
    """The daemon, its node, and those around it.

    Args:
        node: has a year of blocks.
        daemon: has stored them.
        session: for requests to the daemon.
        receivers: of alerts.
        registry: the user's file.
    """

    def __init__(
        self, node: EmbeddedNode, daemon: Daemon, session: aiohttp.ClientSession, *,
        receivers: Sequence[Hook], registry: Path,
    ) -> None:  # fmt: skip
        self._node, self._daemon, self._session = node, daemon, session
        self._receivers, self._registry = receivers, registry
        self._random = random.Random(7)  # noqa: S311 -- that it is the same each time
        self._seen: dict[str, float] = {}
        self.answers: Counter[str] = Counter()
        """Requests by outcome: `200`, or what else came of which path."""
        self.database = sqlite3.connect(f"file:{daemon.folder / 'blocks.sqlite'}?mode=ro", uri=True)

    async def pass_day(self, day: int, coming: Sequence[Found]) -> None:
        """Find the blocks of a day; what else happens depends on the day."""
        for number, each in enumerate(coming):
            parent, found = self._node.tip, replace(each, height=self._node.tip.height + 1)
            if day % 3 == 0 and number == DAY // 2:  # a race: the rival is first, but the next block is on the other
                self._node.mine(RIVAL, time=found.time - 1)
                await self._stored()
                slower = self._node.play(found, on=parent.hash)
                self._node.mine(found.pool, on=slower, time=found.time + 300)
            else:
                self._node.play(found)
            if number % TOGETHER == 0 or number >= DAY - ALONE:
                await self._stored()
                await self._read()
        if day % 30 == 7:
            self._node.reorg(depth=self._random.randint(2, 6))
        if day % 30 == 11:
            await self._node.restart()
        if day % 30 == 17:
            self._registry.write_text(POOL.format(day))
        if day % 7 == 3:
            os.truncate(self._daemon.folder / "log", 0)  # as logrotate with `copytruncate`
        for receiver in self._receivers:
            receiver.asked.clear()
            receiver.taken.clear()
        await self._follow()

    async def _stored(self) -> None:
        """Wait until the tip is stored."""
        tip = bytes.fromhex(self._node.tip.hash)
        async with asyncio.timeout(300):
            while not self.database.execute("SELECT 1 FROM blocks WHERE hash = ? AND NOT stale", (tip,)).fetchone():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def _follow(self) -> None:
        """Wait until the daemon shows the tip."""
        async with asyncio.timeout(300):
            while True:
                with suppress(aiohttp.ClientError, TimeoutError):
                    status = json.loads(await self.get("/api/v1/status"))
                    if status["ready"] and status["tip"]["hash"] == self._node.tip.hash:
                        return
                await asyncio.sleep(0.05)

    async def get(self, path: str) -> str:
        """An answer of the daemon."""
        async with self._session.get(path) as answer:
            self.answers["200" if answer.status == 200 else f"{answer.status} {path}"] += 1
            return await answer.text()

    async def _read(self) -> None:
        """Ask for a path, as readers do all the time."""
        path = self._random.choice(PATHS)
        try:
            await self.get(path)
        except (aiohttp.ClientError, TimeoutError) as error:
            self.answers[f"{type(error).__name__} {path}"] += 1

    async def stream(self, *, reads: bool) -> None:
        """Open an event stream again and again, for ever."""
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with asyncio.timeout(20), self._session.get("/api/v1/events") as answer:
                    if not reads:
                        await asyncio.sleep(20)
                    async for _ in answer.content:
                        pass
            await asyncio.sleep(1)

    async def unsettle(self) -> None:
        """Receivers of alerts are away now and then, for ever."""
        while True:
            for each in self._receivers:
                each.status = self._random.choice((200, 200, 500))
            await asyncio.sleep(10)

    async def sample(self, day: int) -> Sample:
        """Look at the daemon, a few times: the lowest memory is what it holds, not what it needs for a moment."""
        found = await self.get("/metrics")
        looks = []
        for _ in range(LOOKS):
            await asyncio.sleep(0.2)
            looks.append(usage(self._daemon.pid))
        held = min(looks, key=lambda each: each.rss)
        store = [*self._daemon.folder.glob("blocks.sqlite*")]
        return Sample(
            **asdict(held),
            day=day,
            disk=sum(each.stat().st_size for each in store),
            blocks=self.database.execute("SELECT count(*) FROM blocks").fetchone()[0],
            event_ms=self._mean(found, "block_event_seconds"),
            snapshot_ms=self._mean(found, "block_publish_seconds"),
        )

    def _mean(self, metrics: str, name: str) -> float:
        """Milliseconds: the mean of a histogram since the last call."""
        now = {
            part: float(value)
            for part, value in re.findall(rf"^pool_monitor_{name}_(sum|count) (\S+)", metrics, re.MULTILINE)
        }
        before = {part: self._seen.get(f"{name}_{part}", 0.0) for part in now}
        self._seen.update({f"{name}_{part}": value for part, value in now.items()})
        many = now["count"] - before["count"]
        return 1000 * (now["sum"] - before["sum"]) / many if many else 0.0


async def main(arguments: argparse.Namespace) -> int:
    """Let a year pass; print, and draw."""
    samples: list[Sample] = []
    began = time.monotonic()
    async with AsyncExitStack() as there:
        folder = Path(there.enter_context(tempfile.TemporaryDirectory(prefix="pool-monitor-year-")))
        (folder / "alerts.toml").write_text(RULES)
        (folder / "pools.toml").write_text("")
        hooks = [await there.enter_async_context(Hook()) for _ in range(2)]
        coming = onward(mainnet(), 0)
        node = await there.enter_async_context(mainnet_node(islice(coming, YEAR + 1)))
        port = free_port()
        if arguments.first_year and arguments.first_year.exists():
            (folder / "daemon").mkdir()
            shutil.copy(arguments.first_year, folder / "daemon" / "blocks.sqlite")
        daemon = there.enter_context(
            Daemon(
                folder / "daemon", command=POOL_MONITOR, **settings_of(node),
                windows=WINDOWS, web__port=port, registry__user_file=folder / "pools.toml",
                alerts__rules_file=folder / "alerts.toml", alerts__webhook__url=hooks[0].url,
                alerts__webhook__secret=f"whsec_{'A' * 40}", alerts__alertmanager__urls=json.dumps([hooks[1].url]),
            )
        )  # fmt: skip
        await asyncio.to_thread(daemon.wait_for, node.tip.hash, seconds=600)
        node.keep = REMEMBERED
        if arguments.first_year and not arguments.first_year.exists():
            backup(f"sqlite:///{daemon.folder / 'blocks.sqlite'}", arguments.first_year)
        session = await there.enter_async_context(
            aiohttp.ClientSession(f"http://127.0.0.1:{port}", timeout=aiohttp.ClientTimeout(60))
        )
        year = Year(node, daemon, session, receivers=hooks, registry=folder / "pools.toml")
        others = [
            asyncio.create_task(each) for each in (year.stream(reads=True), year.stream(reads=False), year.unsettle())
        ]
        processor = daemon.processor_seconds()
        for day in range(arguments.days + 1):
            await year.pass_day(day, [*islice(coming, DAY)])
            samples.append(await year.sample(day))
            print(json.dumps(asdict(samples[-1])), flush=True)
            if arguments.picture and day > 60 and day % 7 == 0:
                draw(samples, arguments.picture)
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        metrics = await year.get("/metrics")
        processor = daemon.processor_seconds() - processor
    took = time.monotonic() - began
    print(f"{arguments.days} days in {took:,.0f} s, {processor:,.0f} s of them the daemon's processor time; "
          f"requests: {dict(year.answers)}")  # fmt: skip
    print("\n".join(re.findall(r"^pool_monitor_(?:self_check_|errors_total|output_dropped).*", metrics, re.MULTILINE)))
    return report(samples)


def report(samples: Sequence[Sample]) -> int:
    """Print the second month beside the last; 1 if too much has grown.

    Medians, but of what is open the most: readers come and go.
    """
    second = [each for each in samples if 30 <= each.day < 60]
    last = samples[-len(second) :]
    worst = 0.0
    for name in ("rss", "pss", "descriptors", "connections", "threads", "event_ms", "snapshot_ms"):
        of_month = max if name in OPEN else median
        before, after = (of_month(getattr(each, name) for each in month) for month in (second, last))
        growth = after / before - 1
        if name not in NOT_JUDGED:
            worst = max(worst, growth)
        print(f"{name:12} {before:14,.1f} {after:14,.1f} {growth:+8.2%}")
    first, end = samples[0], samples[-1]
    print(f"disk         {(end.disk - first.disk) / (end.blocks - first.blocks):14,.0f} bytes for each further block")
    return worst > MOST_GROWTH


def draw(samples: Sequence[Sample], picture: Path) -> None:
    """Four small charts of a year."""
    import matplotlib as mpl  # noqa: PLC0415 -- only needed here
    import matplotlib.pyplot as plt  # noqa: PLC0415

    mpl.rcParams.update({"svg.hashsalt": "year", "svg.fonttype": "none", "font.size": 9})
    figure, axes = plt.subplots(2, 2, figsize=(10, 5.2), sharex=True, layout="constrained")
    days = [each.day for each in samples]
    charts: dict[str, dict[str, Callable[[Sample], float]]] = {
        "megabytes": {"resident": lambda each: each.rss / 1e6, "proportional": lambda each: each.pss / 1e6},
        "open at once": {
            "descriptors": lambda each: each.descriptors, "connections": lambda each: each.connections,
            "threads": lambda each: each.threads,
        },
        "seconds, mean of a day": {
            "to the event": lambda each: each.event_ms / 1e3, "to the snapshot": lambda each: each.snapshot_ms / 1e3,
        },
        "bytes on disk for a block": {"database": lambda each: each.disk / each.blocks},
    }  # fmt: skip
    for axis, (label, lines) in zip(axes.flat, charts.items(), strict=True):
        for name, value in lines.items():
            axis.plot(days, [value(each) for each in samples], label=name, linewidth=1.4)
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
        axis.legend(frameon=False)
    for axis in axes[1]:
        axis.set_xlabel("day")
    figure.savefig(picture, metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--first-year", type=Path, help="database of the year before; written if it does not exist")
    parser.add_argument("--picture", type=Path)
    sys.exit(asyncio.run(main(parser.parse_args())))
