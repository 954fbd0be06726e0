"""`check` writes nothing, and recognises a daemon that runs already."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from support.daemon import inside

from monitor.cli.check.finding import Finding, Grade
from monitor.cli.check.findings import check
from monitor.config import Config
from monitor.embedded import EmbeddedNode
from monitor.store.store import Store


@pytest.fixture
async def node() -> AsyncIterator[EmbeddedNode]:
    """A node with one block."""
    async with EmbeddedNode() as node:
        node.mine()
        yield node


def settings(node: EmbeddedNode, folder: Path, port: int = 0) -> Config:
    about: dict[str, Any] = {
        "node": {"url": node.url, "cookie_file": node.cookie_file},
        "store": {"url": f"sqlite:///{folder / 'blocks.sqlite'}"},
        "web": {"port": port},
    }
    return Config.model_validate(about)


def port(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


async def found(config: Config) -> list[Finding]:
    return [each async for each in check(config)]


def said(findings: list[Finding]) -> str:
    return "\n".join(each.what for each in findings)


async def test_a_first_start_is_checked_without_making_a_database(node: EmbeddedNode, tmp_path: Path) -> None:
    findings = await found(settings(node, tmp_path / "not yet"))
    assert "There is no database yet: the daemon makes it." in said(findings)
    assert not any(each.grade is Grade.BAD for each in findings)
    assert [*tmp_path.iterdir()] == []


async def test_what_a_daemon_that_has_ended_left_is_not_touched(node: EmbeddedNode, tmp_path: Path) -> None:
    config = settings(node, tmp_path)
    async with await Store.open(config.store.url):
        pass
    before = {each.name: each.stat().st_mtime_ns for each in tmp_path.iterdir()}
    assert "The database opens and holds no block yet." in said(await found(config))
    assert {each.name: each.stat().st_mtime_ns for each in tmp_path.iterdir()} == before


async def test_where_the_database_cannot_be_made_is_said(node: EmbeddedNode, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    [bad] = [each for each in await found(settings(node, tmp_path / "file")) if each.grade is Grade.BAD]
    assert f"{tmp_path / 'file'} cannot be written (not a folder)" in bad.what


@pytest.mark.parametrize("same_database", [True, False])
async def test_a_running_daemon_is_recognised_also_with_another_database(
    node: EmbeddedNode, tmp_path: Path, *, same_database: bool
) -> None:
    """A daemon that a service manager started has its database elsewhere than a command in a shell."""
    async with inside(settings(node, tmp_path / "daemon")) as daemon:
        config = settings(node, tmp_path / ("daemon" if same_database else "shell"), port(daemon.url))
        findings = await found(config)
        assert f"The address 127.0.0.1:{port(daemon.url)} is used by the running daemon." in said(findings)
        assert ("is used by a running daemon" in said(findings)) is same_database
        assert not any(each.grade is Grade.BAD for each in findings)
    assert [each.name for each in tmp_path.iterdir()] == ["daemon"]


async def test_another_program_at_the_address_is_no_daemon(node: EmbeddedNode, tmp_path: Path) -> None:

    async def readyz(_request: web.Request) -> web.Response:
        return web.json_response({"ready": True})

    app = web.Application()
    app.router.add_get("/readyz", readyz)
    async with TestServer(app, host="127.0.0.1") as server:
        [bad] = [
            each
            for each in await found(settings(node, tmp_path, port(str(server.make_url("")).rstrip("/"))))
            if each.grade is Grade.BAD
        ]
    assert bad.what.startswith("Cannot listen on 127.0.0.1:")
