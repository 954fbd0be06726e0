"""Several monitors on one PostgreSQL database: one writes, the others follow it and take over."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.alerting import MAJORITY
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.clock import Clock
from support.daemon import Daemon
from support.databases import ask
from support.hook import Hook, until
from support.postgresql import Postgresql
from support.services import PATIENCE, get, wait_until

from monitor.processing.self_check import EVERY_BLOCKS
from monitor.store.store import TAKE_SECONDS
from monitor.vitals import SELF_CHECKS

TAKEOVER_SECONDS = 10
RULES = MAJORITY.replace("for_blocks = 2\n", "")


@pytest.fixture
def url(postgresql: Postgresql) -> Iterator[str]:
    with postgresql.database() as url:
        yield url


@pytest.fixture
def pair(bitcoind: Bitcoind, scratch: Path, url: str) -> Iterator[tuple[Daemon, Daemon]]:
    """A writer and a follower, with 30 blocks."""
    mine(bitcoind, 30)
    node: dict[str, Any] = {"node__url": bitcoind.url, "node__cookie_file": bitcoind.cookie_file, "store__url": url}
    with Daemon(scratch / "a", **node) as first:
        first.wait_for(bitcoind.call("getbestblockhash"))
        with Daemon(scratch / "b", **node) as second:
            second.wait_for(bitcoind.call("getbestblockhash"))
            yield first, second


def alerting(node: Bitcoind, url: str, hook: Hook, *, folder: Path) -> dict[str, Any]:
    """Settings of a monitor with `RULES`, whose alerts go to `hook`."""
    (folder / "alerts.toml").write_text(RULES)
    return {
        "node__url": node.url, "node__cookie_file": node.cookie_file, "store__url": url, "windows": "50b",
        "alerts__rules_file": folder / "alerts.toml", "alerts__webhook__url": hook.url,
        "alerts__webhook__secret": f"whsec_{'A' * 40}",
    }  # fmt: skip


def sent(hook: Hook) -> list[str]:
    """States of the alert that the webhook was told, in order."""
    return [each.document["data"]["state"] for each in hook.taken]


def mine(node: Bitcoind, blocks: int) -> str:
    """More blocks; the hash of the last."""
    mine_all(node, [Recipe(tag=b"/AntPool/")] * blocks)
    return str(node.call("getbestblockhash"))


def writes(daemon: Daemon) -> bool:
    return bool(daemon.ask("/api/v1/status")["writer"])


def answers(daemon: Daemon, path: str) -> None:
    """See that it answers, if only that a parameter is missing."""
    try:
        get(daemon.port, path)
    except OSError as error:
        unanswerable = ": 4" in str(error) or (path == "/api/v1/nodes" and ": 503" in str(error))
        assert unanswerable, error  # noqa: PT017


def check_history(url: str, tip: str) -> None:
    """Every block once, each on its parent, and by one registry."""
    best = ask(url, "SELECT height, encode(hash, 'hex'), encode(parent, 'hex') FROM blocks WHERE NOT stale ORDER BY 1")
    assert [height for height, _, _ in best] == list(range(best[0][0], best[0][0] + len(best)))
    assert all(below[1] == above[2] for below, above in pairwise(best))
    assert best[-1][1] == tip
    assert Counter(hash_ for _, hash_, _ in best).most_common(1)[0][1] == 1
    assert ask(url, "SELECT count(DISTINCT registry) FROM attributions") == [(1,)]


def test_one_writes_and_the_other_shows_the_same(pair: tuple[Daemon, Daemon], bitcoind: Bitcoind, url: str) -> None:
    first, second = pair
    assert (writes(first), writes(second)) == (True, False)
    assert (first.metric("pool_monitor_store_writer"), second.metric("pool_monitor_store_writer")) == (1, 0)
    tip = mine(bitcoind, 3)
    for daemon in pair:
        daemon.wait_for(tip)
    below = bitcoind.call("getblockhash", bitcoind.call("getblockcount") - 2)
    tip = mine_all(bitcoind, [Recipe(tag=b"/ViaBTC/")] * 3, on=below)[-1]
    for daemon in pair:
        daemon.wait_for(tip)
    assert first.ask("/api/v1/shares") == second.ask("/api/v1/shares")
    assert first.ask("/api/v1/blocks") == second.ask("/api/v1/blocks")
    assert "Bitcoin" in second.text("/")
    for path in first.ask("/api/openapi.json")["paths"]:
        if "{" not in path and not path.endswith("/events"):
            for daemon in pair:
                answers(daemon, path)
    assert second.metric("pool_monitor_reorgs_total") == 1
    check_history(url, tip)


def test_each_checks_its_own_counts_and_the_writer_the_stored_blocks(
    pair: tuple[Daemon, Daemon], bitcoind: Bitcoind
) -> None:
    tip = mine(bitcoind, EVERY_BLOCKS + 1)
    for daemon in pair:
        daemon.wait_for(tip)
    mine(bitcoind, 1)

    def checked(daemon: Daemon) -> set[str]:
        name = "pool_monitor_self_check_last_run_timestamp_seconds"
        return {check for check in SELF_CHECKS if daemon.metric(f'{name}{{check="{check}"}}')}

    wait_until(lambda: "counts" in checked(pair[0]) & checked(pair[1]), seconds=20, what="both to check their counts")
    assert [checked(daemon) for daemon in pair] == [{"counts", "chain"}, {"counts"}]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
def test_the_other_takes_over_and_no_block_is_lost(
    pair: tuple[Daemon, Daemon], bitcoind: Bitcoind, url: str, end: signal.Signals
) -> None:
    first, second = pair
    first.signal(end)
    began = time.monotonic()
    tip = mine(bitcoind, 5)
    wait_until(lambda: writes(second), seconds=TAKEOVER_SECONDS, what="the other to take over")
    took = time.monotonic() - began
    second.wait_for(tip)
    check_history(url, tip)
    if end == signal.SIGSTOP:
        first.signal(signal.SIGCONT)
        tip = mine(bitcoind, 2)
        for daemon in pair:
            daemon.wait_for(tip)
        assert (writes(first), writes(second)) == (False, True)
        check_history(url, tip)
    print(f"took over in {took:.1f} s")  # noqa: T201 -- for people
    assert took < TAKEOVER_SECONDS * PATIENCE


async def test_an_alert_is_sent_once_whichever_monitor_sends_it(bitcoind: Bitcoind, scratch: Path, url: str) -> None:
    tags = (b"/AntPool/", b"/ViaBTC/", b"/slush/")
    mine_all(bitcoind, [Recipe(tag=tags[number % 3]) for number in range(50)])
    async with Hook() as hook:
        settings = alerting(bitcoind, url, hook, folder=scratch)

        with Daemon(scratch / "a", **settings) as first, Daemon(scratch / "b", **settings) as second:
            mine(bitcoind, 40)
            await until(lambda: sent(hook) == ["firing"], what="the alert")
            await asyncio.to_thread(second.wait_for, bitcoind.call("getbestblockhash"))
            await asyncio.to_thread(
                wait_until,
                lambda: [each["state"] for each in second.ask("/api/v1/alerts")["alerts"]] == ["firing"],
                seconds=10,
                what="the other to show the alert",
            )
            first.kill()
            await asyncio.to_thread(wait_until, lambda: writes(second), seconds=10, what="the other to take over")
            mine_all(bitcoind, [Recipe(tag=tags[number % 3]) for number in range(50)])
            await until(lambda: len(sent(hook)) > 1, what="the end of the alert")
            await asyncio.to_thread(first.start)
            await asyncio.to_thread(first.wait_for, bitcoind.call("getbestblockhash"))
        assert sent(hook) == ["firing", "resolved"]


async def test_a_clock_that_is_days_ahead_changes_neither_the_writer_nor_the_alerts(
    bitcoind: Bitcoind, scratch: Path, url: str
) -> None:
    """Leases are by the clock of the server, and an alert that began in the future ends with its condition."""
    clock = Clock(scratch / "clock")
    clock.set(3 * 86_400)
    mixed = [Recipe(tag=(b"/AntPool/", b"/ViaBTC/", b"/slush/")[number % 3]) for number in range(50)]
    mine_all(bitcoind, mixed)

    async def shows(daemon: Daemon) -> None:
        await asyncio.to_thread(daemon.wait_for, bitcoind.call("getbestblockhash"))

    async def becomes_writer(daemon: Daemon) -> None:
        await asyncio.to_thread(wait_until, lambda: writes(daemon), seconds=TAKEOVER_SECONDS, what="the takeover")

    async with Hook() as hook:
        settings = alerting(bitcoind, url, hook, folder=scratch)

        with Daemon(scratch / "a", **settings) as right, Daemon(scratch / "b", clock=clock.file, **settings) as ahead:
            await shows(ahead)
            await asyncio.sleep(2 * TAKE_SECONDS)  # it has tried to become the writer
            assert (writes(right), writes(ahead)) == (True, False)
            right.kill()
            await becomes_writer(ahead)
            mine(bitcoind, 40)
            await until(lambda: sent(hook) == ["firing"], what="the alert of the one that is ahead")
            await asyncio.to_thread(right.start)
            await shows(right)
            assert (writes(right), writes(ahead)) == (False, True)
            ahead.kill()
            await becomes_writer(right)
            mine_all(bitcoind, mixed)
            await until(lambda: len(sent(hook)) > 1, what="the end of the alert")
            await shows(right)
        assert sent(hook) == ["firing", "resolved"]
    check_history(url, str(bitcoind.call("getbestblockhash")))


def test_monitors_outlive_a_restart_of_the_server(bitcoind: Bitcoind, scratch: Path) -> None:
    (scratch / "server").mkdir()
    with Postgresql(scratch / "server") as server, server.database() as url:
        mine(bitcoind, 10)
        node: dict[str, Any] = {"node__url": bitcoind.url, "node__cookie_file": bitcoind.cookie_file}
        with (
            Daemon(scratch / "a", store__url=url, **node) as first,
            Daemon(scratch / "b", store__url=url, **node) as second,
        ):
            for daemon in (first, second):
                daemon.wait_for(bitcoind.call("getbestblockhash"))
            server.kill()
            tip = mine(bitcoind, 5)
            wait_until(lambda: bool(first.ask("/api/v1/status")["waiting"]), seconds=10, what="the loss to be said")
            server.start()
            for daemon in (first, second):
                daemon.wait_for(tip)
            # A monitor whose lease the other one took meanwhile notices it at the next renewal.
            wait_until(lambda: writes(first) != writes(second), seconds=10, what="one of them to be the writer")
            check_history(url, tip)


def test_what_is_shown_comes_from_a_replica(bitcoind: Bitcoind, scratch: Path) -> None:
    """A standby of the server, which refuses every write."""
    (scratch / "server").mkdir()
    with Postgresql(scratch / "server") as server, server.database() as url:
        (scratch / "replica").mkdir()
        with Postgresql(scratch / "replica", "hot_standby=on", of=server) as replica:
            read_url = replica.url(url.rpartition("/")[2])
            node: dict[str, Any] = {"node__url": bitcoind.url, "node__cookie_file": bitcoind.cookie_file}
            tip = mine(bitcoind, 10)
            first = Daemon(scratch / "a", store__url=url, **node)
            with first:
                first.wait_for(tip)
            with Daemon(scratch / "a", store__url=url, store__read_url=read_url, **node) as daemon:
                daemon.wait_for(tip)
                tip = mine(bitcoind, 2)
                daemon.wait_for(tip)
                wait_until(
                    lambda: daemon.ask("/api/v1/blocks")["blocks"][0]["hash"] == tip, seconds=10, what="the replica"
                )
