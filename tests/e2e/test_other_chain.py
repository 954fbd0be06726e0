"""A node that leaves Bitcoin while it is followed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from support.bitcoind import Bitcoind
from support.daemon import POOL_MONITOR, Daemon, environment
from support.services import wait_until

ANYONE = "raw(51)"
FORK = 5


def check(node: Bitcoind, folder: Path) -> tuple[int, str]:
    """Exit status and output of `check`."""
    settings = {"node__url": node.url, "node__cookie_file": node.cookie_file, "web__port": 0}
    checked = subprocess.run(
        [*POOL_MONITOR, "check"], capture_output=True, text=True, check=False,
        env=environment(store__url=f"sqlite:///{folder / 'none.sqlite'}", **settings) | {"COLUMNS": "200"},
    )  # fmt: skip
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
