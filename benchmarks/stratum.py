"""What does the stratum watch cost with 30 servers?

    python benchmarks/stratum.py [servers]

Local servers send jobs with 12 branches as often as pools do, and, for comparison, as often as the limits allow.
Measured: processor time of the watch without the servers, for each minute; and the time to compare a month of rounds.
"""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.stratum import StratumServer, Template, job

from monitor import logs
from monitor.analysis.shared_templates import shared_templates, similarities
from monitor.config import StratumSection
from monitor.model import BlockHash, BlockRef, PoolTurn, StratumRound
from monitor.stratum.rounds import KnownBlock
from monitor.stratum.watch import StratumWatch, Timing

TXIDS = tuple(f"{number:064x}" for number in range(1, 4000))
PARENT = BlockHash("00" * 31 + "aa")
ROUNDS = 4320
USUAL, MOST = 2, 280
"""Jobs of a pool in a minute."""


class Chain:
    """One block."""

    known = {PARENT: KnownBlock(900_000, 0x1702F128, counted=True, time=0, transactions=4000)}  # noqa: RUF012
    tip = BlockRef(900_000, PARENT)
    caught_up = True

    async def look_up(self, parents: Iterable[BlockHash]) -> None:
        """There is nothing to look up: all are known."""


async def main(servers: int) -> None:
    """Measure and print."""
    with ExitStack() as running:
        pools = [running.enter_context(StratumServer()) for _ in range(servers)]
        for rate in (USUAL, MOST):
            spent = await watched(pools, rate)
            print(f"{servers} servers, {rate:3} jobs a minute each: {spent:7.1f} ms of processor time a minute")
    rounds = month(servers)
    started = time.process_time()
    shared_templates(rounds)
    similarities(rounds[-1008:])
    print(f"comparing {len(rounds):,} blocks, with each block: {1000 * (time.process_time() - started):7.1f} ms")


async def watched(pools: list[StratumServer], rate: int) -> float:
    """Milliseconds of this thread for a minute of jobs, all sent in a few seconds."""
    endpoints = [{"pool": f"pool{number}", "url": each.url} for number, each in enumerate(pools)]
    shown = 0

    def show() -> None:
        nonlocal shown
        shown += 1

    async def found(_: StratumRound) -> None:
        """Nothing to store."""

    watch = StratumWatch(
        StratumSection.model_validate({"endpoints": endpoints}), Chain(), found=found, show=show, timing=Timing()
    )
    task = asyncio.create_task(watch.run())
    template = Template(PARENT, 900_001, 0x1702F128, int(time.time()), TXIDS)
    jobs = [job(template) for _ in range(rate)]
    for pool in pools:
        pool.announce(jobs[0])
    while len(watch.rounds.now) < len(pools):  # noqa: ASYNC110 -- threads end it, here and below
        await asyncio.sleep(0.1)
    done = threading.Event()

    def send() -> None:
        for each in jobs:
            for pool in pools:
                pool.announce(each)
        done.set()

    started = time.thread_time()
    threading.Thread(target=send).start()
    last = jobs[-1][0]
    while not done.is_set() or any(now.job.id != last for now in watch.rounds.now.values()):  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    spent = time.thread_time() - started
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return 1000 * spent


def month(pools: int) -> list[StratumRound]:
    """A month of rounds, in which a third of the pools share."""
    chance = random.Random(1)  # noqa: S311 -- a simulation
    names = [f"pool{number:02}" for number in range(pools)]
    shared = dict.fromkeys(combinations(names[: pools // 3], 2), 20)
    return [
        StratumRound(
            BlockRef(number, BlockHash(f"{number:064x}")), 600.0 * number,
            {name: PoolTurn(22, 20, chance.uniform(0, 2), empty_first=False) for name in names}, shared, 4000,
        )
        for number in range(ROUNDS)
    ]  # fmt: skip


if __name__ == "__main__":
    logs.configure("warning")
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 30))
