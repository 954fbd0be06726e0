"""Killed at any moment, the store opens whole.

Run as a program, this file writes to a store until somebody kills it.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from itertools import count, pairwise
from pathlib import Path

from support.databases import ask
from support.fake_chain import BEFORE_ALL, chain_on, judge

from monitor.model import BlockRef, Plan
from monitor.store.store import Store

TESTS = Path(__file__).parents[2]
PLANS = (9, 0)
"""What each writer stores at least before it is killed. Where in the next transaction that is, is up to the machine."""


async def write(url: str) -> None:
    """Forward by twenty, back by up to seven, and so on."""
    async with await Store.open(url) as store:
        print("open", flush=True)  # noqa: T201
        for turn in count():
            onto = await store.tip()
            left: list[BlockRef] = []
            while onto and len(left) < turn % 8 and (below := await store.below(onto)):
                left.append(onto)
                onto = below
            connects = chain_on(onto or BEFORE_ALL, 20)
            plan = Plan(onto or BEFORE_ALL, connects[-1].hash, tuple(left), tuple(connects))
            await store.apply(plan, judge(connects, f"pool{turn % 50}"))
            print("stored", flush=True)  # noqa: T201


def kill_a_writer(url: str, plans: int) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (TESTS.parent, TESTS)))}
    with subprocess.Popen([sys.executable, __file__, url], stdout=subprocess.PIPE, env=environment) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"open\n"
        for _ in range(plans):
            assert writer.stdout.readline() == b"stored\n"
        time.sleep(0.002 * plans)
        writer.send_signal(signal.SIGKILL)
    assert writer.returncode == -signal.SIGKILL


async def test_killed_again_and_again_the_store_stays_whole(url: str) -> None:
    height = -1
    for plans in PLANS:
        await asyncio.to_thread(kill_a_writer, url, plans)
        async with await Store.open(url) as store:
            tip = await store.tip()
        assert (tip.height if tip else -1) >= height, "what was committed is there"
        height = check(url)
        assert (tip.height if tip else -1) == height
    assert height > 50


def check(url: str) -> int:
    """No hole, no fork, every block on its parent; how high it ends."""
    if url.startswith("sqlite"):
        assert ask(url, "PRAGMA integrity_check") == [("ok",)]
        assert ask(url, "PRAGMA foreign_key_check") == []
    best = ask(url, "SELECT height, hash, parent FROM blocks WHERE NOT stale ORDER BY height")
    assert [height for height, _, _ in best] == list(range(len(best)))
    assert all(below[1] == above[2] for below, above in pairwise(best))
    return len(best) - 1


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1]))
