"""A newer list of pools is taken while a daemon runs, on a real chain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.command import pool_monitor
from support.daemon import Daemon, environment
from support.services import wait_until

from monitor.config import shipped


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A list as it might be next year."""
    pools = json.loads(shipped("pools/upstream/mempool.json").read_text("utf-8"))
    pools.append({"id": 500, "name": "Village Pool", "addresses": [], "tags": ["/village pool/"], "link": ""})
    path = tmp_path / "newer.json"
    path.write_text(json.dumps(pools), "utf-8")
    return path


def test_a_running_daemon_takes_it_up_at_once_and_keeps_it_when_the_file_is_damaged(
    bitcoind: Bitcoind, newer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    mine_all(bitcoind, [Recipe(tag=b"/village pool/" if n % 2 else b"/ViaBTC/") for n in range(10)])
    share = 'pool_monitor_share_ratio{entity="villagepool",level="pool",window="10b"}'
    settings: dict[str, Any] = {"node__url": bitcoind.url, "node__cookie_file": bitcoind.cookie_file, "windows": "10b"}
    with Daemon(tmp_path / "daemon", **settings) as daemon:
        daemon.wait_for(bitcoind.call("getbestblockhash"))
        assert daemon.metric(share) is None
        done = pool_monitor("registry", "update", "--yes", "--from", newer, folder=tmp_path, environment=environment())
        assert done.returncode == 0, done.stderr
        wait_until(lambda: daemon.metric(share) == 0.5, seconds=20, what="the newer list to count")
        (tmp_path / "data" / "pool-monitor" / "registry" / "lists.json").write_text("junk")
        wait_until(lambda: "lists.json is not JSON" in daemon.log, seconds=20, what="the file to be refused")
        assert daemon.metric(share) == 0.5
