"""Two real nodes that part and join again, as people see it: page, terminal, feed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import feedparser
import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.daemon import Daemon
from support.forked import run
from support.services import wait_until

pytestmark = pytest.mark.timeout(240)  # the daemon looks at branches every five seconds


def test_a_split_is_seen_and_its_end(start_bitcoind: Callable[..., Bitcoind], scratch: Path) -> None:
    home, friend = start_bitcoind(), start_bitcoind()
    mine_all(home, [Recipe(tag=b"/ViaBTC/")] * 5)
    hand_over(home, friend, range(1, 6))
    nodes = [
        {"name": name, "url": each.url, "cookie_file": str(each.cookie_file)}
        for name, each in (("home", home), ("friend", friend))
    ]
    with Daemon(scratch / "daemon", nodes=json.dumps(nodes), windows="100b", splits__seconds=0) as daemon:
        daemon.wait_for(home.call("getbestblockhash"))
        part(daemon, home, friend)
        daemon.kill()
        daemon.start()
        join(daemon, home, friend)


def part(daemon: Daemon, home: Bitcoind, friend: Bitcoind) -> None:
    """Each node gets blocks of its own."""
    wait_until(lambda: says(daemon, "Both nodes are on the same chain."), seconds=40, what="the nodes to agree")
    mine_all(home, [Recipe(tag=b"/AntPool/")] * 3)
    mine_all(friend, [Recipe(tag=b"/F2Pool/")] * 2)
    said = "Nodes disagree: friend is on another branch since block 6: 2 blocks, and 3 on the counted branch."
    wait_until(lambda: says(daemon, said), seconds=40, what="the split")
    assert "Split above block 5" in daemon.text("/nodes")
    assert "Nodes disagree" in daemon.text("/")
    shown = status(daemon, "--nodes")
    assert "not counted: friend" in shown
    assert "o F2Pool < friend" in shown
    assert "\x1b" not in shown
    assert json.loads(status(daemon, "--nodes", "--json"))["splits"][0]["depth"] == 3
    assert "! Nodes disagree" in status(daemon)
    wait_until(lambda: "The nodes follow different branches" in titles(daemon), seconds=40, what="the feed")


def join(daemon: Daemon, home: Bitcoind, friend: Bitcoind) -> None:
    """The friend gets the longer branch."""
    hand_over(home, friend, range(6, 9))
    wait_until(lambda: says(daemon, "Both nodes are on the same chain."), seconds=60, what="the nodes to agree again")
    wait_until(lambda: "The nodes follow the same branch again" in titles(daemon), seconds=40, what="the end")
    told = titles(daemon)
    assert told.count("The nodes follow different branches") == 1
    assert {f"Stale block {height} of F2Pool" for height in (6, 7)} <= {*told}


def hand_over(one: Bitcoind, other: Bitcoind, heights: range) -> None:
    """The other node gets blocks of the one's best chain."""
    for height in heights:
        other.call("submitblock", one.call("getblock", one.call("getblockhash", height), 0))


def says(daemon: Daemon, sentence: str) -> bool:
    """Whether the API's summary begins so."""
    with suppress(OSError):  # before the first look at the nodes it answers 503
        return str(daemon.ask("/api/v1/nodes")["summary"]).startswith(sentence)
    return False


def titles(daemon: Daemon) -> list[str]:
    """What the feed has, newest first."""
    read = feedparser.parse(daemon.text("/feed.atom"))
    assert not read.bozo
    return [each.title for each in read.entries]


def status(daemon: Daemon, *options: str) -> str:
    """What `pool-monitor status` prints, into a pipe."""
    done = run("status", "--url", f"http://127.0.0.1:{daemon.port}", *options, environment=os.environ)
    assert done.returncode == 0, done.stderr
    return done.stdout
