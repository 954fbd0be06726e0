"""The registry changes under a running daemon, on a real chain."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine, mine_all
from support.daemon import Daemon
from support.services import wait_until

OWN = '[[regtest.pool]]\nslug = "village"\nname = "Village Pool"\nkind = "pool"\ntags = ["/village pool/"]\n'


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    path = tmp_path / "pools.toml"
    path.write_text("")
    return path


@pytest.fixture
def daemon(bitcoind: Bitcoind, user_file: Path, tmp_path: Path) -> Iterator[Daemon]:
    mine_all(bitcoind, [Recipe(tag=b"/village pool/" if n % 2 else b"/ViaBTC/") for n in range(20)])
    with Daemon(
        tmp_path / "daemon", node__url=bitcoind.url, node__cookie_file=bitcoind.cookie_file,
        registry__user_file=user_file, windows="10b",
    ) as running:  # fmt: skip
        running.wait_for(bitcoind.call("getbestblockhash"))
        yield running


def share(daemon: Daemon, entity: str, *, level: str = "pool") -> float | None:
    return daemon.metric(f'pool_monitor_share_ratio{{entity="{entity}",level="{level}",window="10b"}}')


def test_a_pool_that_the_user_adds_gets_its_past_and_its_future(
    daemon: Daemon, bitcoind: Bitcoind, user_file: Path
) -> None:
    assert share(daemon, "village") is None
    user_file.write_text(OWN)
    wait_until(lambda: share(daemon, "village") == 0.5, seconds=20, what="history to be judged anew")
    assert daemon.events("blocks moved")[0]["after"] == "village"
    tip = mine(bitcoind, Recipe(tag=b"/village pool/"))
    daemon.wait_for(tip)
    assert daemon.ask(f"/api/v1/blocks/{tip}")["pool_name"] == "Village Pool"


def test_a_membership_that_the_user_adds_counts_at_once(daemon: Daemon, user_file: Path) -> None:
    assert share(daemon, "viabtc", level="template") == 0.5
    user_file.write_text('[[membership]]\npool = "viabtc"\ntemplate = "friends"\n')
    wait_until(lambda: share(daemon, "friends", level="template") == 0.5, seconds=20, what="the group to count")
    assert share(daemon, "viabtc") == 0.5


def test_a_broken_file_is_refused_with_the_reason_and_the_old_registry_stays(
    daemon: Daemon, bitcoind: Bitcoind, user_file: Path
) -> None:
    user_file.write_text(OWN)
    wait_until(lambda: share(daemon, "village") == 0.5, seconds=20, what="history to be judged anew")
    user_file.write_text(OWN.replace("slug", "slgu"))
    refused = "registry rejected, previous registry kept"
    wait_until(lambda: bool(daemon.events(refused)), seconds=20, what="the file to be refused")
    assert "unknown key 'slgu'" in daemon.events(refused)[0]["reason"]
    daemon.wait_for(mine(bitcoind, Recipe(tag=b"/village pool/")))
    assert share(daemon, "village") == 0.6


def test_sighup_reads_the_files_again_even_if_they_look_unchanged(daemon: Daemon, user_file: Path) -> None:
    before = user_file.stat()
    user_file.write_text("")
    os.utime(user_file, ns=(before.st_atime_ns, before.st_mtime_ns))
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: bool(daemon.events("registry reloaded")), seconds=20, what="the files to be read again")


def test_what_changed_while_the_daemon_was_away_is_made_up_for(
    daemon: Daemon, bitcoind: Bitcoind, user_file: Path
) -> None:
    daemon.stop()
    user_file.write_text(OWN)
    daemon.start()
    daemon.wait_for(bitcoind.call("getbestblockhash"))
    wait_until(lambda: share(daemon, "village") == 0.5, seconds=20, what="history to be judged anew")
