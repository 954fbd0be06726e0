"""What does an observed node cost? And is anything lost or told twice when nodes and daemon are killed at random?

    python benchmarks/nodes.py cost [blocks]    # processor time, memory and requests with 0, 1 and 2 observers
    python benchmarks/nodes.py kills [times]    # kill -9 of daemon or node, and partitions, in random order
    python benchmarks/nodes.py flaps [times]    # every node fails and comes back, each in its own way, all the time

Every node is a real one on regtest; they are connected to each other.
"""

from __future__ import annotations

import asyncio
import random
import re
import sqlite3
import sys
import tempfile
import time
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.blocks import Recipe, mine_all
from support.daemon import Daemon
from support.faulty import PAGE, Answer, Fault, FaultyProxy
from support.forked import POOL_MONITOR
from support.network import Peered, agree, network, tables
from support.services import program, wait_until

TAGS = (b"/Foundry USA Pool #dropgold/", b"/AntPool/", b"/ViaBTC/", b"/nobody knows/", b"/slush/")
BEFORE = 200
"""Blocks that are there at the start."""
SECONDS = 0.3
"""Between blocks."""
BINARY = program("bitcoind")


def main(arguments: list[str]) -> None:
    """Run one of both."""
    match arguments:
        case ["cost", *blocks]:
            cost(int(blocks[0]) if blocks else 200)
        case ["kills", *times]:
            kills(int(times[0]) if times else 50)
        case ["flaps", *times]:
            asyncio.run(flaps(int(times[0]) if times else 600))
        case _:
            sys.exit(__doc__)


def recipes(chance: random.Random, blocks: int) -> list[Recipe]:
    """Blocks of random pools."""
    return [Recipe(tag=chance.choice(TAGS)) for _ in range(blocks)]


# -- cost --------------------------------------------------------------------------------------------------------------


def cost(blocks: int) -> None:
    """The same blocks with more and more observers."""
    for observers in range(3):
        with (
            tempfile.TemporaryDirectory() as folder,
            network(BINARY, Path(folder), ["home", "friend", "far"][: observers + 1]) as nodes,
        ):
            _connect(nodes)
            chance, (home, *_) = random.Random(0), nodes.values()  # noqa: S311 -- repeatable, not secret
            mine_all(home, recipes(chance, BEFORE))
            agree(*nodes.values())
            with Daemon(
                Path(folder) / "daemon", command=POOL_MONITOR, nodes=tables(nodes), windows="24h,7d,30d"
            ) as daemon:
                daemon.wait_for(home.tip)
                before, asked = daemon.processor_seconds(), _requests(daemon)
                for recipe in recipes(chance, blocks):
                    mine_all(home, [recipe])
                    time.sleep(SECONDS)
                daemon.wait_for(home.tip)
                spent, memory = daemon.processor_seconds() - before, daemon.memory("VmRSS")
                print(
                    f"{observers} observers: {1000 * spent / blocks:.1f} ms of processor time a block, "
                    f"{memory / 1e6:.1f} MB, {(_requests(daemon) - asked) / blocks:.1f} requests a block",
                    flush=True,
                )


def _requests(daemon: Daemon) -> float:
    """Requests to all nodes so far."""
    counts = re.findall(r"^pool_monitor_node_rpc_seconds_count\{.*\} (\S+)$", daemon.text("/metrics"), re.MULTILINE)
    return sum(map(float, counts))


# -- kills -------------------------------------------------------------------------------------------------------------


def kills(times: int) -> None:
    """Kill, part and mine at random, then compare with a daemon that saw nothing of it."""
    chance = random.Random(0)  # noqa: S311 -- repeatable, not secret
    with tempfile.TemporaryDirectory() as name, network(BINARY, Path(name), ("home", "friend", "far")) as nodes:
        folder = Path(name)
        _connect(nodes)
        mine_all(nodes["home"], recipes(chance, BEFORE))
        agree(*nodes.values())
        settings: dict[str, Any] = {
            "nodes": tables(nodes, fallback_seconds=1),
            "windows": "24h,7d,30d",
            "splits__seconds": 0,
        }
        daemon = Daemon(folder / "daemon", command=POOL_MONITOR, **settings)
        daemon.start()
        done = {"the daemon": 0, "a node": 0, "partitions": 0}
        for number in range(times):
            what = chance.choice(list(done))
            done[what] += 1
            match what:
                case "the daemon":
                    daemon.kill()
                    daemon.start()
                case "a node":
                    node = chance.choice(list(nodes.values()))
                    node.kill()
                    node.start()
                    _connect(nodes)
                case _:
                    node = chance.choice(list(nodes.values()))
                    node.part()
                    mine_all(node, recipes(chance, chance.randint(1, 3)))
            mine_all(chance.choice(list(nodes.values())), recipes(chance, chance.randint(1, 3)))
            time.sleep(chance.uniform(0, 1.5))
            if chance.random() < 0.5:
                _connect(nodes)
            print(f"\r{number + 1} of {times}", end="", flush=True)
        _connect(nodes)
        mine_all(nodes["home"], recipes(chance, 5))
        agree(*nodes.values())
        with closing(daemon), Daemon(folder / "fresh", command=POOL_MONITOR, **settings) as fresh:
            for each in (daemon, fresh):
                each.wait_for(nodes["home"].tip, seconds=60)
            wait_until(lambda: _numbers(daemon) == _numbers(fresh), seconds=30, what="the numbers to be equal")
            height = nodes["home"].call("getblockcount")
            ours = [nodes["home"].call("getblockhash", at) for at in range(height + 1)]
            assert _stored(folder / "daemon") == ours, "the stored chain is not that of the nodes"
            print(f"\n{done}: {height + 1} blocks, none lost or doubled; the numbers are those of a fresh start")


# -- flaps -------------------------------------------------------------------------------------------------------------

_FAULTS: tuple[Fault, ...] = (
    lambda _request: Answer(503, b"Work queue depth exceeded"),
    lambda _request: Answer(401),
    lambda _request: Answer(502),
    lambda _request: PAGE,
    lambda request: Answer(403) if request.method == "POST" else None,
    lambda request: Answer(404) if request.method == "GET" else None,
)
"""What is in front of a node answers so for a while."""
FLAP_SECONDS = 0.25
"""Until a node fails, or comes back. A node that flaps every six seconds does so 600 times in an hour."""


async def flaps(times: int) -> None:
    """Every node fails and comes back, while blocks arrive."""
    chance = random.Random(0)  # noqa: S311 -- repeatable, not secret
    with tempfile.TemporaryDirectory() as name, network(BINARY, Path(name), ("home", "friend", "far")) as nodes:
        folder, home = Path(name), nodes["home"]
        await asyncio.to_thread(_connect, nodes)
        await asyncio.to_thread(mine_all, home, recipes(chance, BEFORE))
        await asyncio.to_thread(agree, *nodes.values())
        async with AsyncExitStack() as running:
            proxies = [await running.enter_async_context(FaultyProxy(node.url)) for node in nodes.values()]
            urls = dict(zip(nodes, (proxy.url for proxy in proxies), strict=True))
            settings: dict[str, Any] = {"nodes": tables(nodes, urls=urls, fallback_seconds=1), "windows": "24h,7d,30d"}
            daemon, fresh = (
                Daemon(folder / "daemon", command=POOL_MONITOR, **settings),
                Daemon(folder / "fresh", command=POOL_MONITOR, **settings),
            )
            await asyncio.to_thread(daemon.start)
            await asyncio.to_thread(daemon.wait_for, home.tip)
            memory = daemon.memory("VmRSS")
            for number in range(times):
                proxy = chance.choice(proxies)
                proxy.fault = chance.choice(_FAULTS) if chance.random() < 0.5 else lambda _request: None
                if number % 4 == 0:
                    await asyncio.to_thread(mine_all, home, recipes(chance, 1))
                await asyncio.sleep(FLAP_SECONDS)
                print(f"\r{number + 1} of {times}", end="", flush=True)
            for proxy in proxies:
                proxy.fault = lambda _request: None
            await asyncio.to_thread(daemon.wait_for, home.tip, seconds=60)
            await asyncio.to_thread(fresh.start)
            await asyncio.to_thread(fresh.wait_for, home.tip, seconds=60)
            height = await asyncio.to_thread(home.call, "getblockcount")
            ours = [await asyncio.to_thread(home.call, "getblockhash", at) for at in range(height + 1)]
            assert _stored(folder / "daemon") == ours, "the stored chain is not that of the nodes"
            reorgs = daemon.metric("pool_monitor_reorgs_total")
            await asyncio.to_thread(
                wait_until, lambda: _numbers(daemon) == _numbers(fresh), seconds=30, what="the numbers to be equal"
            )
            print(
                f"\n{times} flaps: {height + 1} blocks, none lost or doubled, {reorgs:.0f} reorganisations; numbers "
                f"as of a fresh start; {memory / 1e6:.1f} MB before, {daemon.memory('VmRSS') / 1e6:.1f} after"
            )
            for each in (daemon, fresh):
                await asyncio.to_thread(each.stop)


def _connect(nodes: dict[str, Peered]) -> None:
    """Join what is apart."""
    first, *others = nodes.values()
    for other in others:
        if not any(peer["addr"] == other.p2p for peer in first.peers()):
            first.join(other)


def _numbers(daemon: Daemon) -> list[object]:
    return [daemon.ask(f"/api/v1/{question}")["windows"] for question in ("concentration", "shares")]


def _stored(folder: Path) -> list[str]:
    """The stored best chain, lowest first."""
    with closing(sqlite3.connect(folder / "blocks.sqlite")) as connection:
        rows = connection.execute("SELECT hash FROM blocks WHERE stale = 0 ORDER BY height").fetchall()
    return [row[0].hex() for row in rows]


if __name__ == "__main__":
    main(sys.argv[1:])
