"""What other pages and programs take: tables as CSV, embedded charts and badges, with policies of their own."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from support.daemon import Inside, following

from monitor.cli.demo_daemon import signatures_of
from monitor.embedded import EmbeddedNode
from monitor.model import PoolSlug
from monitor.registry.loading import load_pools

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOUNDRY, ANTPOOL = PoolSlug("foundryusa"), PoolSlug("antpool")
START = 1_700_000_000


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def daemon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Inside]:
    folder: Path = tmp_path_factory.mktemp("shared")
    async with EmbeddedNode(network="main", signatures=signatures_of(load_pools("main"))) as node:
        node.mine(FOUNDRY, time=START)
        for pool in (ANTPOOL, FOUNDRY) * 15:
            node.mine(pool)
        async with following(node, folder, windows=["24h", "20b"]) as daemon:
            yield daemon


@pytest.mark.parametrize(
    ("path", "column"),
    [
        ("/api/v1/shares?window=20b", "entity"),
        ("/api/v1/shares/now?level=template", "entity"),
        ("/api/v1/concentration?level=pool", "split.nakamoto"),
        ("/api/v1/changes?", ""),
        ("/api/v1/unknown?", ""),
        ("/api/v1/pools?", "slug"),
        ("/api/v1/entities/origin/CN?window=20b", "pool_slug"),
        (f"/api/v1/history?metric=shares&window=1h&step=1h&from={START}&entity=antpool", "antpool.upper"),
    ],
)
async def test_a_table_is_csv_too_and_says_what_it_is(daemon: Inside, path: str, column: str) -> None:
    status, content_type, body = await daemon.get(f"{path}&format=csv")
    assert (status, content_type) == (200, "text/csv; charset=utf-8")
    source, *rows = body.decode().splitlines()
    assert source.startswith(f"# pool-monitor {path.removesuffix('?')}, as of block 31 (2023-11-")
    assert "95 % intervals" in source
    found = list(csv.DictReader(rows))
    if column:
        assert found[0][column]
        assert (await daemon.get(path))[1].startswith("application/json")


async def test_a_badge_has_its_number_and_interval(daemon: Inside) -> None:
    for path, label in (
        ("hhi.svg?window=20b", "HHI of pools, 20b"),
        ("nakamoto.svg?level=template&window=20b", "Nakamoto coefficient of template builders, 20b"),
        ("share.svg?entity=antpool&window=20b", "AntPool, 20b"),
    ):
        async with daemon.session.get(f"{daemon.url}/badge/{path}") as response:
            assert response.headers["Content-Type"].startswith("image/svg+xml")
            assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
            root = ET.fromstring(await response.text())  # noqa: S314 -- our own
        assert root.attrib["aria-label"].startswith(f"{label}: ")
        assert "(" in root.attrib["aria-label"]
    for path, status in (("share.svg", 404), ("share.svg?entity=nobody", 404), ("gini.svg", 400), ("hhi.svg?x=1", 400)):
        assert (await daemon.get(f"/badge/{path}"))[0] == status


async def test_only_what_is_for_frames_may_be_framed(daemon: Inside) -> None:
    for path, framed in (
        ("/embed/history?metric=hhi&window=1h", True), ("/", False), ("/claims", False), ("/search?q=a", False),
        ("/entity/origin/CN", False), ("/api/v1/status", False), ("/metrics", False), ("/nothing", False),
    ):  # fmt: skip
        async with daemon.session.get(daemon.url + path) as response:
            policy = response.headers["Content-Security-Policy"]
            assert ("frame-ancestors *" in policy) is framed, path
            assert ("frame-ancestors 'none'" in policy) is not framed, path
            assert (response.headers.get("X-Frame-Options") is None) or not framed, path


async def test_a_drawing_is_well_formed_in_each_theme_and_width(daemon: Inside) -> None:
    asked = "/chart/history.svg?window=1h&step=1h&incomplete=true"
    for more in ("", "&metric=nakamoto", "&metric=shares", "&metric=shares&entity=antpool,foundryusa", "&metric=gini"):
        for theme in ("auto", "light", "dark", "page"):
            status, content_type, body = await daemon.get(f"{asked}{more}&theme={theme}&width=320")
            assert (status, content_type) == (200, "image/svg+xml; charset=utf-8")
            ET.fromstring(body)  # noqa: S314 -- our own
            assert b"var(" not in body
            assert (b"<style>" in body) is (theme != "page")
    assert (await daemon.get(f"{asked}&metric=shares&entity=nobody"))[0] == 404
    assert (await daemon.get(f"{asked}&width=1"))[0] == 400
    assert (await daemon.get(f"{asked}&theme=pink"))[0] == 400
