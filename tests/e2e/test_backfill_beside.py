"""The daemon fetches its past while it follows the chain, and tells what it cannot have."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.command import pool_monitor
from support.daemon import Daemon
from support.forked import POOL_MONITOR
from support.fullnode import BLOCKS, QUICK, Full
from support.peers import Start
from support.services import program, wait_until

pytestmark = pytest.mark.service("bitcoind")

LONG = f"raw(6a4de803{'ab' * 1000})"
"""Where blocks are mined to: long, so that files fill and can be pruned."""
ENOUGH = 5
"""New blocks during a backfill."""


def of_history(daemon: Daemon) -> dict[str, Any]:
    """What it says of its history."""
    return daemon.ask("/api/v1/status")["history"] or {"by": None, "missing_blocks": None}


def best_chain(daemon: Daemon) -> list[tuple[int, bytes, bytes]]:
    """Height, hash and parent of what it has stored, lowest first."""
    with closing(sqlite3.connect(daemon.folder / "blocks.sqlite")) as connection:
        return connection.execute("SELECT height, hash, parent FROM blocks WHERE NOT stale ORDER BY height").fetchall()


def command(daemon: Daemon, *arguments: str) -> str:
    """What a command beside it prints."""
    done = pool_monitor(*arguments, folder=daemon.folder, environment=daemon.environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_new_blocks_go_first_and_the_command_watches(full: Full, start_daemon: Callable[..., Daemon]) -> None:
    node = full()
    daemon = start_daemon(node, windows="100b", node__rest="off")
    daemon.wait_for(node.call("getbestblockhash"))
    assert daemon.ask("/readyz")["first_height"] == BLOCKS - 99

    watching = subprocess.Popen([*POOL_MONITOR, "backfill"], env=daemon.environment, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: bool(of_history(daemon)["by"]), seconds=30, what="the backfill to begin")
    shown = 0  # while blocks of the history were missing
    tip = node.call("getbestblockhash")
    while shown < ENOUGH and of_history(daemon)["missing_blocks"]:
        shown += daemon.ask("/api/v1/status")["tip"]["hash"] == tip
        depth = 2 if shown == 1 else 0
        on = node.call("getblockhash", node.call("getblockcount") - depth)
        tip = mine_all(node, [Recipe(tag=b"/AntPool/%d" % shown)] * (depth + 1), on=on)[-1]
        daemon.wait_for(tip, seconds=10)
    assert shown > 1, "it was done before there were new blocks"

    wait_until(lambda: not of_history(daemon)["missing_blocks"], seconds=60, what="the history to be stored")
    assert "The store holds blocks 0 to" in watching.communicate()[0]
    chain = best_chain(daemon)
    assert [row[0] for row in chain] == list(range(node.call("getblockcount") + 1))
    assert all(below[1] == above[2] for below, above in pairwise(chain))
    wait_until(lambda: daemon.ask("/readyz")["first_height"] == 0, seconds=10, what="the history to be counted anew")
    assert daemon.metric("pool_monitor_backfill_progress_ratio") == 1
    assert len(daemon.events("history is complete")) == 1


def test_what_windows_need_is_fetched_when_they_become_longer(start_bitcoind: Start, scratch: Path) -> None:
    node = start_bitcoind()
    mine_all(node, [Recipe(tag=b"/ViaBTC/")] * 60)
    tip = node.call("getbestblockhash")
    settings: dict[str, Any] = {"node__url": node.url, "node__cookie_file": node.cookie_file}
    with Daemon(scratch / "daemon", windows="10b", **settings) as daemon:
        daemon.wait_for(tip)
        assert daemon.metric('pool_monitor_window_blocks{window="10b"}') == 10
    with Daemon(scratch / "daemon", windows="10b,50b", node__blocks_dir=node.blocks_dir, **settings) as daemon:
        daemon.wait_for(tip)
        fifty = 'pool_monitor_window_blocks{window="50b"}'
        wait_until(lambda: daemon.metric(fifty) == 50, seconds=30, what="the longer window to be full")
        assert daemon.events("backfilling")[0]["by"] == "block files"


def test_a_gap_is_told_and_filled_by_a_node_that_has_more(start_bitcoind: Start, scratch: Path) -> None:
    whole = start_bitcoind("-fastprune", QUICK)
    whole.call("generatetodescriptor", 800, LONG)
    whole.stop()
    shutil.copytree(whole.datadir, scratch / "pruned")
    with Bitcoind(program("bitcoind"), scratch / "pruned", "-fastprune", "-prune=1", QUICK) as pruned:
        pruned.call("pruneblockchain", 400)
        first = pruned.call("getblockchaininfo")["pruneheight"]
        assert first > 100
        with Daemon(scratch / "daemon", **_on(pruned)) as daemon:
            daemon.wait_for(pruned.call("getbestblockhash"))
            printed = command(daemon, "backfill")
            reason = f"the node has pruned the blocks below {first}"
            assert f"Blocks 0 to {first - 1:,} are missing: {reason}." in printed
            history = daemon.ask("/readyz")["history"]
            assert (history["first_height"], history["wanted_height"]) == (first, 0)
            assert (history["missing_blocks"], history["reason"]) == (first, reason)
            assert history["ratio"] == pytest.approx((801 - first) / 801)
            assert daemon.ask("/api/v1/status")["history"] == history
            assert daemon.metric("pool_monitor_backfill_progress_ratio") == pytest.approx(history["ratio"])
            assert {each["reason"] for each in daemon.events("history has a gap")} == {reason}
            assert reason in command(daemon, "status", "--url", f"http://127.0.0.1:{daemon.port}")
    whole.start()
    with Daemon(scratch / "daemon", **_on(whole)) as daemon:
        wait_until(lambda: of_history(daemon)["missing_blocks"] == 0, seconds=30, what="the gap to be filled")
        assert [row[0] for row in best_chain(daemon)] == list(range(801))


def _on(node: Bitcoind) -> dict[str, Any]:
    return {"node__url": node.url, "node__cookie_file": node.cookie_file, "windows": "700b"}
