"""A real node that comes back with fewer blocks: behind, until it has another block at one of our heights."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.daemon import Inside, inside

from monitor.config import Config

pytestmark = pytest.mark.service("bitcoind")


def settings(node: Bitcoind, folder: Path) -> Config:
    section = {"url": node.url, "cookie_file": node.cookie_file, "timeout_seconds": 5.0, "poll_seconds": 0.2}
    store = {"url": f"sqlite:///{folder / 'blocks.sqlite'}"}
    return Config.model_validate({"node": section, "store": store, "web": {"port": 0}, "windows": "24h"})


async def mined(node: Bitcoind, count: int, tag: bytes, on: str | None = None) -> list[str]:
    return list(await asyncio.to_thread(mine_all, node, [Recipe(tag=tag)] * count, on=on))


async def reorganisations(daemon: Inside) -> float:
    text = (await daemon.get("/metrics"))[2].decode()
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith("pool_monitor_reorgs_total ")))


async def test_a_node_restored_from_a_copy_is_waited_for_without_a_reorganisation(
    bitcoind: Bitcoind, tmp_path: Path
) -> None:
    await mined(bitcoind, 5, b"/ViaBTC/")
    bitcoind.stop()
    shutil.copytree(bitcoind.datadir, tmp_path / "copy")
    bitcoind.start()
    lost = await mined(bitcoind, 4, b"/AntPool/")
    raw = [bitcoind.call("getblock", each, 0) for each in lost]

    with capture_logs() as log:
        async with inside(settings(bitcoind, tmp_path)) as daemon:
            await daemon.wait_for(lost[-1])
            bitcoind.kill()
            shutil.rmtree(bitcoind.datadir)
            shutil.copytree(tmp_path / "copy", bitcoind.datadir)
            bitcoind.start()

            await daemon.wait_for(waiting="the node is behind")
            assert (await daemon.get("/readyz"))[0] == 503
            for each in raw[:3]:
                assert bitcoind.call("submitblock", each) is None
            assert "our tip is block 9" in (await daemon.wait_for(waiting="the node is behind"))["waiting"]
            assert bitcoind.call("submitblock", raw[3]) is None

            await daemon.wait_for(lost[-1])
            assert await reorganisations(daemon) == 0
            await daemon.wait_for((await mined(bitcoind, 1, b"/F2Pool/"))[-1])
            assert await reorganisations(daemon) == 0
    assert not [line for line in log if line["event"] == "reorganisation"]
    assert [line for line in log if "the node is behind" in line.get("reason", "")]


async def test_an_invalidated_block_is_left_for_another_one(bitcoind: Bitcoind, tmp_path: Path) -> None:
    blocks = await mined(bitcoind, 5, b"/ViaBTC/")
    async with inside(settings(bitcoind, tmp_path)) as daemon:
        await daemon.wait_for(blocks[-1])
        bitcoind.call("invalidateblock", blocks[3])
        await daemon.wait_for(waiting="the node is behind")
        assert await reorganisations(daemon) == 0
        rival = (await mined(bitcoind, 1, b"/AntPool/"))[-1]
        await daemon.wait_for(rival)
        assert await reorganisations(daemon) == 1
