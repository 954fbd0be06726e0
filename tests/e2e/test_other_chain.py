"""Nodes on another chain, and one that lies, as the counted node and beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.daemon import Daemon, environment
from support.forked import run
from support.lying import LyingNode, without_work
from support.services import wait_until

ANYONE = "raw(51)"
FORK = 5


def check(node: Bitcoind, folder: Path) -> tuple[int, str]:
    """Exit status and output of `check`."""
    settings = {"node__url": node.url, "node__cookie_file": node.cookie_file, "web__port": 0}
    ours = environment(store__url=f"sqlite:///{folder / 'none.sqlite'}", **settings) | {"COLUMNS": "200"}
    checked = run("check", environment=ours)
    return checked.returncode, " ".join(checked.stdout.split())


def test_the_daemon_says_that_its_node_is_on_another_chain_and_follows_it_on_request(
    start_bitcoind: Callable[..., Bitcoind], start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    node = start_bitcoind(f"-testactivationheight=blake2b@{FORK}")
    last_common = node.call("generatetodescriptor", FORK - 1, ANYONE)[-1]
    assert check(node, tmp_path)[0] == 0
    assert f"on Bitcoin, with rules that leave it at block {FORK}" in check(node, tmp_path)[1]
    daemon = start_daemon(node)
    daemon.wait_for(last_common)

    tip = node.call("generatetodescriptor", 3, ANYONE)[-1]

    said = f"is on another chain since block {FORK}: RDTS (BIP110), with proof of work by BLAKE2b"
    wait_until(
        lambda: said in str(daemon.ask("/api/v1/status")["waiting"]), seconds=20, what="the daemon to name the chain"
    )
    assert daemon.ask("/api/v1/status")["height"] == FORK - 1
    assert any("on another chain" in each["reason"] for each in daemon.events("waiting for the node"))
    assert check(node, tmp_path) == (1, check(node, tmp_path)[1])
    assert said in check(node, tmp_path)[1]

    daemon.stop()
    daemon.environment |= environment(node__chain="rdts")
    daemon.start()
    daemon.wait_for(tip)
    assert daemon.ask("/api/v1/status")["waiting"] is None


def test_observers_on_another_chain_are_followed_and_liars_are_not_believed(
    start_bitcoind: Callable[..., Bitcoind], scratch: Path
) -> None:
    home, other, knots = start_bitcoind(), start_bitcoind(), start_bitcoind(f"-testactivationheight=blake2b@{FORK}")
    for block in mine_all(home, [Recipe()] * (FORK - 1)):
        for node in (other, knots):
            node.call("submitblock", home.call("getblock", block, 0))
    tip = mine_all(home, [Recipe(tag=b"/AntPool/")] * 4)[-1]
    knots.call("generatetodescriptor", 3, ANYONE)
    with LyingNode(other) as liar:
        liar.serve_on_top(without_work(other))
        nodes = [
            {"name": "home", "url": home.url, "cookie_file": str(home.cookie_file)},
            {"name": "knots", "url": knots.url, "cookie_file": str(knots.cookie_file)},
            {"name": "liar", "url": liar.url, "cookie_file": str(other.cookie_file), "trusted": False},
        ]
        with Daemon(scratch / "daemon", splits__seconds=0, nodes=json.dumps(nodes)) as daemon:
            daemon.wait_for(tip)

            def said(name: str) -> dict[str, Any]:
                found: dict[str, Any] = next(
                    each for each in daemon.ask("/api/v1/nodes")["nodes"] if each["name"] == name
                )
                return found

            wait_until(lambda: said("knots")["relation"] == "branch", seconds=20, what="the branch to be followed")
            assert (said("knots")["chain"], said("knots")["apart"]) == ("rdts", 3)
            assert said("knots")["fork"]["height"] == FORK - 1
            assert said("home")["chain"] == "bitcoin"
            found_out = "does not have the work that its target (207fffff) demands"
            wait_until(lambda: found_out in str(said("liar")["reason"]), seconds=20, what="the liar to be found out")
            assert not said("liar")["up"]
            assert daemon.ask("/api/v1/status")["height"] == FORK + 3
