"""Who belongs to a country or a group: the API's answer, and what the command prints of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.daemon import Inside, environment, following
from support.forked import run

from monitor.cli.demo_daemon import signatures_of
from monitor.cli.entity import lines
from monitor.embedded import EmbeddedNode
from monitor.model import PoolSlug
from monitor.registry.loading import load_pools


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Inside]:
    """Four blocks: two of a pool that was founded in China."""
    async with EmbeddedNode(network="main", signatures=signatures_of(load_pools("main"))) as node:
        node.mine(PoolSlug("foundryusa"), time=1_700_000_000)
        for pool in ("antpool", "antpool", "foundryusa"):
            node.mine(PoolSlug(pool))
        async with following(node, tmp_path) as daemon:
            yield daemon


async def test_members_have_dates_confidence_and_source(daemon: Inside) -> None:
    found = await daemon.ask("/api/v1/entities/origin/CN?window=30d")
    assert (found["name"], found["window"], found["unknown"]) == ("China", "30d", 0.0)
    share = next(each for each in found["shares"] if each["window"] == "30d")
    assert (share["blocks"], share["total"], share["share"]) == (2, 4, 0.5)
    first = found["members"][0]
    assert (first["pool_slug"], first["share"], first["counted"]) == ("antpool", 0.5, True)
    assert first["source"]
    assert any(not each["counted"] and each["current"] for each in found["members"]), "disputed ones are there"

    text = "\n".join(lines(found))
    assert "China (origin), as of block" in text
    assert "AntPool               50.0%  counted" in text


async def test_the_command_goes_back_to_an_earlier_block(daemon: Inside) -> None:
    async def asked(*choice: str) -> str:
        command = ("entity", *choice, "--url", daemon.url)
        done = await asyncio.to_thread(run, *command, environment=environment())
        return " ".join(f"{done.stdout}{done.stderr}".split())

    said = await asked("origin", "CN", "--window", "24h", "--at", "2")
    assert said.startswith("China (origin), as of block 2, 2023-11-14 ")
    assert "1 of 2 blocks" in said
    assert "nothing is stored of that time" in await asked("origin", "CN", "--at", "99")
    assert "nothing is counted for 'XX' at level 'origin'" in await asked("origin", "XX")


async def test_what_is_not_there_is_said(daemon: Inside) -> None:
    assert (await daemon.get("/api/v1/entities/origin/XX"))[0] == 404
    assert (await daemon.get("/api/v1/entities/galaxy/CN"))[0] == 404
    assert (await daemon.get("/api/v1/entities/origin/CN?window=25h"))[0] == 400
