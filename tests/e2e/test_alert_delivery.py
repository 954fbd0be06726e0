"""A pool passes half of the blocks of a real chain: everyone who is told hears of it once, and once that it is over."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.alerting import MAJORITY, WINDOW, followed, mine
from support.alertmanager import Alertmanager
from support.bitcoind import Bitcoind
from support.daemon import Daemon
from support.hook import Hook, until
from support.mosquitto import Heard, Mosquitto
from support.prometheus import Prometheus

FIRING = 'pool_monitor_alerts_firing{rule="majority"}'


@dataclass(frozen=True)
class Ears:
    """Everyone who is told."""

    hook: Hook
    pager: Hook
    """Whoever Alertmanager tells."""
    phone: Hook
    """Behind Apprise."""
    reader: list[Heard]
    """Of the broker's messages."""

    def heard(self) -> list[list[str]]:
        """What each heard of the alert, in order."""
        changes = [each.document["change"] for each in self.reader if each.document["change"]]
        return [
            [each.document["data"]["state"] for each in self.hook.taken],
            [each.document["status"] for each in self.pager.taken],
            ["resolved" if "[resolved]" in each.document["title"] else "firing" for each in self.phone.taken],
            list({change["number"]: change["state"] for change in changes}.values()),
        ]

    async def hear(self, *states: str) -> None:
        """Return when all have heard this; and see that none hears more."""
        await until(lambda: self.heard() == [[*states]] * 4, seconds=20, what=f"all to hear {states}")
        await asyncio.sleep(1.5)  # Alertmanager is told again meanwhile; people are not
        assert self.heard() == [[*states]] * 4


@pytest.fixture
async def ears(start_mosquitto: Callable[..., Mosquitto]) -> AsyncIterator[tuple[Ears, Mosquitto]]:
    mosquitto = await asyncio.to_thread(start_mosquitto)
    async with Hook() as hook, Hook() as pager, Hook() as phone, mosquitto.reader("pool-monitor/alert/#") as reader:
        yield Ears(hook, pager, phone, reader), mosquitto


async def test_everyone_hears_once_that_it_fires_and_once_that_it_is_over(
    bitcoind: Bitcoind,
    start_daemon: Callable[..., Daemon],
    start_prometheus: Callable[..., Prometheus],
    start_alertmanager: Callable[..., Alertmanager],
    ears: tuple[Ears, Mosquitto],
    scratch: Path,
) -> None:
    everyone, mosquitto = ears
    alertmanager = await asyncio.to_thread(start_alertmanager, hook=everyone.pager.url)
    (scratch / "alerts.toml").write_text(MAJORITY)
    mine(bitcoind, share=0.4, blocks=WINDOW)
    daemon = await asyncio.to_thread(
        start_daemon,
        bitcoind,
        windows="50b",
        alerts__rules_file=scratch / "alerts.toml",
        alerts__alertmanager__urls=json.dumps([alertmanager.url]),
        alerts__alertmanager__repeat_seconds=1,
        alerts__webhook__url=everyone.hook.url,
        alerts__webhook__secret=f"whsec_{'A' * 40}",
        alerts__apprise__urls=json.dumps([f"json://127.0.0.1:{everyone.phone.port}"]),
        mqtt__url=f"mqtt://127.0.0.1:{mosquitto.port}",
    )
    prometheus = await asyncio.to_thread(start_prometheus, daemon.port)

    async def follow(*blocks: int, share: float) -> None:
        for some in blocks:
            mine(bitcoind, share=share, blocks=some)
            await asyncio.to_thread(followed, daemon, bitcoind)

    await follow(10, share=1)  # luck: ten in a row, and 26 of 50
    await everyone.hear()
    await follow(15, 5, share=1)
    await everyone.hear("firing")
    await asyncio.to_thread(prometheus.wait_for, f"{FIRING} == 1")
    await follow(WINDOW, share=0.3)
    await everyone.hear("firing", "resolved")
    await asyncio.to_thread(prometheus.wait_for, f"{FIRING} == 0")

    # Those who hang delay neither a block, nor the others, nor the end.
    everyone.hook.status = 0
    os.kill(mosquitto.pid, signal.SIGSTOP)
    try:
        await follow(25, 5, share=1)
        await until(lambda: len(everyone.pager.taken) == 3 and len(everyone.phone.taken) == 3, seconds=20)
        await asyncio.sleep(1)  # what is told and not acknowledged yet would be told again: at least once
        started = time.monotonic()
        assert await asyncio.to_thread(daemon.stop) == 0
        assert time.monotonic() - started < 20
    finally:
        os.kill(mosquitto.pid, signal.SIGCONT)

    # What waited for them on disk is told after the restart.
    everyone.hook.status = 200
    await asyncio.to_thread(daemon.start)
    await everyone.hear("firing", "resolved", "firing")
