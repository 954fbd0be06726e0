"""A start: the numbers of the newest block come first, and what is not urgent after them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NoReturn

import pytest
from support.daemon import following
from support.mainnet import mainnet_node

from monitor.economy.keeper import EconomyKeeper
from monitor.embedded import mainnet
from monitor.hub import Hub
from monitor.model import Snapshot
from monitor.processing.builders import BuildersKeeper


async def test_comparisons_begin_after_the_first_snapshot_of_the_newest_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    both = asyncio.Event()
    publish = Hub.publish

    def published(hub: Hub, snapshot: Snapshot) -> None:
        publish(hub, snapshot)
        happened.append("newest block" if snapshot.caught_up else "stored blocks")

    def begins(what: str) -> None:
        async def run(_keeper: object) -> NoReturn:
            happened.append(what)
            if {"economy", "builders"} <= {*happened}:
                both.set()
            await asyncio.Event().wait()
            raise AssertionError

        monkeypatch.setattr(EconomyKeeper if what == "economy" else BuildersKeeper, "run", run)

    monkeypatch.setattr("monitor.app._LATER_SECONDS", 3600)  # however slow the machine is
    monkeypatch.setattr(Hub, "publish", published)
    begins("economy")
    begins("builders")
    async with mainnet_node(mainnet()[-200:]) as node:
        for _ in range(2):  # the second start has stored blocks
            happened.clear()
            both.clear()
            async with following(node, tmp_path), asyncio.timeout(60):
                await both.wait()
            first = happened.index("newest block")
            assert {"economy", "builders"} <= {*happened[first:]} - {*happened[:first]}
