"""Below a path, and for pages of other origins."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import ValidationError
from support.daemon import Inside, following
from support.outbox import alert
from yarl import URL

from monitor.alerts.delivery.messages import alerts_address
from monitor.alerts.receivers import page_address
from monitor.cli.demo_daemon import signatures_of
from monitor.config import Config, WebSection
from monitor.embedded import EmbeddedNode
from monitor.model import PoolSlug
from monitor.registry.loading import load_pools

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS, OTHERS = "https://dashboard.example.org", "https://evil.example"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def daemon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Inside]:
    folder: Path = tmp_path_factory.mktemp("elsewhere")
    async with EmbeddedNode(network="main", signatures=signatures_of(load_pools("main"))) as node:
        node.mine(PoolSlug("antpool"), time=1_700_000_000)
        async with following(node, folder, web={"port": 0, "base_path": "/a/pools", "cors_origins": [OURS]}) as daemon:
            yield daemon


async def test_all_paths_work_below_a_path_and_without_it(daemon: Inside) -> None:
    for path in ("/", "/pool/antpool", "/entity/origin/CN", "/api/v1/status", "/metrics", "/readyz", "/feed.atom"):
        below = await daemon.get(f"/a/pools{path}")
        assert below[:2] == (await daemon.get(path))[:2]
        assert below[0] == 200
    async with daemon.session.get(f"{daemon.url}/a/pools?window=24h", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (308, "/a/pools/?window=24h")
    assert (await daemon.get("/a/poolside"))[0] == 404


@pytest.mark.parametrize("path", ["//evil.example/feed.atom", "//[::1", "//evil.example:99999/", "///"])
async def test_a_path_below_another_is_never_read_as_the_name_of_a_server(daemon: Inside, path: str) -> None:
    async with daemon.session.get(URL(f"{daemon.url}/a/pools{path}", encoded=True)) as response:
        assert response.status == 404


async def test_a_query_string_is_passed_on_as_it_is(daemon: Inside) -> None:
    asked = URL(f"{daemon.url}/a/pools?entity=a%26b&x=%0d%0aX:1", encoded=True)
    async with daemon.session.get(asked, allow_redirects=False) as response:
        assert response.headers["Location"] == "/a/pools/?entity=a%26b&x=%0d%0aX:1"
    embedded = URL(f"{daemon.url}/embed/history?metric=shares&entity=a%26b", encoded=True)
    async with daemon.session.get(embedded) as response:
        assert "metric=shares&amp;entity=a%26b" in await response.text()


async def test_a_browser_finds_an_icon_whatever_it_opens(daemon: Inside) -> None:
    status, content_type, body = await daemon.get("/favicon.ico")
    assert (status, content_type) == (200, "image/svg+xml; charset=utf-8")
    assert b"<svg" in body
    assert b'<link rel="icon" href="../favicon.ico">' in (await daemon.get("/embed/history?metric=hhi"))[2]


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2106-01-01", "9999-12-31"])
@pytest.mark.parametrize("path", ["/", "/pool/antpool", "/entity/origin/CN"])
async def test_a_range_with_days_that_no_block_has_is_left_out(daemon: Inside, path: str, day: str) -> None:
    status, _, body = await daemon.get(f"{path}?from={day}&to={day}")
    asked = body.decode().partition("api/v1/history?")[2].partition('"')[0]
    assert (status, "to=" in asked, day in asked) == (200, False, False)
    assert "incomplete=true" in asked


@pytest.mark.parametrize(
    "path", ["/", "/claims", "/pool/antpool", "/entity/origin/CN", "/entity/template/own", "/nodes"]
)
async def test_no_page_has_an_address_that_begins_at_the_root(daemon: Inside, path: str) -> None:
    body = (await daemon.get(path))[2].decode()
    assert re.findall(r'\s(?:href|src|action|data-\w+)="/[^"]*"', body) == []
    assert '"' in body


async def test_absolute_links_have_the_path(daemon: Inside) -> None:
    assert f"{daemon.url}/a/pools/".encode() in (await daemon.get("/a/pools/feed.atom"))[2]
    named = (await daemon.get("/feed.atom", **{"X-Forwarded-Prefix": "/home/"}))[2]
    assert f"{daemon.url}/home/".encode() in named
    forged = (await daemon.get("/feed.atom", **{"X-Forwarded-Prefix": '/"><script>'}))[2]
    assert b"script" not in forged


async def test_the_link_of_an_alert_leads_to_its_page(daemon: Inside) -> None:
    config = Config.model_validate({"web": {"base_path": "/a/pools"}})
    link = alerts_address(page_address(config, daemon.url), [alert()])
    assert link == f"{daemon.url}/a/pools/alerts#alert-majority"
    async with daemon.session.get(link) as response:
        assert response.status == 200
        assert "<h1>Alerts</h1>" in await response.text()


async def test_pages_of_known_origins_may_read_the_api_and_nothing_else(daemon: Inside) -> None:
    for path, origin, allowed in (
        ("/api/v1/status", OURS, True), ("/api/v1/history?step=x", OURS, True), ("/metrics", OURS, True),
        ("/healthz?x=1", OURS, True), ("/api/v1/status", OTHERS, False), ("/api/v1/status", "null", False),
        ("/", OURS, False),
    ):  # fmt: skip
        async with daemon.session.get(daemon.url + path, headers={"Origin": origin}) as response:
            found = response.headers.get("Access-Control-Allow-Origin")
            assert found == (origin if allowed else None), path
            if path.startswith("/api"):
                assert "Origin" in response.headers["Vary"]
    async with daemon.session.options(f"{daemon.url}/api/v1/status", headers={"Origin": OURS}) as response:
        assert response.status == 204
        assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    async with daemon.session.options(f"{daemon.url}/api/v1/status", headers={"Origin": OTHERS}) as response:
        assert response.status == 405


async def test_health_checks_take_any_parameter(daemon: Inside) -> None:
    for path in ("/healthz?x=1", "/readyz?_=1732900000"):
        assert (await daemon.get(path))[0] == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_path": "/pools/"}, {"base_path": "pools"}, {"base_path": "/"}, {"base_path": "/a b"},
        {"base_path": "/.."}, {"base_path": "/a/../b"}, {"base_path": "/."}, {"base_path": "//evil.example"},
        {"base_path": "/a%2fb"}, {"cors_origins": ["https://*.example.org"]}, {"cors_origins": ["https://A.example"]},
        {"cors_origins": ["null"]},
        {"cors_origins": ["dashboard.example.org"]}, {"cors_origins": ["https://a.example/path"]},
    ],
)  # fmt: skip
async def test_what_is_no_path_or_origin_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="must look like"):
        WebSection.model_validate(wrong)
