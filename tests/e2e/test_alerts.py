"""A pool passes half of the blocks of a real chain: people hear of it once, and once that it is over."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.alerting import FOUNDRY, MAJORITY, OTHERS, WINDOW, followed, mine
from support.alertmanager import Alertmanager
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.command import pool_monitor
from support.daemon import Daemon, environment
from support.hook import Hook, until
from support.services import wait_until

Start = Callable[..., Daemon]


@pytest.fixture
def daemon(bitcoind: Bitcoind, start_daemon: Start, scratch: Path) -> Daemon:
    rules = scratch / "alerts.toml"
    rules.write_text(MAJORITY)
    mine(bitcoind, share=0.4, blocks=WINDOW)
    daemon = start_daemon(bitcoind, windows="50b", alerts__rules_file=rules)
    daemon.wait_for(bitcoind.call("getbestblockhash"))
    return daemon


def pass_half(daemon: Daemon, node: Bitcoind) -> None:
    """Let Foundry have most of the blocks, and for long enough."""
    for blocks in (25, 5):  # it is pending, then firing
        mine(node, share=1, blocks=blocks)
        followed(daemon, node)
    wait_until(lambda: bool(told(daemon)), seconds=5, what="the alert")


def told(daemon: Daemon) -> list[tuple[str, str]]:
    """What was logged of alerts since the start."""
    return [(event["rule"], event["state"]) for event in daemon.events("alert")]


def outbox(daemon: Daemon) -> list[dict[str, Any]]:
    """What the receivers are told."""
    with closing(sqlite3.connect(daemon.folder / "blocks.sqlite")) as connection:
        return [json.loads(row[0]) for row in connection.execute("SELECT alert FROM alert_changes ORDER BY number")]


def test_a_majority_is_told_once_and_its_end_once_and_luck_never(bitcoind: Bitcoind, daemon: Daemon) -> None:
    mine(bitcoind, share=1, blocks=10)  # lucky: ten in a row, and 26 of 50
    followed(daemon, bitcoind)
    assert told(daemon) == []
    (window,) = daemon.ask("/api/v1/shares")["windows"]
    assert window["shares"][0]["share"] > 0.5

    pass_half(daemon, bitcoind)
    assert told(daemon) == [("majority", "firing")]
    (alert,) = daemon.ask("/api/v1/alerts?state=firing")["alerts"]
    assert alert["summary"] == "Foundry USA has more than half"
    assert "of the 50 blocks in window 50b; estimated hashrate share" in alert["explanation"]
    assert daemon.metric('pool_monitor_alerts_firing{rule="majority",severity="critical"}') == 1

    mine(bitcoind, share=0.3, blocks=WINDOW)
    followed(daemon, bitcoind)
    wait_until(lambda: len(told(daemon)) > 1, seconds=5, what="the end of the alert")
    assert told(daemon) == [("majority", "firing"), ("majority", "resolved")]
    assert [each["state"] for each in outbox(daemon)] == ["firing", "resolved"]
    assert daemon.metric('pool_monitor_alerts_firing{rule="majority",severity="critical"}') == 0


def test_a_power_cut_neither_repeats_nor_forgets(bitcoind: Bitcoind, daemon: Daemon) -> None:
    pass_half(daemon, bitcoind)
    (before,) = daemon.ask("/api/v1/alerts")["alerts"]

    for _ in range(2):
        daemon.kill()
        daemon.start()
        followed(daemon, bitcoind)
        assert daemon.ask("/api/v1/alerts")["alerts"] == [before]
        assert told(daemon) == []

    daemon.kill()
    mine(bitcoind, share=0, blocks=WINDOW)  # it is over while nobody looks
    daemon.start()
    followed(daemon, bitcoind)
    wait_until(lambda: bool(told(daemon)), seconds=5, what="the end of the alert")
    assert told(daemon) == [("majority", "resolved")]
    assert [each["state"] for each in outbox(daemon)] == ["firing", "resolved"]


def test_rules_are_read_again_and_wrong_ones_refused(bitcoind: Bitcoind, daemon: Daemon, scratch: Path) -> None:
    rules = scratch / "alerts.toml"
    rules.write_text(MAJORITY.replace("severity", "severtiy"))
    wait_until(lambda: bool(daemon.events("alert rules rejected, previous rules kept")), seconds=10, what="a refusal")
    (refusal,) = daemon.events("alert rules rejected, previous rules kept")
    assert "rule.0.severtiy (majority): unknown key; did you mean severity?" in refusal["reason"]

    rules.write_text(MAJORITY.replace("above = 0.95", "above = 0.01").replace("until = 0.5", "until = 0.001"))
    wait_until(lambda: bool(daemon.events("alert rules reloaded")), seconds=10, what="new rules")
    for blocks in (1, 2):  # it is pending, then firing: blocks in a burst share a snapshot
        mine(bitcoind, share=0.4, blocks=blocks)
        followed(daemon, bitcoind)
    wait_until(lambda: bool(told(daemon)), seconds=5, what="the alert")
    assert told(daemon) == [("majority", "firing")]


def test_the_command_shows_how_they_stand(bitcoind: Bitcoind, daemon: Daemon) -> None:
    def said(*arguments: str) -> str:
        settings = environment(store__url=f"sqlite:///{daemon.folder / 'blocks.sqlite'}", windows="50b")
        return pool_monitor("alerts", "list", *arguments, folder=daemon.folder, environment=settings).stdout

    url = f"http://127.0.0.1:{daemon.port}"
    assert said("--url", url) == "no alert is pending, firing or was resolved in the last day\n"
    pass_half(daemon, bitcoind)
    assert "Foundry USA has more than half" in said("--url", url)
    daemon.stop()
    (alert,) = json.loads(said("--stored", "--json"))
    assert (alert["rule"], alert["state"], alert["labels"]["entity"]) == ("majority", "firing", "foundryusa")


def test_a_reorganisation_is_told_by_the_rules_that_come_with_the_program(
    bitcoind: Bitcoind, start_daemon: Start
) -> None:
    blocks = mine_all(bitcoind, [Recipe(tag=FOUNDRY) for _ in range(6)])
    daemon = start_daemon(bitcoind)
    followed(daemon, bitcoind)
    mine_all(bitcoind, [Recipe(tag=OTHERS[0]) for _ in range(3)], on=blocks[3])
    followed(daemon, bitcoind)
    wait_until(lambda: len(told(daemon)) >= 3, seconds=5, what="the alerts")

    assert sorted(told(daemon)) == [("reorganisation", "firing"), ("stale_block", "firing"), ("stale_block", "firing")]
    found = {alert["summary"]: alert for alert in daemon.ask("/api/v1/alerts")["alerts"]}
    assert "Block 6 of Foundry USA went stale" in found
    assert "lost a race of depth 2 from block 5 on" in found["Block 5 of Foundry USA went stale"]["explanation"]


async def test_who_is_told_hears_of_it_once_and_once_that_it_is_over(
    bitcoind: Bitcoind,
    start_daemon: Start,
    start_alertmanager: Callable[..., Alertmanager],
    scratch: Path,
) -> None:
    rules = scratch / "alerts.toml"
    rules.write_text(MAJORITY)
    async with Hook() as hook:
        manager = await asyncio.to_thread(start_alertmanager, hook="http://127.0.0.1:9")
        await asyncio.to_thread(mine, bitcoind, share=0.4, blocks=WINDOW)
        daemon = await asyncio.to_thread(
            start_daemon, bitcoind, windows="50b", alerts__rules_file=rules, alerts__webhook__url=hook.url,
            alerts__webhook__secret="whsec_" + "A" * 32, alerts__alertmanager__urls=f'["{manager.url}"]',
        )  # fmt: skip
        await asyncio.to_thread(followed, daemon, bitcoind)
        await asyncio.to_thread(pass_half, daemon, bitcoind)
        await until(lambda: len(hook.taken) == 1, what="the webhook")
        standing = await asyncio.to_thread(manager.alerts)
        assert [each["labels"]["alertname"] for each in standing] == ["majority"]
        await asyncio.to_thread(mine, bitcoind, share=0.3, blocks=WINDOW)
        await asyncio.to_thread(followed, daemon, bitcoind)
        await until(lambda: len(hook.taken) > 1, what="the end")
        await asyncio.sleep(0.5)

    assert len(hook.taken) == 2
    assert await asyncio.to_thread(manager.alerts) == []
