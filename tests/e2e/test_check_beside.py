"""`check` while the daemon runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.bitcoind import Bitcoind
from support.blocks import mine
from support.command import pool_monitor
from support.daemon import Daemon, environment


def test_what_a_running_daemon_uses_is_in_order(bitcoind: Bitcoind, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"node__url": bitcoind.url, "node__cookie_file": bitcoind.cookie_file}
    tip = mine(bitcoind)
    with Daemon(tmp_path, **settings) as daemon:
        daemon.wait_for(tip)
        store = f"sqlite:///{tmp_path / 'blocks.sqlite'}"
        own = environment(store__url=store, web__port=daemon.port, **settings) | {"COLUMNS": "200"}
        checked = pool_monitor("check", folder=tmp_path, environment=own)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "is used by a running daemon and holds blocks 0 to 1" in checked.stdout
    assert "is used by the running daemon" in checked.stdout
