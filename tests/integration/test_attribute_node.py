"""`pool-monitor attribute` asks a real node."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine, mine_all
from support.command import pool_monitor
from support.daemon import environment

TAGS = (b"/ViaBTC/", b"/AntPool/", b"no pool's")


@pytest.fixture(params=["rest", "rpc"])
def node(request: pytest.FixtureRequest, start_bitcoind: Callable[..., Bitcoind]) -> Bitcoind:
    started = start_bitcoind(*(["-rest=0"] if request.param == "rpc" else []))
    mine_all(started, (Recipe(tag=TAGS[height % 3]) for height in range(30)))
    return started


def attribute(node: Bitcoind, folder: Path, *arguments: str) -> CompletedProcess[str]:
    settings = environment(node__url=node.url, node__cookie_file=node.cookie_file)
    return pool_monitor("attribute", *arguments, folder=folder, environment=settings)


def test_blocks_are_named_by_range_height_and_hash(node: Bitcoind, tmp_path: Path) -> None:
    stale = mine(node, Recipe(tag=b"/F2Pool/"), on=node.call("getblockhash", 29))
    done = attribute(node, tmp_path, "1-30", "0", stale)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [row["height"] for row in rows] == [*range(1, 31), 0, 30]
    assert [row["pool_slug"] for row in rows[:3]] == ["viabtc", "antpool", None]
    assert rows[31]["pool_slug"] == "f2pool"
    assert rows[29]["hash"] == node.call("getblockhash", 30) != rows[31]["hash"] == stale


def test_a_block_is_explained_in_plain_text_when_piped(node: Bitcoind, tmp_path: Path) -> None:
    done = attribute(node, tmp_path, "1", "--explain", "--format", "table")
    assert done.returncode == 0, done.stderr
    assert "mempool.space" in done.stdout
    assert "\x1b" not in done.stdout


def test_what_the_node_does_not_know_is_said_with_exit_status_one(node: Bitcoind, tmp_path: Path) -> None:
    done = attribute(node, tmp_path, "ab" * 32, "1")
    first, second = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, first["error"], second["height"]) == (1, f"the node does not know block {'ab' * 32}", 1)
    beyond = attribute(node, tmp_path, "20-40")
    assert (beyond.returncode, beyond.stdout) == (1, "")
    assert "end at 30" in beyond.stderr


def test_a_node_that_is_away_is_said_with_exit_status_one(node: Bitcoind, tmp_path: Path) -> None:
    node.stop()
    done = attribute(node, tmp_path, "1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("pool-monitor: ")
    assert len(done.stderr.splitlines()) == 1
