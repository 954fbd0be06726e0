"""The past of a real node, by each way there is, and whatever befalls it meanwhile."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.command import pool_monitor
from support.daemon import environment, inside
from support.forked import POOL_MONITOR, Process, start
from support.fullnode import BLOCKS, QUICK, Build, Full, copied
from support.peers import BURN, Start
from support.proxy import CountingProxy
from support.services import wait_until

from monitor.backfill import standalone as command
from monitor.backfill.ingest import Progress
from monitor.backfill.standalone import BackfillResult, backfill
from monitor.config import Config
from monitor.errors import NodeError

pytestmark = pytest.mark.service("bitcoind")

LONG = f"raw(6a4de803{'ab' * 1000})"
"""Where blocks are mined to: so long that there are more files than are kept open."""

_PIECE = 21_000_000
"""Bytes of answers that suffice for something to be stored, and not for all blocks when they come twice: two pieces of
500 blocks, in hexadecimal, are under way at a time."""


def configured(node: Bitcoind, path: Path, **of_node: object) -> Config:
    """How a command is told of a node and a database."""
    known = {"url": node.url, "cookie_file": node.cookie_file, "timeout_seconds": 5.0}
    return Config.model_validate({"node": known | of_node, "store": {"url": f"sqlite:///{path}"}})


async def filled(
    config: Config, tell: Callable[[Progress], None] = lambda _now: None, lowest: int = 0
) -> BackfillResult:
    return await backfill(config, lowest, tell)


def tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that is in a database, byte for byte, but what it remembers of the database itself."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        names = ("attributions", "blocks", "metadata")
        return {name: connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in names}  # noqa: S608


def history(path: Path, *, stale: bool = False) -> list[tuple[Any, ...]]:
    """The blocks of the best chain, or the stale ones, with who mined them, whatever the numbers of the rows."""
    with closing(sqlite3.connect(path)) as connection:
        cursor = connection.execute(
            "SELECT b.height, b.hash, b.parent, b.*, a.digest FROM blocks b JOIN attributions a ON a.id = b.attribution"
            " WHERE b.stale = ? ORDER BY b.height",
            (stale,),
        )
        unlike = {"id", "attribution"}
        keep = [at for at, column in enumerate(cursor.description) if column[0] not in unlike]
        return [tuple(row[at] for at in keep) for row in cursor]


def check(path: Path, node: Bitcoind, *, first: int = 0) -> None:
    """It is the node's best chain, in one piece."""
    tables(path)
    rows = history(path)
    assert [row[0] for row in rows] == list(range(first, node.call("getblockcount") + 1))
    assert all(below[1] == above[2] for below, above in pairwise(rows))
    assert rows[-1][1].hex() == node.call("getbestblockhash")


@pytest.fixture(scope="module")
def expected(build: Build) -> list[tuple[Any, ...]]:
    """What any backfill of all of it comes to."""
    with (
        tempfile.TemporaryDirectory(prefix="pool-monitor-test-") as folder,
        copied(build("bitcoind"), "bitcoind", Path(folder)) as node,
    ):
        path = Path(folder) / "expected.sqlite"
        asyncio.run(filled(configured(node, path, blocks_dir=node.blocks_dir)))
        check(path, node)
        return history(path)


# -- by each way -------------------------------------------------------------------------------------------------------


async def test_every_way_leads_to_the_same_bytes(full: Full, tmp_path: Path) -> None:
    nodes = {kind: await asyncio.to_thread(full, kind) for kind in ("bitcoind", "core")}
    stores = []
    ways: list[tuple[str, str, dict[str, Any]]] = [
        ("bitcoind", "block files", {"blocks_dir": nodes["bitcoind"].blocks_dir}),
        ("bitcoind", "rest block", {}),
        ("bitcoind", "rpc getblock", {"rest": "off"}),
        ("core", "rest blockpart", {}),
        ("core", "block files", {"blocks_dir": nodes["core"].blocks_dir}),
    ]
    for number, (kind, way, settings) in enumerate(ways):
        node, path = nodes[kind], tmp_path / f"{number}.sqlite"
        told: list[Progress] = []
        with capture_logs() as log:
            report = await filled(configured(node, path, **settings), told.append)
        assert (report.first_height, report.tip.height, report.gap) == (0, BLOCKS, None)
        assert [line["by"] for line in log if line["event"] == "backfilling"] == [way]
        assert (told[-1].activity, told[-1].done, told[-1].total) == (way, BLOCKS + 1, BLOCKS + 1)
        check(path, node)
        stores.append(tables(path))
    first, *others = stores
    assert max(row[10] for row in first["blocks"]) > 3_000, "some blocks have thousands of transactions"
    assert len({row[1:] for row in first["attributions"]}) > 10, "there are many pools"
    for other in others:
        assert other == first


async def test_history_is_extended_from_where_it_begins(full: Full, tmp_path: Path, expected: list[Any]) -> None:
    node, path = await asyncio.to_thread(full), tmp_path / "blocks.sqlite"
    config = configured(node, path)
    for lowest in (2_990, 2_990, 1_234, 2_000, 1, 0):
        report = await filled(config, lowest=lowest)
        assert report.first_height <= lowest
    assert history(path) == expected


async def test_stale_blocks_on_disk_are_stored_as_that(full: Full, tmp_path: Path) -> None:
    node, path = await asyncio.to_thread(full), tmp_path / "blocks.sqlite"
    fork = node.call("getblockhash", BLOCKS - 10)
    lost = [node.call("getblockhash", height) for height in range(BLOCKS - 9, BLOCKS + 1)]
    mine_all(node, [Recipe(tag=b"/ViaBTC/")] * 11, on=fork)
    config = configured(node, path, blocks_dir=node.blocks_dir)
    await filled(config, lowest=BLOCKS - 5)
    await filled(config)
    check(path, node)
    assert [row[1].hex() for row in history(path, stale=True)] == lost


async def test_files_of_another_chain_are_not_believed(full: Full, start_bitcoind: Start, tmp_path: Path) -> None:
    node, other = await asyncio.to_thread(full), await asyncio.to_thread(start_bitcoind)
    path = tmp_path / "blocks.sqlite"
    other.call("generatetodescriptor", 5, BURN)
    with capture_logs() as log:
        await filled(configured(node, path, blocks_dir=other.blocks_dir))
    (fell,) = [line for line in log if line["event"] == "backfill source exhausted"]
    assert "is node.blocks_dir this node's?" in fell["reason"]
    check(path, node)


# -- whatever befalls it -----------------------------------------------------------------------------------------------


class Once:
    """Does something when so many blocks are stored."""

    def __init__(self, blocks: int, work: Callable[[], object]) -> None:
        self.done = False
        self._blocks = blocks
        self._work = work

    def __call__(self, now: Progress) -> None:
        if now.done >= self._blocks and not self.done:
            self.done = True
            self._work()


async def test_a_reorganisation_meanwhile_is_left_to_the_daemon(full: Full, tmp_path: Path) -> None:
    node, path = await asyncio.to_thread(full), tmp_path / "blocks.sqlite"
    fork = node.call("getblockhash", BLOCKS - 3)
    reorganise = Once(1_000, lambda: mine_all(node, [Recipe(tag=b"/rival/")] * 5, on=fork))
    await filled(configured(node, path), reorganise)
    assert reorganise.done
    assert len(history(path)) == BLOCKS + 1
    with started(path.parent, "run", node, path) as daemon:
        tip = node.call("getbestblockhash")
        await until(lambda: history(path)[-1][1].hex() == tip, "the daemon to follow")
        daemon.terminate()
        await asyncio.to_thread(daemon.wait)
    check(path, node)
    assert len(history(path, stale=True)) == 3


async def test_a_chain_that_the_node_has_left_is_an_error(full: Full, tmp_path: Path) -> None:
    node, path = await asyncio.to_thread(full), tmp_path / "blocks.sqlite"
    config = configured(node, path)
    await filled(config, lowest=BLOCKS - 5)
    node.call("invalidateblock", node.call("getblockhash", BLOCKS - 20))
    with pytest.raises(NodeError, match=r"block 2994 .* is not on the node's best chain"):
        await filled(config)
    assert len(history(path)) == 6


@pytest.mark.parametrize("rest", ["auto", "off"])
async def test_a_node_that_is_killed_is_waited_for(full: Full, tmp_path: Path, expected: list[Any], rest: str) -> None:
    node, path = await asyncio.to_thread(full), tmp_path / "blocks.sqlite"
    kill = Once(500, node.kill)
    with capture_logs() as log:
        filling = asyncio.create_task(filled(configured(node, path, rest=rest), kill))
        while not any(line["event"] == "backfill failed, retrying" for line in log):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.to_thread(node.start)
        await filling
    assert kill.done
    assert history(path) == expected


async def test_killed_again_and_again_it_goes_on_where_it_was(full: Full, tmp_path: Path, expected: list[Any]) -> None:
    node, path = await asyncio.to_thread(full), tmp_path / "blocks.sqlite"
    before = 0
    for _ in range(2):
        with (
            CountingProxy(node.port, left=_PIECE) as proxy,
            started(
                tmp_path, "backfill", node, path,
                node__rest="off", node__url=proxy.url, node__timeout_seconds=2,  # until the silence is noticed
            ) as process,
        ):  # fmt: skip
            await until(partial(_has_more, path, before), "some blocks")
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait)
        tables(path)
        rows = history(path)
        assert len(rows) > before
        assert [row[0] for row in rows] == list(range(BLOCKS + 1 - len(rows), BLOCKS + 1))
        before = len(rows)
    assert before < BLOCKS + 1
    await filled(configured(node, path))
    assert history(path) == expected


def test_a_full_disk_ends_it_with_the_reason_and_a_whole_store(full: Full, tmp_path: Path) -> None:
    node, path = full(), tmp_path / "blocks.sqlite"
    settings = environment(**told(node, path))
    limit = f"ulimit -f 1400; exec {' '.join(POOL_MONITOR)} backfill"  # 700 kB, or twice as much, whoever runs it
    done = subprocess.run(
        ["/bin/sh", "-c", limit], env=settings, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "look at the disk's space" in done.stderr
    stored = count(path)
    assert 0 < stored < BLOCKS + 1
    tables(path)
    done = pool_monitor("backfill", folder=tmp_path, environment=settings)
    assert done.returncode == 0, done.stderr
    assert "The store holds blocks 0 to 3,000." in done.stdout
    check(path, node)


async def test_files_that_are_pruned_under_our_feet(
    start_bitcoind: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_SIZE", 20)
    node = await asyncio.to_thread(start_bitcoind, "-fastprune", "-prune=1", QUICK)
    path = tmp_path / "blocks.sqlite"
    await asyncio.to_thread(node.call, "generatetodescriptor", 1_500, LONG)
    prune = Once(20, lambda: node.call("pruneblockchain", 900))
    with capture_logs() as log:
        report = await filled(configured(node, path, blocks_dir=node.blocks_dir), prune)
    assert prune.done
    kept = node.call("getblockchaininfo")["pruneheight"]
    assert 0 < report.first_height <= kept
    assert report.gap == f"the node has pruned the blocks below {kept}"
    (fell,) = [line for line in log if line["event"] == "backfill source exhausted"]
    assert "the file has gone, as by pruning" in fell["reason"]
    check(path, node, first=report.first_height)


# -- how it is done ----------------------------------------------------------------------------------------------------


def told(node: Bitcoind, path: Path) -> dict[str, object]:
    return {
        "node__url": node.url, "node__cookie_file": node.cookie_file, "store__url": f"sqlite:///{path}",
        "log__format": "json", "web__port": 0, "windows": "24h",
    }  # fmt: skip


def started(folder: Path, name: str, node: Bitcoind, path: Path, **more: object) -> Process:
    """A command, which ends with the test."""
    settings = environment(**told(node, path) | more)
    return start(name, environment=settings, folder=folder, output=folder / f"{name}.log")


async def until(ready: Callable[[], bool], what: str) -> None:
    """Wait without keeping the loop from its work."""
    await asyncio.to_thread(wait_until, ready, seconds=30, what=what)


def _has_more(path: Path, before: int) -> bool:
    return count(path) > before


def count(path: Path) -> int:
    """How many blocks are stored by now."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        try:
            found: int = connection.execute("SELECT count(*) FROM blocks").fetchone()[0]
        except sqlite3.OperationalError:  # not made yet
            return 0
        return found


async def test_a_first_start_with_block_files_begins_with_the_newest_blocks(full: Full, tmp_path: Path) -> None:
    node = await asyncio.to_thread(full, "bitcoind")
    known = {"url": node.url, "cookie_file": node.cookie_file, "blocks_dir": node.blocks_dir}
    config = Config.model_validate(
        {"node": known, "store": {"url": f"sqlite:///{tmp_path / 'b.sqlite'}", "history_from": 0}, "web": {"port": 0}}
    )
    with capture_logs() as log:
        async with inside(config) as daemon:
            first = (await daemon.wait_for(node.call("getbestblockhash")))["first_height"]
            async with asyncio.timeout(120):
                while (await daemon.ask("/readyz"))["first_height"] > 0:  # noqa: ASYNC110 -- another process fills it
                    await asyncio.sleep(0.1)
    assert first > 0
    assert [line["by"] for line in log if line["event"] == "backfilling"] == ["block files"]
