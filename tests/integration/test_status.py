"""`pool-monitor status`, in a real terminal, of a real daemon."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer
from pydantic import SecretStr
from support.daemon import Inside, environment, inside
from support.forked import POOL_MONITOR, run
from support.services import PATIENCE, free_port
from support.terminal import Terminal

from monitor.cli.demo_daemon import signatures_of
from monitor.cli.status.client import Choice, Client
from monitor.config import Config
from monitor.embedded import EmbeddedNode
from monitor.errors import PoolMonitorError
from monitor.model import PoolSlug
from monitor.registry.loading import load_pools

FOUNDRY, ANTPOOL, VIABTC = PoolSlug("foundryusa"), PoolSlug("antpool"), PoolSlug("viabtc")
SHOW_CURSOR, LEAVE_SCREEN = b"\x1b[?25h", b"\x1b[?1049l"


@pytest.fixture
async def node() -> AsyncIterator[EmbeddedNode]:
    """Sixteen blocks of two pools."""
    async with EmbeddedNode(signatures=signatures_of(load_pools("main"))) as node:
        node.mine(FOUNDRY, time=1_700_000_000)
        for _ in range(5):
            node.mine(FOUNDRY)
            node.mine(ANTPOOL)
            node.mine(FOUNDRY)
        yield node


@pytest.fixture
def config(node: EmbeddedNode, tmp_path: Path) -> Config:
    return Config.model_validate({
        "node": {"url": node.url, "cookie_file": node.cookie_file, "poll_seconds": 0.2},
        "store": {"url": f"sqlite:///{tmp_path / 'blocks.sqlite'}"},
        "web": {"port": free_port()},
    })  # fmt: skip


@pytest.fixture
async def daemon(node: EmbeddedNode, config: Config) -> AsyncIterator[Inside]:
    async with inside(config) as daemon:
        await daemon.wait_for(node.tip.hash)
        yield daemon


def terminal(url: str, *options: str, columns: int = 160, lines: int = 40) -> Terminal:
    command = [*POOL_MONITOR, "status", "--url", url, *options]
    exported = {"COLUMNS": "80", "LINES": "24"}  # as by a shell, or by readline: not the size of the terminal
    return Terminal(command, environment() | exported, columns=columns, lines=lines)


async def piped(url: str, *options: str) -> str:
    done = await asyncio.to_thread(run, "status", "--url", url, *options, environment=environment())
    return done.stdout + done.stderr


# -- the screen --------------------------------------------------------------------------------------------------------


async def test_the_screen_follows_the_chain(daemon: Inside, node: EmbeddedNode) -> None:
    async with terminal(daemon.url, "--watch") as screen:
        await screen.shows("block 16 by Foundry USA", "Shares by pool", "Concentration by pool", "  tag  ", "quit")

        node.mine(VIABTC)

        await screen.shows("block 17 by ViaBTC")


async def test_a_block_that_is_lost_is_marked(daemon: Inside, node: EmbeddedNode) -> None:
    async with terminal(daemon.url, "--watch") as screen:
        await screen.shows("block 16")
        node.reorg(1, VIABTC)
        await screen.shows("block 17 by ViaBTC", "NOT COUNTED")


async def test_keys_choose_level_and_window(daemon: Inside) -> None:
    async with terminal(daemon.url, "--watch", "--window", "7d") as screen:
        await screen.shows("Shares by pool: 7d")
        screen.press("w")
        await screen.shows("Shares by pool: 30d")
        screen.press("ll")
        await screen.shows("Shares by operator: 30d", "Foundry Digital")


async def test_it_fits_another_size(daemon: Inside) -> None:
    async with terminal(daemon.url, "--watch", columns=170, lines=45) as screen:
        await screen.shows("quit")
        screen.resize(columns=80, lines=40)
        shown = await screen.shows("Newest blocks", last=" q  quit")
        assert len(shown.splitlines()) == 40

        screen.resize(columns=30, lines=8)
        assert "Traceback" not in await screen.shows("ready", "quit")


@pytest.mark.parametrize("key", ["q", "\x03", "\x1a"], ids=["q", "Ctrl-C", "Ctrl-Z"])
async def test_the_terminal_is_left_as_it_was(daemon: Inside, key: str) -> None:
    async with terminal(daemon.url, "--watch") as screen:
        await screen.shows("block 16")
        assert screen.modes() != screen.before
        screen.press(key)
        assert await screen.ends() == 0
        assert screen.modes() == screen.before
        assert LEAVE_SCREEN in screen.raw[-100:]
        assert SHOW_CURSOR in screen.raw[-100:]


async def test_it_outlives_a_restart_of_the_daemon(node: EmbeddedNode, config: Config) -> None:
    async with inside(config) as daemon:
        await daemon.wait_for(node.tip.hash)
        screen = terminal(daemon.url, "--watch")
        await screen.__aenter__()
        await screen.shows("block 16")
    try:
        await screen.shows("block 16", "no pool-monitor answers at")
        node.mine(ANTPOOL)
        async with inside(config):
            await screen.shows("block 17 by AntPool", but_not="no pool-monitor answers")
    finally:
        await screen.__aexit__()


async def test_without_a_daemon_there_is_a_sentence_and_no_screen() -> None:
    async with terminal(f"http://127.0.0.1:{free_port()}", "--watch") as screen:
        assert await screen.ends() == 1
        await screen.shows("no pool-monitor answers at")
        assert LEAVE_SCREEN not in screen.raw


# -- the text ----------------------------------------------------------------------------------------------------------


async def test_in_a_pipe_it_is_plain_text(daemon: Inside) -> None:
    said = await piped(daemon.url)

    assert "\x1b" not in said
    assert "block 16 by Foundry USA" in said
    assert "Newest blocks" in said


async def test_json_is_what_the_api_says(daemon: Inside) -> None:
    said = json.loads(await piped(daemon.url, "--json", "--level", "operator"))

    assert said["status"]["height"] == 16
    assert {one["level"] for one in said["shares"]} == {"operator"}
    assert {alert["rule"] for alert in said["alerts"]} >= {"pool_third", "two_pools_majority"}
    assert said["alerts"] == (await daemon.ask("/api/v1/alerts"))["alerts"]


async def test_it_goes_back_to_an_earlier_block(daemon: Inside) -> None:
    said = await piped(daemon.url, "--at", "4")
    assert "As of block 4, 2023-11-14" in said
    assert "windows end there" in said
    assert "pool_third" not in said, "alerts are of now"

    found = json.loads(await piped(daemon.url, "--json", "--at", "4"))
    assert found["as_of"]["height"] == found["blocks"][0]["height"] == found["shares"][0]["blocks"] == 4
    assert "nothing is stored of that time" in await piped(daemon.url, "--at", "99")
    assert "use a height, as in 900000, or a day" in await piped(daemon.url, "--at", "yesterday")
    assert "an earlier block does not change" in await piped(daemon.url, "--at", "4", "--watch")


async def test_what_does_not_exist_is_named(daemon: Inside) -> None:
    assert "choose one of: pool, template, operator, origin, country" in await piped(daemon.url, "--level", "planet")
    assert "choose one of: 24h, 3d" in await piped(daemon.url, "--window", "5m")


async def test_a_token_is_asked_for_and_used(config: Config) -> None:
    guarded = config.model_copy(update={"web": config.web.model_copy(update={"token": SecretStr("sesame")})})
    async with inside(guarded) as daemon:
        async with Client(config, daemon.url) as stranger:
            with pytest.raises(PoolMonitorError, match="requires a token"):
                await stranger.ask(Choice())
        async with Client(guarded, daemon.url) as friend:
            assert (await friend.ask(Choice())).status["version"]


async def test_what_is_no_pool_monitor_is_told_apart(node: EmbeddedNode, config: Config) -> None:
    async with Client(config, node.url) as client:
        with pytest.raises(PoolMonitorError, match=r"answered HTTP 40\d|requires a token"):
            await client.ask(Choice())


@pytest.mark.parametrize("answer", [{}, {"other": 1}, [], ["summary"], "summary", 7, None])
async def test_another_program_that_answers_everything_is_none_either(answer: object) -> None:
    async def show(_request: web.BaseRequest) -> web.Response:
        return web.json_response(answer)

    async with RawTestServer(show) as other, Client(Config(), str(other.make_url("/"))) as client:
        for asked in (
            client.ask(Choice()), client.read("nodes", has="summary"), client.entity("CN", Choice("origin")),
        ):  # fmt: skip
            with pytest.raises(PoolMonitorError, match="no pool-monitor answers at"):
                await asked


async def test_watched_in_a_pipe_each_change_is_a_line_of_json(daemon: Inside, node: EmbeddedNode) -> None:
    watching = await asyncio.create_subprocess_exec(
        sys.executable, "-u", *POOL_MONITOR[1:], "status", "--watch", "--json", "--url", daemon.url,
        env=environment(), stdout=asyncio.subprocess.PIPE, limit=2**20,
    )  # fmt: skip
    try:
        assert (await line(watching))["status"]["height"] == 16
        node.mine(VIABTC)
        while (await line(watching))["status"]["height"] < 17:
            pass
    finally:
        watching.terminate()
        await watching.wait()


async def line(process: asyncio.subprocess.Process) -> Any:  # noqa: ANN401 -- JSON is whatever it is
    assert process.stdout
    return json.loads(await asyncio.wait_for(process.stdout.readline(), 10 * PATIENCE))
