"""The speed of a backfill from each source, beside a bare loop that only moves the same bytes.

    python benchmarks/backfill.py [files | node | beside]

Files: 100,000 blocks of 1.5 MB, real coinbases with a hole in the place of the other transactions (see
`blockfiles.py`), read, attributed and committed; beside a bare reader, and one that writes what it reads into the same
tables. Nodes: 600 full blocks of 0.9 MB for one that sends whole ones, 6,000 smaller ones for one that sends parts;
beside as many requests by aiohttp, over as many connections, without anything done to the answers. Our clock begins
with the first request: a second before that goes into starting a process. Last, how long new blocks take to be shown
by a daemon that does nothing else, and by one that is backfilling.
"""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import aiohttp
import blockfiles
import structlog
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.daemon import Daemon
from support.forked import POOL_MONITOR
from support.fullchain import MATURE, write_chain
from support.peers import CORE
from support.services import program, wait_until

from monitor.attribution.match import attribute
from monitor.backfill.ingest import Progress, fill
from monitor.backfill.protocol import BackfillJob
from monitor.backfill.segments import BACKFILL_CONNECTIONS, MissingBlocks
from monitor.config import Config
from monitor.model import Block, BlockHash, BlockRef, Judged
from monitor.node.blockfiles import BlockFiles, gathered
from monitor.node.blocklinks import linked
from monitor.node.blockrecords import MAGIC, Key
from monitor.registry.loading import load_pools
from monitor.store.rows import COLUMNS, RowBatch
from monitor.store.store import Store
from monitor.wire import decode_block, display_hash, double_sha256

FROM_FILES = 100_000
LONG = 60_000
CHAINS = {"bitcoind": (600, 3_000), "newest Core": (6_000, 20)}
"""Blocks, and transactions in each: for `blockpart` it does not matter how large a block is, but how many there are."""
SIZE = 500
REPEAT = 3
LEAST_PER_SECOND = 20_000
LEAST_OF_DECODED = 1 / 3
LEAST_OF_HTTP = 0.6
KEY = Key(bytes.fromhex("a1b2c3d4e5f60718"))


def main() -> int:
    """Measure, print, and tell by the exit code whether it is quick enough."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    what = sys.argv[1] if len(sys.argv) > 1 else "all"
    good = True
    with tempfile.TemporaryDirectory(prefix="pool-monitor-bench-") as folder:
        if what in {"all", "files"}:
            good = by_files(Path(folder))
    for name, binary in (("bitcoind", program("bitcoind")), ("newest Core", CORE)):
        if what in {"all", "node"} and binary.exists():
            with tempfile.TemporaryDirectory(prefix="pool-monitor-bench-") as folder:
                good = asyncio.run(by_node(name, binary, Path(folder))) and good
    if what in {"all", "beside"}:
        with tempfile.TemporaryDirectory(prefix="pool-monitor-bench-") as folder:
            beside(Path(folder))
    return 0 if good else 1


# -- block files -------------------------------------------------------------------------------------------------------


def by_files(folder: Path) -> bool:
    """The whole way, its parts, and bare loops."""
    blocks = folder / "blocks"
    blocks.mkdir()
    blockfiles.BLOCKS = FROM_FILES
    tip = blockfiles.write(blocks, KEY)
    registry = load_pools("main")
    wanted = MissingBlocks(tip, 1, tip, SIZE)
    config = Config.model_validate({
        "node": {"blocks_dir": blocks}, "store": {"url": f"sqlite:///{folder / 'blocks.sqlite'}"},
    })  # fmt: skip

    def one_process() -> None:
        """What the other process does, without handing it over."""
        with BlockFiles(blocks, MAGIC["main"]) as files:
            table = gathered(files.scan())
            chain = linked(table, tip).chain
            for start in range(0, len(chain), SIZE):
                found = files.read(table[chain[start : start + SIZE]], start + 1)
                RowBatch.of(
                    Judged(each, attribute(each.coinbase, registry)) for each in found if isinstance(each, Block)
                )

    spent: dict[str, list[float]] = {}
    for _ in range(REPEAT):
        for name, work in {
            "bare: one read for each block": lambda: blockfiles.bare(blocks, KEY),
            "bare, decoded": lambda: blockfiles.bare(blocks, KEY, each=decode_block),
            "bare, as rows of the same tables": lambda: bare_rows(blocks, folder / "bare.sqlite"),
            "ours up to the rows, one process": one_process,
        }.items():
            started = time.perf_counter()
            work()
            spent.setdefault(name, []).append(time.perf_counter() - started)
        before = cpu()
        seconds, whole = asyncio.run(ours(config, wanted, "main"))
        used = [1e6 * (now - then) / FROM_FILES for now, then in zip(cpu(), before, strict=True)]
        spent.setdefault("files to committed rows", []).append(seconds)
        spent.setdefault("the same with its start", []).append(whole)
        path = folder / "blocks.sqlite"
        bytes_each = path.stat().st_size / FROM_FILES
        remove(path)
    rates = {name: FROM_FILES / median(each) for name, each in spent.items()}
    for name, rate in rates.items():
        print(f"block files   {name:36} {rate:10,.0f} blocks/s   {rate / rates['bare, decoded']:5.2f} of bare, decoded")
    print(f"block files   CPU time a block: {used[0]:.1f} us to store it, {used[1]:.1f} us in the process that fetches")
    print(f"block files   on disk {bytes_each:26,.0f} bytes a block")
    ours_ = rates["files to committed rows"]
    return ours_ > max(LEAST_PER_SECOND, LEAST_OF_DECODED * rates["bare, decoded"])


def cpu() -> tuple[float, float]:
    """Seconds that this process has used, and those that it has started and that have ended."""
    both = (getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
    own, others = (found.ru_utime + found.ru_stime for found in both)
    return own, others


def bare_rows(blocks: Path, path: Path) -> None:
    """Read the same bytes, write as many into the same tables: nothing is decoded, looked up, or checked."""
    asyncio.run(empty(path))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = NORMAL")
    statement = f"INSERT INTO blocks ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
    rows: list[tuple[object, ...]] = []

    def write() -> None:
        connection.execute("BEGIN")
        connection.executemany(statement, rows)
        connection.execute("COMMIT")
        rows.clear()

    def row(data: bytes, *, height: int) -> None:
        at = len(seen)
        seen.append(height)
        own, script, outputs = double_sha256(data[:80]), data[123:200], data[210:420]
        rows.append((own, at, False, 4, data[4:36], data[36:68], at, 0, 0, 1, script, outputs, 1, 0, 0, 0, 1, None))
        if len(rows) == SIZE:
            write()

    seen: list[int] = []
    blockfiles.bare(blocks, KEY, each=row)
    write()
    connection.close()
    remove(path)


async def empty(path: Path) -> None:
    """The tables, without rows."""
    async with await Store.open(f"sqlite:///{path}"):
        pass


def remove(path: Path) -> None:
    """A database and what lies beside it."""
    for end in ("", "-wal", "-shm", ".lock"):
        path.with_name(path.name + end).unlink(missing_ok=True)


async def ours(config: Config, wanted: MissingBlocks, network: str) -> tuple[float, float]:
    """Seconds from the first message to the last commit, and from the start."""
    begun: list[float] = []

    def tell(_now: Progress) -> None:
        begun.append(time.perf_counter())

    started = time.perf_counter()
    async with await Store.open(config.store.url) as store:
        ended = await fill(store, BackfillJob(config.node, config.registry, network, wanted=wanted), tell)
        assert (ended.fault, ended.gap) == (None, None), ended
        first = await store.first()
        assert first
        assert first.height == wanted.lowest
    return begun[-1] - begun[0], begun[-1] - started


# -- a node ------------------------------------------------------------------------------------------------------------


async def by_node(name: str, binary: Path, folder: Path) -> bool:
    """By all the ways that this node has."""
    count, transactions = CHAINS[name]
    blocks = MATURE + count
    last = write_chain(folder / "chain.dat", blocks, every=1, transactions=transactions)
    good = True
    with Bitcoind(binary, folder / "node", f"-loadblock={folder / 'chain.dat'}", "-checkblockindex=0") as node:
        wait_until(lambda: bool(node.call("getblockcount") == blocks), seconds=120, what="the chain to be read")
        (folder / "chain.dat").unlink()
        tip = BlockRef(blocks, last.hash)
        wanted = MissingBlocks(tip, MATURE + 1, tip, SIZE)
        hashes = hashes_of(node, blocks)
        blockpart = name != "bitcoind"
        ways = {"rest blockpart" if blockpart else "rest block": "auto", "rpc getblock": "off"}
        for way, rest in ways.items():
            if rest == "off" and blockpart:
                continue
            config = Config.model_validate({
                "node": {"url": node.url, "cookie_file": node.cookie_file, "rest": rest},
                "store": {"url": f"sqlite:///{folder / 'blocks.sqlite'}"},
            })  # fmt: skip
            spent: dict[str, list[float]] = {"bare": [], "ours": []}
            for _ in range(REPEAT * 2 + 1):
                if rest == "auto":
                    spent["bare"].append(await bare_http(node, hashes, blockpart=blockpart))
                seconds, _ = await ours(config, wanted, "regtest")
                spent["ours"].append(seconds)
                remove(folder / "blocks.sqlite")
            rate = {each: count / median(taken) for each, taken in spent.items() if taken}
            ratio = rate["ours"] / rate["bare"] if "bare" in rate else 1.0
            beside = f"   {ratio:5.2f} of the bare loop ({rate['bare']:,.0f})" if "bare" in rate else ""
            print(f"{name:13} {way:36} {rate['ours']:10,.0f} blocks/s{beside}")
            good = good and ratio > LEAST_OF_HTTP
    return good


def hashes_of(node: Bitcoind, highest: int) -> list[BlockHash]:
    """Of the full blocks."""
    found = [node.call("getblockhash", MATURE)]
    while len(found) <= highest - MATURE:
        raw = node.rest(f"headers/2000/{found[-1]}.bin")
        found += [display_hash(double_sha256(raw[at : at + 80])) for at in range(80, len(raw), 80)]
    return found[1:]


async def bare_http(node: Bitcoind, hashes: list[BlockHash], *, blockpart: bool) -> float:
    """The same requests and no more; of a whole block, the first bytes that come."""
    coming = iter(hashes)

    async def work(session: aiohttp.ClientSession) -> None:
        for each in coming:
            part = f"blockpart/{each}.bin?offset=0&size=2048" if blockpart else f"block/{each}.bin"
            async with session.get(f"{node.url}/rest/{part}") as response:
                assert response.status == 200
                if blockpart:
                    await response.read()
                else:
                    await response.content.readany()
                    response.close()

    async with aiohttp.ClientSession() as session:
        started = time.perf_counter()
        await asyncio.gather(*(work(session) for _ in range(BACKFILL_CONNECTIONS)))
        return time.perf_counter() - started


# -- beside live following ---------------------------------------------------------------------------------------------


def beside(folder: Path) -> None:
    """From `submitblock` to the API, without and with a backfill from block files."""
    write_chain(folder / "chain.dat", LONG, every=LONG + 1)
    with Bitcoind(
        program("bitcoind"), folder / "node", f"-loadblock={folder / 'chain.dat'}", "-checkblockindex=0"
    ) as node:
        wait_until(lambda: bool(node.call("getblockcount") == LONG), seconds=300, what="the chain to be read")
        how: dict[str, Any] = {
            "node__url": node.url,
            "node__cookie_file": node.cookie_file,
            "node__blocks_dir": node.blocks_dir,
        }
        with Daemon(folder / "daemon", command=POOL_MONITOR, windows="2016b", **how) as daemon:
            daemon.wait_for(node.call("getbestblockhash"), seconds=60)
            time.sleep(3)
            idle = [shown_after(node, daemon) for _ in range(30)]
            asked = subprocess.Popen([*POOL_MONITOR, "backfill"], env=daemon.environment, stdout=subprocess.DEVNULL)
            wait_until(lambda: bool((of_history(daemon) or {}).get("by")), seconds=30, what="the backfill to begin")
            busy = []
            while of_history(daemon)["missing_blocks"]:
                busy.append(shown_after(node, daemon))
            asked.wait()
    for name, spent in (("without a backfill", idle), ("with one", busy)):
        middle, most = 1000 * median(spent), 1000 * max(spent)
        print(f"a new block   {name:36} {middle:10,.1f} ms median {most:10,.1f} ms at most, of {len(spent)}")


def shown_after(node: Bitcoind, daemon: Daemon) -> float:
    """Seconds."""
    (block,) = mine_all(node, [Recipe(tag=b"/AntPool/")])
    started = time.perf_counter()
    while daemon.ask("/api/v1/status")["tip"]["hash"] != block:
        time.sleep(0.001)
    spent = time.perf_counter() - started
    time.sleep(0.1)  # what is estimated afterwards
    return spent


def of_history(daemon: Daemon) -> dict[str, Any]:
    """What the daemon says of it."""
    history: dict[str, Any] = daemon.ask("/api/v1/status")["history"]
    return history


if __name__ == "__main__":
    sys.exit(main())
